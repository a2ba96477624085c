import { randomUUID } from "node:crypto";
import { z } from "zod";
import { byteSize, duration, httpUrl, secret } from "../config/fields.ts";
import type { Http } from "../http.ts";
import type { Attempt, Clock, LogRecord, Secret, Send } from "../model.ts";
import { compress } from "../otlp/encode.ts";
import { tooLarge } from "../otlp/post.ts";
import { defineDestination } from "./destination-kind.ts";
import { revealHeaders } from "./reveal-headers.ts";
import { outcomeOfAnswer } from "./splunk-hec-answer.ts";
import { toHecEvent, type EventDefaults } from "./splunk-hec-event.ts";
import { readTls, tlsSettings } from "./tls.ts";

const PATH = "/services/collector/event";
const MAX_ANSWER_BYTES = 1024 * 1024;

const settings = z.strictObject({
  endpoint: httpUrl({ tls: "optional" }).describe(`Base URL of the HTTP Event Collector; ${PATH} is appended`),
  token: secret().describe("The HEC token"),
  index: z.string().min(1).optional().describe("Index of the events; without it, the token's"),
  source: z.string().min(1).optional().describe("Source of the events; without it, the token's"),
  sourcetype: z.string().min(1).optional().describe("Source type of the events; without it, the token's"),
  host: z.string().min(1).default("unknown").describe("Host of the events, where the resource names none"),
  compression: z.enum(["gzip", "none"]).default("gzip").describe("How requests are compressed"),
  // Splunk Cloud takes 1 MB.
  max_bytes: byteSize({ atLeast: 1_000 }).prefault("900kB").describe("Largest request, before compression"),
  timeout: duration({ atLeast: "1ms", atMost: "1h" }).prefault("30s").describe("Bound on one attempt"),
  ...tlsSettings,
});

export const splunkHec = defineDestination({
  summary: "Splunk's HTTP Event Collector",
  settings,
  async create(settings, { clock, proxy, createHttp }) {
    const tls = await readTls(settings);
    const client = createHttp({ tls, ...(proxy === undefined ? {} : { proxy }) });
    const url = `${settings.endpoint.replace(/\/+$/, "").replace(/\/services\/collector(\/event)?$/, "")}${PATH}`;
    const { index, source, sourcetype, host } = settings;
    return {
      name: "splunk_hec",
      description: url,
      limits: { maxBytes: settings.max_bytes },
      send: createSend({
        http: client.http,
        clock,
        url,
        token: settings.token,
        events: { index, source, sourcetype, host },
        compression: settings.compression,
        maxBytes: settings.max_bytes,
        timeoutMs: settings.timeout,
      }),
      close: () => client.close(),
    };
  },
});

interface SendOptions {
  readonly http: Http;
  readonly clock: Pick<Clock, "now">;
  readonly url: string;
  readonly token: Secret;
  readonly events: EventDefaults;
  readonly compression: "gzip" | "none";
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

function createSend({ http, clock, url, token, events, compression, maxBytes, timeoutMs }: SendOptions): Send<Attempt> {
  // A token with indexer acknowledgement refuses requests without a channel; other tokens do not mind one.
  const channel = randomUUID();
  // How much of a batch Splunk took before it was too busy for the rest. The next try sends the same array.
  const takenOf = new WeakMap<readonly LogRecord[], number>();
  return async (records, signal) => {
    signal.throwIfAborted();
    const skipped = takenOf.get(records) ?? 0;
    const rest = records.slice(skipped);
    const bytes = Buffer.from(rest.map((record) => toHecEvent(record, events)).join("\n"));
    if (bytes.length > maxBytes) return tooLarge(`${bytes.length} bytes before compression, the limit is ${maxBytes}`);
    const revealed = revealHeaders({ authorization: token });
    if (revealed.status === "refused") return revealed;
    const secret = revealed.headers["authorization"] ?? "";
    const body = await compress(bytes, compression);
    signal.throwIfAborted();
    const answer = await http(
      {
        method: "POST",
        url,
        headers: {
          authorization: `Splunk ${secret}`,
          "x-splunk-request-channel": channel,
          "content-type": "application/json",
          ...(compression === "none" ? {} : { "content-encoding": compression }),
        },
        body,
        timeoutMs,
        maxBodyBytes: MAX_ANSWER_BYTES,
      },
      signal,
    );
    const { attempt, taken } = outcomeOfAnswer(answer, { events: rest.length, nowMs: clock.now(), secrets: [secret] });
    if (taken > 0) takenOf.set(records, skipped + taken);
    return attempt.status === "refused" && attempt.fault === "payload" && attempt.at !== undefined
      ? { ...attempt, at: skipped + attempt.at }
      : attempt;
  };
}
