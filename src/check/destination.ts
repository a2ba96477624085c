import { randomBytes } from "node:crypto";
import type { Configuration } from "../config/schema.ts";
import { resourceOf } from "../mapping/resource.ts";
import type { Attempt, Clock, Destination, LogRecord } from "../model.ts";
import type { Finding } from "./finding.ts";

/** The destination, asked without a record where that can be done. */
export async function checkDestination(destination: Destination, signal: AbortSignal): Promise<Finding> {
  const subject = `${destination.name} ${destination.description}`;
  const found = { id: "destination", level: "ok", subject } as const;
  if (destination.name === "stdout") return { ...found, what: "Nothing to reach: records go to standard output." };
  const isFile = destination.name === "file";
  const attempt = await destination.probe(signal);
  // Only an empty request was not to its liking.
  if (attempt.status === "accepted" || (attempt.status === "refused" && attempt.fault === "payload")) {
    return { ...found, what: isFile ? "It can be written." : "It answers, and takes the credentials." };
  }
  const remedy = "Make the folder, and let this user write there; look whether the disk is full.";
  if (isFile) return { id: "destination", level: "fail", subject, what: `${attempt.cause.message}.`, remedy };
  return { id: "destination", level: "fail", subject, ...inWords(attempt) };
}

export interface TestRecordOptions {
  readonly destination: Destination;
  readonly configuration: Configuration;
  readonly version: string;
  readonly clock: Clock;
}

/** Sends one record that nobody can take for Slack's, and tells what became of it. */
export async function sendTestRecord(options: TestRecordOptions, signal: AbortSignal): Promise<Finding> {
  const { destination, clock } = options;
  const record = testRecord(options);
  const startMs = clock.monotonic();
  const attempt = await destination.send([record], signal);
  const subject = `${destination.name} ${destination.description}`;
  if (attempt.status !== "accepted") return { id: "test_record", level: "fail", subject, ...inWords(attempt) };
  const took = `${Math.round(clock.monotonic() - startMs)} ms`;
  if (attempt.rejected > 0) {
    return {
      id: "test_record",
      level: "fail",
      subject,
      what: `It answered after ${took}, but rejected the record: ${attempt.message ?? "no reason given"}.`,
      remedy: "Look at the destination's own log for the reason.",
    };
  }
  return {
    id: "test_record",
    level: "ok",
    subject,
    what: `Accepted after ${took}: log.record.uid ${record.uid}, event name slack.check.`,
    remedy: "Search for that uid: it shows how long a record takes to be found, and what it looks like there.",
  };
}

function testRecord({ configuration, version, clock }: TestRecordOptions): LogRecord {
  const uid = randomBytes(16).toString("hex");
  const nowMs = clock.now();
  const time: [number, number] = [Math.floor(nowMs / 1_000), (nowMs % 1_000) * 1e6];
  const { "slack.team.id": _none, ...attributes } = resourceOf("check/", configuration.resource).attributes;
  return {
    uid,
    identity: { key: uid, version: "", mark: 0 },
    log: {
      hrTime: time,
      hrTimeObserved: time,
      severityNumber: 9,
      eventName: "slack.check",
      body: { test: true, text: "A test record of slack-otel check --send. Nothing happened in Slack." },
      attributes: { "log.record.uid": uid, "slack.method": "slack-otel check" },
      droppedAttributesCount: 0,
      resource: { attributes } as LogRecord["log"]["resource"],
      instrumentationScope: { name: "slack-otel", version },
    },
    sizeBytes: 1_000,
  };
}

function inWords(attempt: Exclude<Attempt, { status: "accepted" }>): Pick<Finding, "what" | "remedy"> {
  const { message } = attempt.cause;
  if (attempt.status === "retry") {
    if (attempt.escalate === "configuration") {
      return {
        what: `Something answers that is not the receiver: ${message}.`,
        remedy: "Check the address, and any proxy or sign-in page in between.",
      };
    }
    const remedy = message.startsWith("HTTP")
      ? "Check again; run waits as long as it takes, and loses nothing. If it stays so, look at the destination's own log."
      : "Look whether something listens there and whether this machine reaches it: address, port, DNS, firewall, HTTPS_PROXY, certificate.";
    return { what: `No answer that counts: ${message}.`, remedy };
  }
  switch (attempt.fault) {
    case "credentials":
      return {
        what: `It refuses the credentials: ${message}.`,
        remedy: "Mend the key, token or header of the destination; for Datadog, the site as well.",
      };
    case "configuration":
      return {
        what: `It does not know this request: ${message}.`,
        remedy: "Check the address: an OTLP endpoint is a base URL, to which /v1/logs is appended.",
      };
    case "payload":
      return {
        what: `It refuses the content: ${message}.`,
        remedy: "Check that the address is that of the logs, and try the other encoding.",
      };
    default:
      return attempt satisfies never;
  }
}
