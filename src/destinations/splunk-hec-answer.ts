import type { HttpAnswer, HttpFailure } from "../http.ts";
import type { Attempt, Cause } from "../model.ts";
import { attemptOfFailure, contentKind, foreign } from "../otlp/answer.ts";
import { retryAfterMs } from "../retry-after.ts";
import { cleaned } from "./cleaned.ts";
import { attemptOfStatus } from "./status.ts";

/** What an answer means, and how many events at the head of the request Splunk has taken, although it is no yes. */
export interface HecOutcome {
  readonly attempt: Attempt;
  readonly taken: number;
  readonly code?: number | undefined;
  /** What the indexer's acknowledgement is to be asked for by, where the token has one. */
  readonly ackId?: number | undefined;
}

/** The code of an answer to a request without events. */
export const NO_DATA = 5;

/**
 * The codes of the HTTP Event Collector.
 * https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector
 */
const codes: Readonly<Record<number, "accepted" | "event" | "configuration" | "credentials" | "retry">> = {
  0: "accepted",
  1: "credentials", // token disabled
  2: "credentials", // token required
  3: "credentials", // invalid authorization
  4: "credentials", // invalid token
  5: "event", // no data
  6: "event", // invalid data format
  7: "configuration", // incorrect index
  8: "retry", // internal error
  9: "retry", // busy
  10: "configuration", // channel missing
  11: "configuration", // channel invalid
  12: "event", // event field required
  13: "event", // event field blank
  14: "configuration", // acknowledgement disabled
  15: "event", // error in handling indexed fields
  16: "configuration", // query string authorization off
  18: "retry", // unhealthy: queues full
  19: "retry", // unhealthy: acknowledgement unavailable
  20: "retry", // unhealthy: both
  21: "configuration", // token of the health check
  22: "configuration", // token of the health check
  23: "retry", // shutting down
  24: "accepted", // queue nearly full
  25: "accepted", // acknowledgement channel nearly full
  26: "retry", // queue full
  27: "retry", // acknowledgement channel full
};

export interface HecContext {
  /** How many events were sent. */
  readonly events: number;
  readonly nowMs: number;
  readonly secrets: readonly string[];
}

/** A batch is not atomic to Splunk: an answer may refuse one event after it took those before. */
export function outcomeOfAnswer(answer: HttpAnswer | HttpFailure, context: HecContext): HecOutcome {
  if (answer.kind === "failed") return { attempt: attemptOfFailure(answer), taken: 0 };
  const { status } = answer;
  const { code, text, invalidEvent, ackId } = read(answer, context);
  const untaken = (attempt: Attempt): HecOutcome => ({ attempt, taken: 0, code });
  const meaning = code === undefined ? undefined : codes[code];
  if (status >= 200 && status < 300) {
    const isAccepted = meaning === "accepted" || (answer.body.length === 0 && contentKind(answer) !== "html");
    if (!isAccepted) return untaken(foreign(text, status));
    const message = code === 0 || text === "" ? {} : { message: text };
    return { ...untaken({ status: "accepted", rejected: 0, ...message }), ackId };
  }
  const cause: Cause = { message: `HTTP ${status}: ${text}`, statusCode: status };
  const afterMs = retryAfterMs(answer.headers, context.nowMs);
  if (status === 400) {
    if (meaning === "configuration" || meaning === "credentials") {
      return untaken({ status: "refused", fault: meaning, cause });
    }
    if (meaning === "event") {
      const at = invalidEvent === undefined ? {} : { at: invalidEvent };
      return untaken({ status: "refused", fault: "payload", reason: "rejected", ...at, cause });
    }
  }
  if (status === 500 || meaning === "retry") {
    const attempt: Attempt = { status: "retry", cause, ...(afterMs === undefined ? {} : { afterMs }) };
    // Where a busy Splunk stopped counts from 1 by one report, from 0 by the rest: one event may arrive twice.
    return { attempt, taken: Math.max(0, (invalidEvent ?? 0) - 1), code };
  }
  return untaken(attemptOfStatus({ status, text, afterMs }));
}

interface Read {
  readonly code?: number;
  readonly text: string;
  readonly invalidEvent?: number;
  readonly ackId?: number | undefined;
}

function read(answer: HttpAnswer, { events, secrets }: HecContext): Read {
  const kind = contentKind(answer);
  if (kind === "html") return { text: "an HTML page" };
  const body = answer.body.toString();
  const { code, text, ackId, ["invalid-event-number"]: number } = parseObject(body);
  if (typeof code !== "number") return { text: cleaned(typeof text === "string" ? text : body, secrets) };
  const isEvent = typeof number === "number" && Number.isInteger(number) && number >= 0 && number < events;
  return {
    code,
    text: `${cleaned(typeof text === "string" ? text : "", secrets)} (code ${code})`.trim(),
    ...(isEvent ? { invalidEvent: number } : {}),
    ackId: typeof ackId === "number" ? ackId : undefined,
  };
}

/** An object for anything that is none. */
export function parseObject(body: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(body)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
