import type { Http } from "../http.ts";
import type { Attempt, Clock, Secret, Send } from "../model.ts";
import { attemptOfFailure, contentKind, foreign } from "../otlp/answer.ts";
import { compress } from "../otlp/encode.ts";
import { tooLarge } from "../otlp/post.ts";
import { retryAfterMs } from "../retry-after.ts";
import { cleaned } from "./cleaned.ts";
import { toDatadogLog, type DatadogLogOptions } from "./datadog-log.ts";
import { revealHeaders } from "./reveal-headers.ts";
import { attemptOfStatus } from "./status.ts";

const MAX_ANSWER_BYTES = 1024 * 1024;

export interface DatadogV2Options {
  readonly http: Http;
  readonly clock: Pick<Clock, "now">;
  readonly url: string;
  readonly apiKey: Secret;
  readonly logs: DatadogLogOptions;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Datadog cuts a longer log, and says yes. */
  readonly maxLogBytes: number;
}

/**
 * Sends records by Datadog's Logs API v2, a JSON array in one request.
 * https://docs.datadoghq.com/api/latest/logs/#send-logs
 */
export function createDatadogV2Post(options: DatadogV2Options): Send<Attempt> {
  const { http, clock, url, apiKey, logs, timeoutMs, maxBytes, maxLogBytes } = options;
  return async (records, signal) => {
    signal.throwIfAborted();
    const texts = records.map((record) => toDatadogLog(record, logs));
    if (texts.some((text) => Buffer.byteLength(text) > maxLogBytes))
      return tooLarge(`a log is over ${maxLogBytes} bytes`);
    const bytes = Buffer.from(`[${texts.join(",")}]`);
    if (bytes.length > maxBytes) return tooLarge(`${bytes.length} bytes before compression, the limit is ${maxBytes}`);
    const revealed = revealHeaders({ "dd-api-key": apiKey });
    if (revealed.status === "refused") return revealed;
    const body = await compress(bytes, "gzip");
    signal.throwIfAborted();
    const headers = { ...revealed.headers, "content-type": "application/json", "content-encoding": "gzip" };
    const request = { method: "POST", url, headers, body, timeoutMs, maxBodyBytes: MAX_ANSWER_BYTES } as const;
    const answer = await http(request, signal);
    if (answer.kind === "failed") return attemptOfFailure(answer);
    const { status } = answer;
    const kind = contentKind(answer);
    const secrets = Object.values(revealed.headers);
    if (status >= 200 && status < 300) {
      if (answer.body.length === 0 && kind !== "html") return { status: "accepted", rejected: 0 };
      return isObject(answer.body) && kind !== "html"
        ? { status: "accepted", rejected: 0 }
        : foreign("a body that is not Datadog's", status);
    }
    const text = kind === "html" ? "an HTML page" : cleaned(answer.body.toString(), secrets);
    const afterMs = retryAfterMs(answer.headers, clock.now());
    // What the intake cannot do at present it says by 500 as well, and asks for another try.
    const attempt = attemptOfStatus({ status, text, afterMs });
    if (attempt.status !== "retry") return attempt;
    const { escalate: _, ...retry } = attempt;
    return retry;
  };
}

function isObject(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
