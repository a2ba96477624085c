import type { HttpAnswer } from "../../src/http.ts";
import { decodeRequest, toPlain, uidOf, type DecodedRecord } from "../support/otlp-decoder.ts";
import type { Schedule } from "./schedule.ts";

/** A record as it arrived, or as it was set aside. */
export interface Arrival {
  readonly uid: string;
  /** Slack's method, and whose log it is. */
  readonly stream: string;
  /** The body as JSON, its keys in their order. */
  readonly text: string;
  /** The record's own time, as it stands on the wire. */
  readonly time: string;
  /** The time that the destination goes by, which is another where the record's own is too old for it. */
  readonly stamp: string;
  /** It tells of a hole in what is covered, and is no entry of Slack's. */
  readonly isHole: boolean;
}

const HOLE = "slack.coverage.hole";

/** How a destination is spoken to. */
export interface Protocol {
  /** A request is no unit: what stands before a culprit is taken, and the answer says which one that is. */
  readonly indexed: boolean;
  read(body: Uint8Array, contentType: string): Arrival[];
  /** `ackId`: what the acknowledgement is to be asked for by. */
  answer(contentType: string, rejected: number, ackId?: number): HttpAnswer;
  failure(contentType: string, status: number, message: string, headers?: Record<string, string>): HttpAnswer;
  poisoned(contentType: string, index: number): HttpAnswer;
  busy(taken: number): HttpAnswer;
}

export function reply(status: number, body: string | Uint8Array, headers: Record<string, string>): HttpAnswer {
  return { kind: "answer", status, headers, body: Buffer.from(body as string) };
}

const otlp: Protocol = {
  indexed: false,
  read: (body, contentType) => decodeRequest(contentType, body).map(arrivalOf),
  answer(contentType, rejected) {
    const headers = { "content-type": contentType };
    if (contentType === "application/json") {
      const partial = { partialSuccess: { rejectedLogRecords: String(rejected), errorMessage: "some did not fit" } };
      return reply(200, JSON.stringify(rejected === 0 ? {} : partial), headers);
    }
    // ExportLogsServiceResponse.partial_success.rejected_log_records
    return reply(200, rejected === 0 ? "" : Uint8Array.of(0x0a, 0x02, 0x08, rejected), headers);
  },
  failure: (_contentType, status, message, headers = {}) =>
    reply(status, message, { ...headers, "content-type": "text/plain" }),
  poisoned: (contentType) => otlp.failure(contentType, 400, "a record cannot be read"),
  busy: () => otlp.failure("", 503, "busy"),
};

function arrivalOf(record: DecodedRecord): Arrival {
  const owner = record.resource.get("slack.enterprise.id") ?? record.resource.get("slack.team.id");
  return {
    uid: uidOf(record),
    stream: streamOf(record.attributes.get("slack.method"), owner),
    text: JSON.stringify(toPlain(record.body)),
    time: ownTimeOf(record),
    stamp: String(record.timeUnixNano),
    isHole: record.eventName === HOLE,
  };
}

/** What was too old and sent with the present time has its own beside it. */
function ownTimeOf({ timeUnixNano, attributes }: DecodedRecord): string {
  const own = attributes.get("slack.time.original");
  return typeof own === "string" ? nanosOf(own) : String(timeUnixNano);
}

/** Of an RFC 3339 time in UTC. */
function nanosOf(text: string): string {
  const [whole = "", fraction = ""] = text.replace("Z", "").split(".");
  return `${Date.parse(`${whole}Z`) / 1000}${fraction.padEnd(9, "0")}`;
}

/** Of an organisation there is one log each of activities and audit entries, whose records name workspaces themselves. */
function streamOf(method: unknown, owner: unknown): string {
  const isOnlyOne = method === "audit.logs" || method === "admin.apps.activities.list";
  return isOnlyOne ? method : `${String(method)} ${String(owner)}`;
}

const hec: Protocol = {
  indexed: true,
  read: (body) => Buffer.from(body).toString().split("\n").map(eventOf),
  answer: (_contentType, _rejected, ackId) => hecAnswer(200, 0, "Success", ackId === undefined ? {} : { ackId }),
  failure: (_contentType, status, message, headers = {}) =>
    status === 429 || status === 503
      ? hecAnswer(status, 9, message, {}, headers)
      : reply(status, message, { ...headers, "content-type": "text/plain" }),
  poisoned: (_contentType, index) => hecAnswer(400, 6, "Invalid data format", { "invalid-event-number": index }),
  busy: (taken) => hecAnswer(503, 9, "Server is busy", { "invalid-event-number": taken }),
};

function hecAnswer(status: number, code: number, text: string, more = {}, headers = {}): HttpAnswer {
  return reply(status, JSON.stringify({ text, code, ...more }), { ...headers, "content-type": "application/json" });
}

interface HecEvent {
  readonly time: number;
  readonly event: unknown;
  readonly fields: Readonly<Record<string, unknown>>;
}

function eventOf(line: string): Arrival {
  const { time, event, fields } = JSON.parse(line) as HecEvent;
  const owner = fields["slack.enterprise.id"] ?? fields["slack.team.id"];
  return {
    uid: String(fields["log.record.uid"]),
    stream: streamOf(fields["slack.method"], owner),
    text: JSON.stringify(event),
    time: String(time),
    stamp: String(time),
    isHole: fields["otel.log.name"] === HOLE,
  };
}

/** Datadog's Logs API v2: an array that is taken or refused as a whole. */
const v2: Protocol = {
  indexed: false,
  read: (body) => (JSON.parse(Buffer.from(body).toString()) as DatadogLog[]).map(arrivalOfLog),
  answer: () => reply(202, "{}", { "content-type": "application/json" }),
  failure: otlp.failure,
  poisoned: () => reply(400, '{"errors":[{"detail":"invalid log"}]}', { "content-type": "application/json" }),
  busy: otlp.busy,
};

type DatadogLog = Readonly<Record<string, string>>;

function arrivalOfLog(log: DatadogLog): Arrival {
  const { slack } = JSON.parse(log["message"] ?? "") as { readonly slack: { readonly entry: unknown } };
  const own = log["slack.time.original"];
  return {
    uid: String(log["log.record.uid"]),
    stream: streamOf(log["slack.method"], log["slack.enterprise.id"] ?? log["slack.team.id"]),
    text: JSON.stringify(slack.entry),
    time: own === undefined ? String(log["otel.timestamp"]) : nanosOf(own),
    stamp: String(log["otel.timestamp"]),
    isHole: log["otel.event_name"] === HOLE,
  };
}

export const PROTOCOLS: Readonly<Record<Schedule["destination"], Protocol>> = {
  otlp_protobuf: otlp,
  otlp_json: otlp,
  splunk_hec: hec,
  splunk_hec_ack: hec,
  datadog_otlp: otlp,
  datadog_v2: v2,
};
