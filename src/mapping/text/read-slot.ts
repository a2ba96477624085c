import type { TextAnswer } from "./text-entry.ts";

export const MAX_SLOTS = 1_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const MINUS = 0x2d;
const ZERO = 0x30;
/** Strings in JSON do without these, and end or go on otherwise with the other two. */
const ENDS_RUN = Uint8Array.from({ length: 256 }, (_, code) =>
  Number(code < 0x20 || code === QUOTE || code === BACKSLASH),
);
/** What a backslash and this character stand for: of those escapes that are two characters long. */
const SHORT_ESCAPES = escapes({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" });
/** The canonical text has all of them but this one. */
const SLASH_ONLY = escapes({ "/": "/" });
const LITERALS = ["true", "false", "null"].map((text) => Buffer.from(text));

function escapes(characters: Readonly<Record<string, string>>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [letter, character] of Object.entries(characters)) table[letter.charCodeAt(0)] = character.charCodeAt(0);
  return table;
}

/** Where the reading of an answer stands. */
export interface SlotReader {
  answer: TextAnswer;
  at: number;
  /** How far the slots are written. */
  slotEnd: number;
  /** How far `unescaped` is written. */
  free: number;
  /** Of the entry being read: where the canonical form of each slot is. */
  readonly forms: Int32Array;
}

/** Reads the slot at the reader's place and steps over it. False: not a value that may stand there as it is. */
export function readSlot(r: SlotReader, slot: number, isText: boolean): boolean {
  return isText ? readText(r, slot) : readScalar(r, slot);
}

/** Up to the closing quote, which belongs to the next gap. */
function readText(r: SlotReader, slot: number): boolean {
  const { bytes } = r.answer;
  const from = r.at;
  let at = from;
  while (ENDS_RUN[bytes[at]!] === 0) at++;
  r.at = at;
  if (bytes[at] === QUOTE) {
    addSlot(r, slot, from, at, from, at);
    return true;
  }
  return bytes[at] === BACKSLASH && readEscaped(r, slot, from);
}

/** A string with escapes: the rest of it is looked for from the reader's place on. */
function readEscaped(r: SlotReader, slot: number, from: number): boolean {
  const { bytes } = r.answer;
  let { at } = r;
  let hasSlash = false;
  let hasOther = false;
  for (; bytes[at] !== QUOTE; at++) {
    if (ENDS_RUN[bytes[at]!] === 0) continue;
    if (bytes[at] !== BACKSLASH) return readByParser(r, slot, from, at);
    at += 1;
    if (bytes[at] === SLASH) hasSlash = true;
    else if (SHORT_ESCAPES[bytes[at]!] === 0) return readByParser(r, slot, from, at);
    else hasOther = true;
  }
  r.at = at;
  const begin = bytes.length + r.free;
  const end = begin + unescape(r, from, at, SHORT_ESCAPES);
  if (!hasSlash) addSlot(r, slot, begin, end, from, at);
  else if (!hasOther) addSlot(r, slot, begin, end, begin, end);
  else addSlot(r, slot, begin, end, end, end + unescape(r, from, at, SLASH_ONLY));
  return true;
}

/** Appends the text of the answer, without those escapes that `of` has. Returns how many bytes it takes. */
function unescape(r: SlotReader, from: number, end: number, of: Uint8Array): number {
  const { bytes } = r.answer;
  const unescaped = reserve(r, end - from);
  let { free } = r;
  for (let at = from; at < end; at++) {
    let code = bytes[at]!;
    if (code === BACKSLASH) {
      const escaped = of[bytes[at + 1]!]!;
      // Of another escape the second half, which may be a backslash too, goes with the first.
      if (escaped === 0) unescaped[free++] = code;
      code = escaped === 0 ? bytes[at + 1]! : escaped;
      at += 1;
    }
    unescaped[free++] = code;
  }
  const length = free - r.free;
  r.free = free;
  return length;
}

/** A string with escapes of which not all are short. */
function readByParser(r: SlotReader, slot: number, from: number, begun: number): boolean {
  const { bytes } = r.answer;
  let at = begun;
  for (; bytes[at] !== QUOTE; at++) {
    if (at >= bytes.length) return false;
    if (bytes[at] === BACKSLASH) at += 1;
  }
  r.at = at;
  const text = JSON.parse(bytes.toString("utf8", from - 1, at + 1)) as string;
  if (!text.isWellFormed()) return false;
  // Slack escapes slashes and whatever is not ASCII; the canonical text does neither.
  const begin = bytes.length + r.free;
  const end = begin + append(r, text, at - from);
  const formEnd = end + append(r, JSON.stringify(text).slice(1, -1), at - from);
  addSlot(r, slot, begin, end, end, formEnd);
  return true;
}

/** To the strings without escapes. Returns how many bytes it takes, which are `most` at most. */
function append(r: SlotReader, text: string, most: number): number {
  const length = reserve(r, most).write(text, r.free);
  r.free += length;
  return length;
}

/** Makes room for so many bytes more of strings without escapes. */
function reserve(r: SlotReader, most: number): Buffer {
  const { unescaped } = r.answer;
  if (r.free + most <= unescaped.length) return unescaped;
  const larger = Buffer.allocUnsafeSlow(2 * (r.free + most));
  unescaped.copy(larger, 0, 0, r.free);
  r.answer.unescaped = larger;
  return larger;
}

/** A whole number that a double holds, `true`, `false` or `null`, as JSON has to be written. */
function readScalar(r: SlotReader, slot: number): boolean {
  const { bytes } = r.answer;
  const from = r.at;
  const end = endOfNumber(bytes, from) ?? endOfLiteral(bytes, from);
  if (end === undefined) return false;
  r.at = end;
  addSlot(r, slot, from, end, from, end);
  return true;
}

function endOfNumber(bytes: Buffer, from: number): number | undefined {
  const isNegative = bytes[from] === MINUS;
  const first = isNegative ? from + 1 : from;
  let at = first;
  let value = 0;
  for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) value = value * 10 + digit;
  if (at === first || value > Number.MAX_SAFE_INTEGER) return undefined;
  // No leading zero, and no zero below zero.
  return bytes[first] === ZERO && (at > first + 1 || isNegative) ? undefined : at;
}

function endOfLiteral(bytes: Buffer, from: number): number | undefined {
  for (const literal of LITERALS) {
    const end = from + literal.length;
    if (bytes[from] === literal[0]) return literal.equals(bytes.subarray(from, end)) ? end : undefined;
  }
  return undefined;
}

/** Where the slot's content is, and where its canonical form. */
function addSlot(r: SlotReader, slot: number, begin: number, end: number, formBegin: number, formEnd: number): void {
  let { slots } = r.answer;
  if (r.slotEnd + 2 > slots.length) {
    const larger = new Int32Array(2 * slots.length);
    larger.set(slots);
    r.answer.slots = slots = larger;
  }
  slots[r.slotEnd++] = begin;
  slots[r.slotEnd++] = end;
  r.forms[2 * slot] = formBegin;
  r.forms[2 * slot + 1] = formEnd;
}
