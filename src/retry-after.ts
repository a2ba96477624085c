const SECONDS = /^[+-]?\d+(?:\.\d+)?$/;
const DATE = /^[A-Za-z]{3,9},? /;

/**
 * The value of a Retry-After header (RFC 9110, 10.2.3: seconds or any of the three forms of an HTTP date) as
 * milliseconds from `nowMs`. What a server sent is not made safe here: it may be zero, negative or absurdly large.
 * `undefined` for an absent or unreadable value.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (SECONDS.test(text)) return Number(text) * 1_000;
  // Date.parse takes nearly anything for a date, and the form without a zone for local time.
  if (!DATE.test(text)) return undefined;
  const dateMs = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(dateMs) ? undefined : dateMs - nowMs;
}
