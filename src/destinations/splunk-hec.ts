import { randomUUID } from "node:crypto";
import { z } from "zod";
import { byteSize, duration, httpUrl, secret } from "../config/fields.ts";
import type { Http, HttpAnswer, HttpFailure } from "../http.ts";
import type { Attempt, Clock, LogRecord, Secret, Send } from "../model.ts";
import { compress } from "../otlp/encode.ts";
import { tooLarge } from "../otlp/post.ts";
import { defineDestination } from "./destination-kind.ts";
import { revealHeaders } from "./reveal-headers.ts";
import { NO_DATA, outcomeOfAnswer } from "./splunk-hec-answer.ts";
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
    const post = createPost({
      http: client.http,
      url,
      token: settings.token,
      compression: settings.compression,
      timeoutMs: settings.timeout,
    });
    return {
      name: "splunk_hec",
      description: url,
      limits: { maxBytes: settings.max_bytes },
      send: createSend({ post, clock, events: { index, source, sourcetype, host }, maxBytes: settings.max_bytes }),
      async probe(signal) {
        const posted = await post("", signal);
        if ("status" in posted) return posted;
        const { attempt, code } = outcomeOfAnswer(posted.answer, { ...posted, events: 0, nowMs: clock.now() });
        // To a request without events "no data" is all the yes there is: a bad token is told first.
        return code === NO_DATA ? { status: "accepted", rejected: 0 } : attempt;
      },
      close: () => client.close(),
    };
  },
});

interface PostOptions {
  readonly http: Http;
  readonly url: string;
  readonly token: Secret;
  readonly compression: "gzip" | "none";
  readonly timeoutMs: number;
}

/** An answer, and what must not be quoted from it; or why nothing was sent. */
type Posted =
  | { readonly answer: HttpAnswer | HttpFailure; readonly secrets: readonly string[] }
  | Extract<Attempt, { status: "refused" }>;
type Post = (events: string | Uint8Array, signal: AbortSignal) => Promise<Posted>;

function createPost({ http, url, token, compression, timeoutMs }: PostOptions): Post {
  // A token with indexer acknowledgement refuses requests without a channel; other tokens do not mind one.
  const channel = randomUUID();
  return async (events, signal) => {
    const revealed = revealHeaders({ authorization: token });
    if (revealed.status === "refused") return revealed;
    const secret = revealed.headers["authorization"] ?? "";
    const isCompressed = compression !== "none" && typeof events !== "string";
    const body = isCompressed ? await compress(events, compression) : events;
    signal.throwIfAborted();
    const headers = {
      authorization: `Splunk ${secret}`,
      "x-splunk-request-channel": channel,
      "content-type": "application/json",
      ...(isCompressed ? { "content-encoding": compression } : {}),
    };
    const request = { method: "POST", url, headers, body, timeoutMs, maxBodyBytes: MAX_ANSWER_BYTES } as const;
    return { answer: await http(request, signal), secrets: [secret] };
  };
}

interface SendOptions {
  readonly post: Post;
  readonly clock: Pick<Clock, "now">;
  readonly events: EventDefaults;
  readonly maxBytes: number;
}

function createSend({ post, clock, events, maxBytes }: SendOptions): Send<Attempt> {
  // How much of a batch Splunk took before it was too busy for the rest. The next try sends the same array.
  const takenOf = new WeakMap<readonly LogRecord[], number>();
  return async (records, signal) => {
    signal.throwIfAborted();
    const skipped = takenOf.get(records) ?? 0;
    const rest = records.slice(skipped);
    const bytes = Buffer.from(rest.map((record) => toHecEvent(record, events)).join("\n"));
    if (bytes.length > maxBytes) return tooLarge(`${bytes.length} bytes before compression, the limit is ${maxBytes}`);
    const posted = await post(bytes, signal);
    if ("status" in posted) return posted;
    const { attempt, taken } = outcomeOfAnswer(posted.answer, { ...posted, events: rest.length, nowMs: clock.now() });
    if (taken > 0) takenOf.set(records, skipped + taken);
    return attempt.status === "refused" && attempt.fault === "payload" && attempt.at !== undefined
      ? { ...attempt, at: skipped + attempt.at }
      : attempt;
  };
}
