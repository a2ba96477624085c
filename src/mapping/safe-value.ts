import type { AnyValue } from "@opentelemetry/api";
import { jsonText, MAX_DEPTH } from "./canonical.ts";
import { exactDigits, isExact } from "./lossless.ts";

/** What had to be changed so that every receiver can take an entry. `length`: its event name was cut. */
export type Repair = "depth" | "length" | "number" | "text";

/**
 * The value with every key and value kept, as every receiver can take it: texts well-formed, numbers beyond 2^53 as the
 * text of their digits, and what is nested more than 64 levels deep as its JSON text. `repairs` collects what was
 * changed.
 */
export function toSafeValue(value: unknown, repairs: Set<Repair>): AnyValue {
  return safe(value, 1, repairs);
}

function safe(value: unknown, depth: number, repairs: Set<Repair>): AnyValue {
  if (typeof value === "string") {
    const digits = exactDigits(value);
    if (digits === undefined) return wellFormed(value, repairs);
    repairs.add("number");
    return digits;
  }
  if (typeof value === "number") {
    // Adding 0 turns -0 into 0.
    if (isExact(value)) return value + 0;
    repairs.add("number");
    return String(value);
  }
  if (typeof value === "object" && value !== null) return safeContainer(value, depth, repairs);
  return typeof value === "boolean" ? value : null;
}

function safeContainer(value: object, depth: number, repairs: Set<Repair>): AnyValue {
  if (depth > MAX_DEPTH) {
    repairs.add("depth");
    return jsonText(value);
  }
  if (Array.isArray(value)) return value.map((item) => safe(item, depth + 1, repairs));
  const names = safeNames(Object.keys(value), repairs);
  // Unlike assignment, this keeps a key `__proto__` as data.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [names?.get(key) ?? key, safe(item, depth + 1, repairs)]),
  );
}

/**
 * New names for the keys that need one, if any. Keys that differ in their lone surrogates alone must not become one,
 * and which of them becomes what must not depend on their order.
 */
function safeNames(keys: readonly string[], repairs: Set<Repair>): ReadonlyMap<string, string> | undefined {
  const broken = keys.filter((key) => !key.isWellFormed());
  if (broken.length === 0) return undefined;
  repairs.add("text");
  const taken = new Set(keys);
  const names = new Map<string, string>();
  for (const key of broken.sort()) {
    let name = key.toWellFormed();
    while (taken.has(name)) name += "\uFFFD";
    taken.add(name);
    names.set(key, name);
  }
  return names;
}

function wellFormed(text: string, repairs: Set<Repair>): string {
  if (text.isWellFormed()) return text;
  repairs.add("text");
  return text.toWellFormed();
}
