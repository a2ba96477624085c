import { valueAt, type Fields } from "./fields.ts";
import { exactDigits, isExact } from "./lossless.ts";

export type AttributeValue = string | number | boolean | readonly string[];

/** One attribute of a source's records. */
export interface AttributeRule {
  /** OpenTelemetry's name (semantic conventions 1.45) where there is one, else `slack.…`. */
  readonly name: string;
  /** Where the value stands in the entry, keys joined by dots. Of several, the first neither absent nor null. */
  readonly from: string | readonly string[];
  /** In place of plain reading, where there is more to it; `from` is for people then. */
  readonly read?: (entry: Fields) => unknown;
  /** Default: `text`. `list`: a comma-separated text as an array. */
  readonly as?: "text" | "number" | "list";
}

/** Reads all attributes of a table. An absent, null or unfit value leaves its attribute out. Never throws. */
export type ReadAttributes = (entry: Fields, into: Record<string, AttributeValue>) => void;

const converters = { text: toText, number: toNumber, list: toList };

export function createReadAttributes(rules: readonly AttributeRule[]): ReadAttributes {
  const prepared = rules.map(({ name, from, read, as = "text" }) => {
    const paths = [from].flat().map((path) => path.split("."));
    const [only = [], ...others] = paths;
    const readPath = others.length === 0 ? (entry: Fields) => valueAt(entry, only) : firstOf(paths);
    return { name, read: read ?? readPath, convert: converters[as] };
  });
  return (entry, into) => {
    for (const { name, read, convert } of prepared) {
      const value = read(entry);
      if (value === undefined || value === null) continue;
      const converted = convert(value);
      if (converted !== undefined) into[name] = converted;
    }
  };
}

/** A number or boolean where text is documented becomes its text; arrays and objects are nothing. Well-formed. */
export function toText(value: unknown): string | undefined {
  if (typeof value === "string") return exactDigits(value) ?? value.toWellFormed();
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** A number may be written as decimal text. Integers beyond 2^53 keep their digits as text; no infinities. */
function toNumber(value: unknown): number | string | undefined {
  const digits = exactDigits(value) ?? value;
  if (typeof digits === "string" && !/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(digits)) return undefined;
  if (typeof digits !== "string" && typeof digits !== "number") return undefined;
  const number = Number(digits);
  if (!Number.isFinite(number)) return undefined;
  // Adding 0 turns -0 into 0.
  return isExact(number) ? number + 0 : String(digits);
}

function toList(value: unknown): readonly string[] | undefined {
  const items = Array.isArray(value) ? value : toText(value)?.split(",");
  const texts = (items ?? []).flatMap((item) => toText(item)?.trim() || []);
  return texts.length === 0 ? undefined : texts;
}

function firstOf(paths: readonly (readonly string[])[]): (entry: Fields) => unknown {
  return (entry) => {
    for (const path of paths) {
      const value = valueAt(entry, path);
      if (value !== undefined && value !== null) return value;
    }
    return undefined;
  };
}
