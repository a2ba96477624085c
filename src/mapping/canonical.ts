import { exactDigits, isExact, mayHoldExactDigits } from "./lossless.ts";

/** More levels of arrays and objects than this are not sent as values: receivers overflow on them. */
export const MAX_DEPTH = 64;
/** The order of more keys than this is not remembered. */
const SMALL = 64;
/** Only lone surrogates are written as escapes that begin so. */
const SURROGATE_ESCAPE = String.raw`\ud`;

/** A JSON value, read once. */
export interface Canonical {
  /** The value as JSON with the keys sorted (by UTF-16 code units) at every level. */
  readonly text: string;
  /** How many arrays and objects there are in it, and how many keys and elements these have. */
  readonly containers: number;
  readonly members: number;
  /** True: every receiver takes the value as it is. False: it has to be looked at closely. */
  readonly isPlain: boolean;
}

export type Canonicalize = (value: unknown) => Canonical;

/**
 * Two values have the same text exactly if they are equal in every key and value. Numbers that are kept by their digits
 * are written as bare numbers, so that they differ from the text of the same digits; lone surrogates are escaped, as
 * `JSON.stringify` does. Works at any depth. What is made here remembers the keys of the objects it has met, for the
 * entries of one answer are much alike: use it for one answer.
 */
export function createCanonicalize(): Canonicalize {
  const orderOf = createOrders();
  let containers = 0;
  let members = 0;
  let needsCare = false;
  let hasOddNumber = false;

  function sortedCopy(value: unknown, depth: number): unknown {
    if (typeof value === "number") {
      if (!isExact(value) || Object.is(value, -0)) hasOddNumber = true;
      return value;
    }
    if (typeof value !== "object" || value === null) return value;
    containers += 1;
    if (depth > MAX_DEPTH) {
      needsCare = true;
      return null;
    }
    if (Array.isArray(value)) {
      members += value.length;
      return value.map((item) => (typeof item === "string" ? item : sortedCopy(item, depth + 1)));
    }
    const { sorted, isOrdinary } = orderOf(Object.keys(value));
    members += sorted.length;
    if (!isOrdinary) needsCare = true;
    const copy: Record<string, unknown> = {};
    for (const key of sorted) {
      const item = (value as Record<string, unknown>)[key];
      copy[key] = typeof item === "string" ? item : sortedCopy(item, depth + 1);
    }
    return copy;
  }

  return (value) => {
    containers = 0;
    members = 0;
    needsCare = false;
    hasOddNumber = false;
    // A sorted copy and the built-in writer together are faster than writing out strings one by one.
    const sorted = sortedCopy(value, 1);
    const text = needsCare ? "" : JSON.stringify(sorted);
    if (needsCare || hasOddNumber || mayHoldExactDigits(text)) {
      return { text: write(value, (keys) => keys.sort()), containers, members, isPlain: false };
    }
    return { text, containers, members, isPlain: !text.includes(SURROGATE_ESCAPE) };
  };
}

export function canonical(value: unknown): string {
  return createCanonicalize()(value).text;
}

/** The value as JSON, its keys in their own order, at any depth, every number with its own digits. */
export function jsonText(value: unknown): string {
  return write(value, (keys) => keys);
}

interface Order {
  readonly keys: readonly string[];
  readonly sorted: readonly string[];
  /** False: with these keys, a plain object would have them in another order, or lose one. */
  readonly isOrdinary: boolean;
}

/** Remembers the order of the last keys of each length and first key, which is most of the work of sorting. */
function createOrders(): (keys: readonly string[]) => Order {
  const orders = new Map<number, Map<string | undefined, Order>>();
  return (keys) => {
    if (keys.length > SMALL) return sort(keys);
    let sameLength = orders.get(keys.length);
    if (sameLength === undefined) orders.set(keys.length, (sameLength = new Map()));
    const last = sameLength.get(keys[0]);
    if (last !== undefined && areSame(last.keys, keys)) return last;
    const order = sort(keys);
    sameLength.set(keys[0], order);
    return order;
  };
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  for (let index = 1; index < some.length; index++) if (some[index] !== others[index]) return false;
  return true;
}

function sort(keys: readonly string[]): Order {
  // Keys that begin with a digit may be array indexes, which objects put first.
  return { keys, sorted: keys.toSorted(), isOrdinary: keys.every((key) => !/^\d|^__proto__$/.test(key)) };
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
