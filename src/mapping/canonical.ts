import { exactDigits, isExact } from "./lossless.ts";

/** More levels of arrays and objects than this are not sent as values: receivers overflow on them. */
export const MAX_DEPTH = 64;
/** The order of more keys than this is not remembered, nor are more than `REMEMBERED` orders of as many keys. */
const SMALL = 64;
const REMEMBERED = 24;
/** Texts shorter than this are copied faster here than by a call into the runtime. */
const SHORT = 32;
/** What is not in a JSON text as it is, or takes more than one byte there. */
const ODD = /[^ !#-[\]-\x7f]/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A JSON value, read once. */
export interface Canonical {
  /** The prefix and the canonical text, in UTF-8. Overwritten when the next value is read. */
  readonly prefixed: Uint8Array;
  /** The size of the text alone. */
  readonly bytes: number;
  /** No character takes more than one of them. */
  readonly isOneByteEach: boolean;
  /** How many arrays and objects there are in it, and how many keys and elements these have. */
  readonly containers: number;
  readonly members: number;
  /** True: every receiver takes the value as it is. False: it has to be looked at closely. */
  readonly isPlain: boolean;
}

export type Canonicalize = (value: unknown) => Canonical;

/**
 * The value as JSON with the keys sorted (by UTF-16 code units) at every level. Two values have the same text exactly if
 * they are equal in every key and value. Numbers that are kept by their digits are written as bare numbers, so that they
 * differ from the text of the same digits; lone surrogates are escaped, as `JSON.stringify` does. Works at any depth.
 * What is made here remembers the keys of the objects it has met, for the entries of one answer are much alike: use it
 * for one answer.
 */
export function createCanonicalize(prefix = ""): Canonicalize {
  const begin = Buffer.byteLength(prefix);
  const w: Writer = {
    buffer: Buffer.allocUnsafeSlow(begin + 8_192),
    at: begin,
    orders: [],
    containers: 0,
    members: 0,
    isPlain: true,
    isOneByteEach: true,
    isTooDeep: false,
  };
  w.buffer.write(prefix);
  return function canonicalize(value): Canonical {
    w.at = begin;
    w.containers = 0;
    w.members = 0;
    w.isPlain = true;
    w.isOneByteEach = true;
    w.isTooDeep = false;
    writeValue(w, value, 1);
    if (w.isTooDeep) {
      w.isPlain = false;
      w.isOneByteEach = false;
      w.at = begin;
      writeLong(
        w,
        write(value, (keys) => keys.sort()),
      );
    }
    if (w.at > w.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(w.at * 2);
      w.buffer.copy(larger, 0, 0, begin);
      w.buffer = larger;
      return canonicalize(value);
    }
    const { isOneByteEach, containers, members, isPlain } = w;
    const prefixed = w.buffer.subarray(0, w.at);
    return { prefixed, bytes: w.at - begin, isOneByteEach, containers, members, isPlain };
  };
}

/** Of functions of a module there is one each, which is compiled once; closures of each answer are compiled again. */
interface Writer {
  buffer: Buffer;
  /** Where to write next. What is beyond the buffer's end is not written, but counted. */
  at: number;
  readonly orders: Order[][];
  containers: number;
  members: number;
  isPlain: boolean;
  isOneByteEach: boolean;
  isTooDeep: boolean;
}

function writeBytes(w: Writer, bytes: Uint8Array): void {
  const { buffer, at } = w;
  const { length } = bytes;
  for (let index = 0; index < length; index++) buffer[at + index] = bytes[index]!;
  w.at = at + length;
}

/** ASCII alone. */
function writeToken(w: Writer, text: string): void {
  const { buffer, at } = w;
  const { length } = text;
  for (let index = 0; index < length; index++) buffer[at + index] = text.charCodeAt(index);
  w.at = at + length;
}

function writeText(w: Writer, text: string): void {
  const { buffer, at } = w;
  const { length } = text;
  buffer[at] = QUOTE;
  if (length < SHORT) {
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code < 0x20 || code > 0x7f || code === QUOTE || code === BACKSLASH) return writeOddText(w, text);
      buffer[at + 1 + index] = code;
    }
  } else {
    if (ODD.test(text)) return writeOddText(w, text);
    if (at + 1 + length <= buffer.length) buffer.write(text, at + 1, "latin1");
  }
  buffer[at + 1 + length] = QUOTE;
  w.at = at + length + 2;
}

function writeOddText(w: Writer, text: string): void {
  const digits = exactDigits(text);
  if (digits !== undefined || !text.isWellFormed()) w.isPlain = false;
  w.isOneByteEach = false;
  writeLong(w, digits ?? JSON.stringify(text));
}

function writeLong(w: Writer, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (w.at + bytes <= w.buffer.length) w.buffer.write(text, w.at);
  w.at += bytes;
}

