import { randomUUID } from "node:crypto";
import { z } from "zod";
import { byteSize, duration, httpUrl, secret } from "../config/fields.ts";
import type { Attempt, Clock, LogRecord, Send } from "../model.ts";
import { tooLarge } from "../otlp/post.ts";
import { connectionSettings, openConnection } from "./connection.ts";
import { defineDestination } from "./destination-kind.ts";
import { acknowledged } from "./splunk-hec-ack.ts";
import { NO_DATA, outcomeOfAnswer, type HecOutcome } from "./splunk-hec-answer.ts";
import { toHecEvent, type EventDefaults } from "./splunk-hec-event.ts";
import { createHecPost, type HecPost } from "./splunk-hec-post.ts";

const PATH = "/services/collector";

const settings = z.strictObject({
  endpoint: httpUrl({ tls: "optional" }).describe(`Base URL of the HTTP Event Collector; ${PATH}/event is appended`),
  token: secret().describe("The HEC token"),
  index: z.string().min(1).optional().describe("Index of the events; without it, the token's"),
  source: z.string().min(1).optional().describe("Source of the events; without it, the token's"),
  sourcetype: z.string().min(1).optional().describe("Source type of the events; without it, the token's"),
  host: z.string().min(1).default("unknown").describe("Host of the events, where the resource names none"),
  compression: z.enum(["gzip", "none"]).default("gzip").describe("How requests are compressed"),
  // Splunk Cloud takes 1 MB.
  max_bytes: byteSize({ atLeast: 1_000 }).prefault("900kB").describe("Largest request, before compression"),
  timeout: duration({ atLeast: "1ms", atMost: "1h" }).prefault("30s").describe("Bound on one request"),
  ack: z
    .boolean()
    .default(false)
    .describe("Wait for the indexer's acknowledgement; the token must have it (Enterprise)"),
  ack_interval: duration({ atLeast: "100ms", atMost: "5m" }).prefault("10s").describe("Between two questions at most"),
  // Splunk's own advice.
  ack_timeout: duration({ atLeast: "1s", atMost: "1h" })
    .prefault("5m")
    .describe("What is not acknowledged by then is sent again, with the same uids"),
  ...connectionSettings,
});

export const splunkHec = defineDestination({
  summary: "Splunk's HTTP Event Collector, with or without indexer acknowledgement",
  settings,
  async create(settings, dependencies) {
    const { clock } = dependencies;
    const client = await openConnection(settings, dependencies);
    const url = `${settings.endpoint.replace(/\/+$/, "").replace(/\/services\/collector(\/event)?$/, "")}${PATH}`;
    const { index, source, sourcetype, host } = settings;
    const post = createHecPost({
      http: client.http,
      url,
      token: settings.token,
      compression: settings.compression,
      timeoutMs: settings.timeout,
    });
    const sendEvents = createSendEvents({
      post,
      clock,
      events: { index, source, sourcetype, host },
      maxBytes: settings.max_bytes,
    });
    const acks = acknowledged({
      post,
      sendEvents,
      clock,
      intervalMs: settings.ack_interval,
      timeoutMs: settings.ack_timeout,
    });
    const channel = randomUUID();
    /** A busy Splunk may take the head of a batch. */
    const sendPart: Send<Attempt> = async (records, signal) => {
      const { attempt, taken } = await sendEvents(records, channel, signal);
      return attempt.status === "retry" && taken > 0 ? { ...attempt, taken } : attempt;
    };
    return {
      name: "splunk_hec",
      description: `${url}/event`,
      limits: { maxBytes: settings.max_bytes },
      send: settings.ack ? acks.send : sendPart,
      async probe(signal) {
        const posted = await post({ to: "event", body: "", channel }, signal);
        if ("status" in posted) return posted;
        const { attempt, code } = outcomeOfAnswer(posted.answer, { ...posted, events: 0, nowMs: clock.now() });
        // To a request without events "no data" is all the yes there is: a bad token is told first.
        const isThere = code === NO_DATA || attempt.status === "accepted";
        if (isThere && settings.ack) return acks.probe(signal);
        return isThere ? { status: "accepted", rejected: 0 } : attempt;
      },
      close: () => client.close(),
    };
  },
});

interface SendOptions {
  readonly post: HecPost;
  readonly clock: Pick<Clock, "now">;
  readonly events: EventDefaults;
  readonly maxBytes: number;
}

function createSendEvents({ post, clock, events, maxBytes }: SendOptions) {
  return async (records: readonly LogRecord[], channel: string, signal: AbortSignal): Promise<HecOutcome> => {
    signal.throwIfAborted();
    const bytes = Buffer.from(records.map((record) => toHecEvent(record, events)).join("\n"));
    if (bytes.length > maxBytes) {
      const message = `${bytes.length} bytes before compression, the limit is ${maxBytes}`;
      return { attempt: tooLarge(message), taken: 0 };
    }
    const posted = await post({ to: "event", body: bytes, channel }, signal);
    if ("status" in posted) return { attempt: posted, taken: 0 };
    return outcomeOfAnswer(posted.answer, { ...posted, events: records.length, nowMs: clock.now() });
  };
}
