import type { HttpAnswer, HttpFailure } from "../http.ts";
import { parseLossless } from "../mapping/lossless.ts";
import type { ReadEntryList } from "../mapping/text/read-entries.ts";
import { retryAfterMs } from "../retry-after.ts";
import { readAnswerText } from "./answer-text.ts";
import { classOfCode, classOfStatus, type ErrorClass } from "./errors.ts";

const MAX_CURSOR_LENGTH = 8_192;

/** What a method's success must look like. */
export interface Expected {
  /** The Web API says `ok`; the Audit Logs API says nothing of the kind. */
  readonly api: "web" | "audit";
  /** The key that a success must hold an array under. */
  readonly list?: string;
  /** How the list's entries are read, where that is not by the parser: then some of them may be a `TextEntry`. */
  readonly readEntries?: ReadEntryList;
  /** A key that a success must hold a text under. */
  readonly requires?: string;
}

export interface Page {
  readonly kind: "ok";
  readonly body: Readonly<Record<string, unknown>>;
  /** What stands under the endpoint's list key. */
  readonly entries: readonly unknown[];
  /** Absent at the end of the listing. A short or an empty page is not the end. */
  readonly nextCursor?: string;
  /** Our wall clock when the answer came, epoch milliseconds. */
  readonly arrivedMs: number;
  /** The answer's headers, names in lower case. */
  readonly headers: HttpAnswer["headers"];
}

/** What one exchange came to, before anything is tried again. */
export type Exchange =
  | { readonly kind: "ok"; readonly page: Page }
  | { readonly kind: "too_large"; readonly code: string }
  | { readonly kind: "error"; readonly class: ErrorClass | undefined; readonly code: string; readonly afterMs?: number }
  | { readonly kind: "throttled"; readonly code: string; readonly afterMs?: number };

/**
 * Tells what an exchange came to. A success is only what looks like one: HTML, an empty body, `null` or a missing list
 * are no "nothing new".
 */
export function readAnswer(endpoint: Expected, answer: HttpAnswer | HttpFailure, arrivedMs: number): Exchange {
  if (answer.kind === "failed") {
    if (answer.reason === "too_large") return { kind: "too_large", code: "answer_too_large" };
    return { kind: "error", class: "retry", code: answer.message };
  }
  const { status, headers } = answer;
  const afterMs = retryAfterMs(headers, arrivedMs);
  const after = afterMs === undefined ? {} : { afterMs };
  if (status === 429) return { kind: "throttled", code: "http_429", ...after };
  const { list, readEntries } = endpoint;
  const read = list && readEntries && readAnswerText(answer.body, list, readEntries);
  const body = read ?? parseBody(answer.body);
  const code = isObject(body) && typeof body["error"] === "string" ? body["error"] : undefined;
  const statusClass = classOfStatus(status);
  if (code === "ratelimited" || code === "rate_limited") return { kind: "throttled", code, ...after };
  if (code !== undefined && (statusClass !== undefined || (isObject(body) && body["ok"] !== true))) {
    // A code that we do not know, but Slack's all the same, is tried again whatever its status.
    const unknown = statusClass === "configuration" && isObject(body) && body["ok"] === false ? "retry" : statusClass;
    return { kind: "error", class: classOfCode(code) ?? unknown, code: cleanCode(code), ...after };
  }
  if (statusClass !== undefined) return { kind: "error", class: statusClass, code: `http_${status}`, ...after };
  if (!isObject(body)) return { kind: "error", class: "retry", code: "answer_is_not_json_object" };
  if (body["ok"] !== true && (endpoint.api === "web" || body["ok"] !== undefined))
    return { kind: "error", class: "retry", code: "answer_without_ok" };
  const { requires } = endpoint;
  if (requires !== undefined && typeof body[requires] !== "string") {
    return { kind: "error", class: "retry", code: `answer_without_${requires}` };
  }
  const entries = endpoint.list === undefined ? [] : body[endpoint.list];
  if (!Array.isArray(entries))
    return { kind: "error", class: "retry", code: `answer_without_${endpoint.list ?? "list"}` };
  const metadata = body["response_metadata"];
  const cursor = isObject(metadata) ? metadata["next_cursor"] : undefined;
  if (cursor !== undefined && cursor !== null && (typeof cursor !== "string" || cursor.length > MAX_CURSOR_LENGTH)) {
    return { kind: "error", class: "restart", code: "unreadable_cursor" };
  }
  const page: Page = { kind: "ok", body, entries, arrivedMs, headers };
  return { kind: "ok", page: cursor ? { ...page, nextCursor: cursor } : page };
}

function parseBody(body: Buffer): unknown {
  try {
    return parseLossless(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Slack's codes are one word. A proxy could put anything here, the token included. */
function cleanCode(code: string): string {
  return /^[A-Za-z0-9_]{1,64}$/.test(code) ? code : "unreadable_error";
}

export function warningsOf(body: Readonly<Record<string, unknown>>): string[] {
  const metadata = body["response_metadata"];
  const paging = body["paging"];
  const lists = [
    body["warning"],
    isObject(metadata) ? metadata["warnings"] : undefined,
    isObject(metadata) ? metadata["messages"] : undefined,
    isObject(paging) ? paging["warnings"] : undefined,
  ];
  return lists.flat().flatMap((warning) => (typeof warning === "string" ? [warning.slice(0, 200)] : []));
}
