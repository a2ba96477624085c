import type { Http } from "../http.ts";
import type { Attempt, Clock, LogRecord, Secret, Send } from "../model.ts";
import { revealHeaders } from "../destinations/reveal-headers.ts";
import { attemptOfAnswer } from "./answer.ts";
import { compress, serialize, type Compression, type Encoding } from "./encode.ts";

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface PostOptions {
  readonly http: Http;
  readonly clock: Pick<Clock, "now">;
  readonly url: string;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly encoding: Encoding;
  readonly compression: Compression;
  readonly timeoutMs: number;
  /** The receiver's limit, before compression: what is larger is refused unsent. */
  readonly maxBytes?: number;
  /** The configured batch: more than one record over it is refused unsent, so that the batch is split. */
  readonly batchBytes?: number;
  /** Whether the receiver would spoil a record instead of refusing it: such a batch is refused unsent. */
  readonly isTooLarge?: (record: LogRecord) => boolean;
}

const CONTENT_TYPES = { protobuf: "application/x-protobuf", json: "application/json" };

/** Sends records by OTLP/HTTP, one request each call. */
export function createPost(options: PostOptions): Send<Attempt> {
  const { http, clock, url, encoding, compression, timeoutMs } = options;
  // A request is a few megabytes, which would be touched anew for each batch and stay until garbage is collected.
  let spare: Buffer | undefined;
  return async (records, signal) => {
    signal.throwIfAborted();
    if (records.some((record) => options.isTooLarge?.(record))) return tooLarge("a record is over the record limit");
    const bytes = serialize(records, encoding, spare);
    spare = undefined;
    const limit = Math.min(
      options.maxBytes ?? Infinity,
      records.length > 1 ? (options.batchBytes ?? Infinity) : Infinity,
    );
    if (bytes.length > limit) return tooLarge(`${bytes.length} bytes before compression, the limit is ${limit}`);
    const revealed = revealHeaders(options.headers);
    if (revealed.status === "refused") return revealed;
    const body = await compress(bytes, compression);
    if (body !== bytes && encoding === "protobuf") spare = Buffer.from(bytes.buffer);
    signal.throwIfAborted();
    const answer = await http(
      {
        method: "POST",
        url,
        headers: {
          ...revealed.headers,
          "content-type": CONTENT_TYPES[encoding],
          ...(compression === "none" ? {} : { "content-encoding": compression }),
        },
        body,
        timeoutMs,
        maxBodyBytes: MAX_ANSWER_BYTES,
      },
      signal,
    );
    const secrets = Object.values(revealed.headers);
    return attemptOfAnswer(answer, { encoding, records: records.length, nowMs: clock.now(), secrets });
  };
}

/** A refusal before anything was sent. */
export function tooLarge(message: string): Attempt {
  return { status: "refused", fault: "payload", reason: "too_large", cause: { message } };
}
