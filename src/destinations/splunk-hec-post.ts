import type { Http, HttpAnswer, HttpFailure } from "../http.ts";
import type { Attempt, Secret } from "../model.ts";
import { compress } from "../otlp/encode.ts";
import { revealHeaders } from "./reveal-headers.ts";

const MAX_ANSWER_BYTES = 1024 * 1024;

export interface HecPostOptions {
  readonly http: Http;
  /** `…/services/collector` */
  readonly url: string;
  readonly token: Secret;
  readonly compression: "gzip" | "none";
  readonly timeoutMs: number;
}

export interface HecRequest {
  readonly to: "event" | "ack";
  readonly body: string | Uint8Array;
  /** A GUID. A token with indexer acknowledgement refuses requests without one; other tokens do not mind it. */
  readonly channel: string;
}

/** An answer, and what must not be quoted from it; or why nothing was sent. */
export type HecPosted =
  | { readonly answer: HttpAnswer | HttpFailure; readonly secrets: readonly string[] }
  | Extract<Attempt, { status: "refused" }>;
export type HecPost = (request: HecRequest, signal: AbortSignal) => Promise<HecPosted>;

/**
 * Requests to the HTTP Event Collector. Behind a balancer acknowledgements must be asked of the indexer that has the
 * events: whatever cookie an answer sets is sent from then on.
 */
export function createHecPost({ http, url, token, compression, timeoutMs }: HecPostOptions): HecPost {
  const cookies = new Map<string, string>();
  return async ({ to, body, channel }, signal) => {
    const revealed = revealHeaders({ authorization: token });
    if (revealed.status === "refused") return revealed;
    const secret = revealed.headers["authorization"] ?? "";
    const isCompressed = compression !== "none" && typeof body !== "string";
    const sent = isCompressed ? await compress(body, compression) : body;
    signal.throwIfAborted();
    const answer = await http(
      {
        method: "POST",
        url: `${url}/${to}${to === "ack" ? `?channel=${channel}` : ""}`,
        headers: {
          authorization: `Splunk ${secret}`,
          "x-splunk-request-channel": channel,
          "content-type": "application/json",
          ...(isCompressed ? { "content-encoding": compression } : {}),
          ...(cookies.size > 0 ? { cookie: [...cookies.values()].join("; ") } : {}),
        },
        body: sent,
        timeoutMs,
        maxBodyBytes: MAX_ANSWER_BYTES,
      },
      signal,
    );
    if (answer.kind === "answer")
      for (const cookie of answer.cookies ?? []) cookies.set(cookie.slice(0, cookie.indexOf("=")), cookie);
    return { answer, secrets: [secret] };
  };
}