function writeValue(w: Writer, value: unknown, depth: number): void {
  if (typeof value === "string") return writeText(w, value);
  if (typeof value === "number") {
    if (!isExact(value) || Object.is(value, -0)) w.isPlain = false;
    return writeToken(w, String(value));
  }
  if (typeof value !== "object" || value === null) return writeToken(w, scalar(value));
  w.containers += 1;
  if (depth > MAX_DEPTH) w.isTooDeep = true;
  else if (Array.isArray(value)) writeItems(w, value, depth);
  else writeMembers(w, value, depth);
}

function writeItems(w: Writer, items: readonly unknown[], depth: number): void {
  w.members += items.length;
  w.buffer[w.at++] = 0x5b;
  for (let index = 0; index < items.length; index++) {
    if (index > 0) w.buffer[w.at++] = 0x2c;
    writeValue(w, items[index], depth + 1);
  }
  w.buffer[w.at++] = 0x5d;
}

function writeMembers(w: Writer, object: object, depth: number): void {
  const order = orderOf(w.orders, Object.keys(object));
  const values: unknown[] = Object.values(object);
  const { labels, places } = order;
  w.members += places.length;
  if (!order.isPlain) w.isPlain = false;
  if (!order.isOneByteEach) w.isOneByteEach = false;
  w.buffer[w.at++] = 0x7b;
  for (let index = 0; index < places.length; index++) {
    writeBytes(w, labels[index]!);
    writeValue(w, values[places[index]!], depth + 1);
  }
  w.buffer[w.at++] = 0x7d;
}

/** The canonical text. */
export function canonical(value: unknown): string {
  return Buffer.from(createCanonicalize()(value).prefixed).toString();
}

/** The value as JSON, its keys in their own order, at any depth, every number with its own digits. */
export function jsonText(value: unknown): string {
  return write(value, (keys) => keys);
}

interface Order {
  readonly keys: readonly string[];
  /** In the order of the sorted keys: each as JSON with what stands before and after it, and which of `keys` it is. */
  readonly labels: readonly Uint8Array[];
  readonly places: readonly number[];
  /** False: not well-formed, or a plain object would have these keys in another order, or lose one. */
  readonly isPlain: boolean;
  readonly isOneByteEach: boolean;
}

/** The order of these keys, remembered in `orders`, for that is most of the work of sorting. */
function orderOf(orders: Order[][], keys: readonly string[]): Order {
  if (keys.length > SMALL) return sort(keys);
  const sameLength = (orders[keys.length] ??= []);
  for (let index = 0; index < sameLength.length; index++) {
    if (areSame(sameLength[index]!.keys, keys)) return sameLength[index]!;
  }
  const order = sort(keys);
  if (sameLength.length < REMEMBERED) sameLength.push(order);
  return order;
}

/** Of equal length. */
function areSame(some: readonly string[], others: readonly string[]): boolean {
  for (let index = 0; index < some.length; index++) if (some[index] !== others[index]) return false;
  return true;
}

function sort(keys: readonly string[]): Order {
  const sorted = keys.toSorted();
  const placeOf = new Map(keys.map((key, place) => [key, place]));
  return {
    keys,
    labels: sorted.map((key, index) => Buffer.from(`${index === 0 ? "" : ","}${JSON.stringify(key)}:`)),
    places: sorted.map((key) => placeOf.get(key) ?? 0),
    // Keys that begin with a digit may be array indexes, which objects put first.
    isPlain: keys.every((key) => key.isWellFormed() && !/^\d|^__proto__$/.test(key)),
    isOneByteEach: !keys.some((key) => ODD.test(key)),
  };
}

/** A writer with a stack of its own: the built-in one overflows at some thousand levels. */
function write(root: unknown, order: (keys: string[]) => string[]): string {
  const parts: string[] = [];
  const pending: ({ readonly text: string } | { readonly value: unknown })[] = [{ value: root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if ("text" in next) {
      parts.push(next.text);
      continue;
    }
    const { value } = next;
    if (typeof value !== "object" || value === null) {
      parts.push(scalar(value));
      continue;
    }
    const isArray = Array.isArray(value);
    const entries: [string, unknown][] = isArray
      ? value.map((item): [string, unknown] => ["", item])
      : order(Object.keys(value)).map((key) => [`${JSON.stringify(key)}:`, (value as Record<string, unknown>)[key]]);
    parts.push(isArray ? "[" : "{");
    pending.push({ text: isArray ? "]" : "}" });
    for (let index = entries.length - 1; index >= 0; index--) {
      const [label, item] = entries[index] as [string, unknown];
      pending.push({ value: item }, { text: index === 0 ? label : `,${label}` });
    }
  }
  return parts.join("");
}

function scalar(value: unknown): string {
  if (typeof value === "number" && !isExact(value)) return String(value);
  return exactDigits(value) ?? JSON.stringify(value) ?? "null";
}
