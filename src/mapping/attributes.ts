import { valueAt, type Fields } from "./fields.ts";
import { exactDigits, isExact } from "./lossless.ts";
import type { Mapping } from "./mapping.ts";

/** Entries of one source have far fewer combinations of attributes. */
const MAX_BLANKS = 1_000;

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

/**
 * Reads all attributes of a table, after the two that every record has. An absent, null or unfit value leaves its
 * attribute out. Never throws.
 */
export type ReadAttributes = (entry: Fields, uid: string) => Record<string, AttributeValue>;

const converters = { text: toText, number: toNumber, list: toList };

export function createReadAttributes({ method, attributes }: Pick<Mapping, "method" | "attributes">): ReadAttributes {
  const rules = attributes.map(({ name, from, read, as = "text" }) => {
    const paths = [from].flat().map((path) => path.split("."));
    const [only = [], ...others] = paths;
    const readPath = others.length === 0 ? (entry: Fields) => valueAt(entry, only) : firstOf(paths);
    return { name, read: read ?? readPath, convert: converters[as] };
  });
  const values: (AttributeValue | undefined)[] = rules.map(() => undefined);
  const blanks = new Map<number, Readonly<Record<string, AttributeValue>>>();

  function blankOf(present: number): Readonly<Record<string, AttributeValue>> {
    let blank = blanks.get(present);
    if (blank === undefined) {
      const names = rules.flatMap(({ name }, index) => (values[index] === undefined ? [] : name));
      blank = blankWith(["log.record.uid", "slack.method", ...names]);
      if (blanks.size < MAX_BLANKS) blanks.set(present, blank);
    }
    return blank;
  }

  return (entry, uid) => {
    // Which of the rules found something, a bit each.
    let present = 0;
    for (let index = 0; index < rules.length; index++) {
      const { read, convert } = rules[index]!;
      const value = read(entry);
      const converted = value === undefined || value === null ? undefined : convert(value);
      values[index] = converted;
      present = present * 2 + (converted === undefined ? 0 : 1);
    }
    const found: Record<string, AttributeValue> = { ...blankOf(present) };
    found["log.record.uid"] = uid;
    found["slack.method"] = method;
    for (let index = 0; index < rules.length; index++) {
      const value = values[index];
      if (value !== undefined) found[rules[index]!.name] = value;
    }
    return found;
  };
}

/**
 * An object with these keys, to be copied. V8 keeps one that grew by so many keys as a hash table, which is slow to make
 * and to walk; one that came out of its JSON parser has fields, and so has a copy of it.
 */
function blankWith(names: readonly string[]): Readonly<Record<string, AttributeValue>> {
  return JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:""`).join(",")}}`) as Record<string, string>;
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
