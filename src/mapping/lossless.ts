import { randomBytes } from "node:crypto";

/**
 * A private-use character and a nonce that nobody outside can know: a text that begins with it stands for a number
 * whose digits JavaScript cannot hold.
 */
const MARK = `\uE000${randomBytes(12).toString("hex")}:`;
const MARK_CODE = MARK.charCodeAt(0);

/** Whether a text may hold a number outside of a string that a double cannot keep. Often wrong, never in the bad way. */
const SUSPECT = /[[:,{]\s*-?(?:\d{17,}|9\d{15}|\d+(?:\.\d+)?[eE])|^\s*-?\d/;
const TOKENS = /"(?:[^"\\]+|\\[^])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * `JSON.parse`, but integers beyond 2^53 - 1 and numbers beyond a double keep their digits, as texts that
 * `exactDigits` knows. Throws a `SyntaxError` like `JSON.parse`. Works at any depth that `JSON.parse` takes (a reviver
 * with `context.source` would overflow the stack some 2,000 levels down).
 */
export function parseLossless(text: string): unknown {
  if (!SUSPECT.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(TOKENS, (token) => (token.startsWith('"') ? token : keepDigits(token))));
}

function keepDigits(token: string): string {
  const number = Number(token);
  const exact = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
  return exact ? token : `"${MARK}${token}"`;
}

/** The digits of a number that had to be kept as a text, as they were sent; `undefined` for any other value. */
export function exactDigits(value: unknown): string | undefined {
  if (typeof value !== "string" || value.charCodeAt(0) !== MARK_CODE || !value.startsWith(MARK)) return undefined;
  return value.slice(MARK.length);
}
