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
  const orderOf = createOrders();
  const begin = Buffer.byteLength(prefix);
  let buffer = Buffer.allocUnsafeSlow(begin + 8_192);
  buffer.write(prefix);
  let containers = 0;
  let members = 0;
  let isPlain = true;
  let isOneByteEach = true;
  let isTooDeep = false;

  // Each of these writes at a place and returns the place behind. What is beyond the buffer's end is not written.

  function writeBytes(bytes: Uint8Array, at: number): number {
    const into = buffer;
    const { length } = bytes;
    for (let index = 0; index < length; index++) into[at + index] = bytes[index]!;
    return at + length;
  }

  /** ASCII alone. */
  function writeToken(text: string, at: number): number {
    const into = buffer;
    const { length } = text;
    for (let index = 0; index < length; index++) into[at + index] = text.charCodeAt(index);
    return at + length;
  }

  function writeText(text: string, at: number): number {
    const into = buffer;
    const { length } = text;
    into[at] = QUOTE;
    if (length < SHORT) {
      for (let index = 0; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code < 0x20 || code > 0x7f || code === QUOTE || code === BACKSLASH) return writeOddText(text, at);
        into[at + 1 + index] = code;
      }
    } else {
      if (ODD.test(text)) return writeOddText(text, at);
      if (at + 1 + length <= into.length) into.write(text, at + 1, "latin1");
    }
    into[at + 1 + length] = QUOTE;
    return at + length + 2;
  }

  function writeOddText(text: string, at: number): number {
    const digits = exactDigits(text);
    if (digits !== undefined || !text.isWellFormed()) isPlain = false;
    isOneByteEach = false;
    return writeLong(digits ?? JSON.stringify(text), at);
  }

  function writeLong(text: string, at: number): number {
    const bytes = Buffer.byteLength(text);
    if (at + bytes <= buffer.length) buffer.write(text, at);
    return at + bytes;
  }

  function writeValue(value: unknown, depth: number, at: number): number {
    if (typeof value === "string") return writeText(value, at);
    if (typeof value === "number") {
      if (!isExact(value) || Object.is(value, -0)) isPlain = false;
      return writeToken(String(value), at);
    }
    if (typeof value !== "object" || value === null) return writeToken(scalar(value), at);
    containers += 1;
    if (depth <= MAX_DEPTH) return Array.isArray(value) ? writeItems(value, depth, at) : writeMembers(value, depth, at);
    isTooDeep = true;
    return at;
  }

  function writeItems(items: readonly unknown[], depth: number, at: number): number {
    members += items.length;
    buffer[at++] = 0x5b;
    for (let index = 0; index < items.length; index++) {
      if (index > 0) buffer[at++] = 0x2c;
      at = writeValue(items[index], depth + 1, at);
    }
    buffer[at++] = 0x5d;
    return at;
  }

  function writeMembers(object: object, depth: number, at: number): number {
    const order = orderOf(Object.keys(object));
    const values: unknown[] = Object.values(object);
    const { labels, places } = order;
    members += places.length;
    if (!order.isPlain) isPlain = false;
    if (!order.isOneByteEach) isOneByteEach = false;
    buffer[at++] = 0x7b;
    for (let index = 0; index < places.length; index++) {
      at = writeBytes(labels[index]!, at);
      at = writeValue(values[places[index]!], depth + 1, at);
    }
    buffer[at++] = 0x7d;
    return at;
  }

  return function canonicalize(value): Canonical {
    containers = 0;
    members = 0;
    isPlain = true;
    isOneByteEach = true;
    isTooDeep = false;
    let end = writeValue(value, 1, begin);
    if (isTooDeep) {
      isPlain = false;
      isOneByteEach = false;
      end = writeLong(
        write(value, (keys) => keys.sort()),
        begin,
      );
    }
    if (end > buffer.length) {
      const larger = Buffer.allocUnsafeSlow(end * 2);
      buffer.copy(larger, 0, 0, begin);
      buffer = larger;
      return canonicalize(value);
    }
    return { prefixed: buffer.subarray(0, end), bytes: end - begin, isOneByteEach, containers, members, isPlain };
  };
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

/** Remembers the order of keys, which is most of the work of sorting. */
function createOrders(): (keys: readonly string[]) => Order {
  const orders: Order[][] = [];
  return (keys) => {
    if (keys.length > SMALL) return sort(keys);
    const sameLength = (orders[keys.length] ??= []);
    for (let index = 0; index < sameLength.length; index++) {
      if (areSame(sameLength[index]!.keys, keys)) return sameLength[index]!;
    }
    const order = sort(keys);
    if (sameLength.length < REMEMBERED) sameLength.push(order);
    return order;
  };
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
