import { randomUUID } from "node:crypto";

/**
 * What stands before the digits of a number that a double cannot hold. A private-use character, so that a text can be
 * ruled out by its first one, and a nonce, so that nobody can send a text that passes for such a number.
 */
const MARK = `\uE000${randomUUID()}`;
const MARK_CODE = 0xe000;

const NUMBER = /-?\d[\d.eE+-]*/g;
const IS_KEY = /[ \t\n\r]*:/y;

/**
 * `JSON.parse`, but numbers that a double would change past use (integers beyond 2^53 - 1 and what overflows, such as
 * 1e400) keep their digits: they come out as marked strings, which `exactDigits` tells from others. A reviver could do
 * this too, but overflows the stack on nested input and takes several times as long. Throws as `JSON.parse` does.
 *
 * V8 13.6 may also take a key that is written with an escape for one with a backslash in it, which an object like it
 * had before: after `{"a":1,"\\":1}` it reads `{"a":1,"\n":1}` as the former. Such texts are read in another way.
 */
export function parseLossless(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isFaithful(value, text.includes("\\"))) return value;
  const marked: unknown = JSON.parse(mark(text));
  restoreKeys(marked);
  return marked;
}

/** The digits of a number that `parseLossless` kept, as they were written. `undefined` for every other value. */
export function exactDigits(value: unknown): string | undefined {
  if (typeof value !== "string" || value.charCodeAt(0) !== MARK_CODE || !value.startsWith(MARK)) return undefined;
  return value.slice(MARK.length);
}

/** Whether a number is one that JSON writers and readers agree on to the last digit. */
export function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
}

function isFaithful(root: unknown, hasEscapes: boolean): boolean {
  // Nesting may be too deep for recursion.
  const pending: object[] = [[root]];
  for (let container = pending.pop(); container !== undefined; container = pending.pop()) {
    if (hasEscapes && !Array.isArray(container)) {
      for (const key in container) if (key.includes("\\")) return false;
    }
    for (const item of Array.isArray(container) ? container : Object.values(container)) {
      if (typeof item === "object" && item !== null) pending.push(item as object);
      else if (typeof item === "number" && !isExact(item)) return false;
    }
  }
  return true;
}

/** Writes every key without escapes, and numbers that have to keep their digits as strings. The text is valid JSON. */
function mark(text: string): string {
  let result = "";
  for (let start = 0; start < text.length;) {
    const open = text.indexOf('"', start);
    const end = open === -1 ? text.length : open;
    result += text.slice(start, end).replace(NUMBER, markNumber);
    if (open === -1) break;
    start = endOfString(text, open);
    const string = text.slice(open, start);
    IS_KEY.lastIndex = start;
    result += IS_KEY.test(text) ? markKey(string) : string;
  }
  return result;
}

function markNumber(token: string): string {
  return isExact(Number(token)) ? token : `"${MARK}${token}"`;
}

/** Hex, for a key need not be well-formed, behind a letter, for objects move keys that are digits alone to the front. */
function markKey(token: string): string {
  return `"k${Buffer.from(JSON.parse(token) as string, "utf16le").toString("hex")}"`;
}

/** In place. */
function restoreKeys(root: unknown): void {
  const pending: unknown[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const entries: [string, unknown][] = Object.entries(value);
    for (const [, item] of entries) if (item !== undefined) pending.push(item);
    if (Array.isArray(value)) continue;
    for (const [key] of entries) delete (value as Record<string, unknown>)[key];
    for (const [key, item] of entries) {
      const name = Buffer.from(key.slice(1), "hex").toString("utf16le");
      // Plain assignment would lose a key `__proto__`.
      Object.defineProperty(value, name, { value: item, enumerable: true, configurable: true, writable: true });
    }
  }
}

/** Behind the closing quote of the string that opens at `open`. */
function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); ; close = text.indexOf('"', close + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(close - 1 - backslashes) === 92) backslashes += 1;
    if (backslashes % 2 === 0) return close + 1;
  }
}
