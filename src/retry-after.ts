const SECONDS = /^[+-]?\d+(?:\.\d+)?$/;
const DATE = /^[A-Za-z]{3,9},? /;

/**
 * The wait that an answer's Retry-After header asks for (RFC 9110, 10.2.3: seconds or any of the three forms of an HTTP
 * date), milliseconds. A date is taken by the clock of whoever sent it, where the answer has a `date`, for ours may be
 * days off; else by `nowMs`. What a server sent is not made safe here: it may be zero, negative or absurdly large.
 * `undefined` for an absent or unreadable value.
 */
export function retryAfterMs(headers: Readonly<Record<string, string | undefined>>, nowMs: number): number | undefined {
  const text = headers["retry-after"]?.trim() ?? "";
  if (SECONDS.test(text)) return Number(text) * 1_000;
  // Date.parse takes nearly anything for a date, and the form without a zone for local time.
  if (!DATE.test(text)) return undefined;
  const untilMs = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  const sentMs = Date.parse(headers["date"] ?? "");
  return Number.isNaN(untilMs) ? undefined : untilMs - (Number.isNaN(sentMs) ? nowMs : sentMs);
}
