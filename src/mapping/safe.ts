import { jsonText } from "./canonical.ts";
import { exactDigits } from "./lossless.ts";

/** Deeper than this a value becomes its JSON text: receivers and encoders overflow somewhere below. */
const MAX_DEPTH = 64;

/** What had to be changed so that every receiver can take the entry. */
export type Repair = "number" | "text" | "depth";

/** A copy that every encoder and receiver takes: see the rules on hostile input. Notes what it repaired. */
export function safeValue(value: unknown, repairs: Set<Repair>, depth = 0): unknown {
  switch (typeof value) {
    case "string":
      return safeString(value, repairs);
    case "number":
      return safeNumber(value, repairs);
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (depth >= MAX_DEPTH) {
    repairs.add("depth");
    return safeString(jsonText(value), repairs);
  }
  if (Array.isArray(value)) return value.map((item) => safeValue(item, repairs, depth + 1));
  const safe: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = safeValue((value as Readonly<Record<string, unknown>>)[key], repairs, depth + 1);
    const name = safeText(key, repairs);
    // Plain assignment would lose this key and swap the prototype.
    if (name === "__proto__") Object.defineProperty(safe, name, { value: item, enumerable: true, configurable: true, writable: true });
    else safe[name] = item;
  }
  return safe;
}

function safeNumber(value: number, repairs: Set<Repair>): number | string {
  if (Object.is(value, -0)) return 0;
  if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return value;
  repairs.add("number");
  return String(value);
}

function safeString(value: string, repairs: Set<Repair>): string {
  const digits = exactDigits(value);
  if (digits === undefined) return safeText(value, repairs);
  repairs.add("number");
  return digits;
}

/** Well-formed Unicode, and NUL as its escape: both are legal JSON and break receivers. */
export function safeText(value: string, repairs: Set<Repair>): string {
  if (value.isWellFormed() && !value.includes("\u0000")) return value;
  repairs.add("text");
  return value.toWellFormed().replaceAll("\u0000", "\\u0000");
}
