import { z } from "zod";

type Field = z.core.$ZodTypes;

const MAPPINGS: readonly Field["_zod"]["def"]["type"][] = ["object", "record"];

/** The field at a path below a schema; `undefined` where the schema knows no such key. */
export function fieldOf(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let field: z.core.$ZodType | undefined = schema;
  for (const key of path) {
    const parent: Field = written(field);
    const { def } = (typeof key === "number" ? listOf(parent) : mappingOf(parent))._zod;
    if (def.type === "array") field = def.element;
    else if (def.type === "object") field = Object.hasOwn(def.shape, key) ? def.shape[String(key)] : undefined;
    else field = def.type === "record" ? def.valueType : undefined;
    if (field === undefined) return undefined;
  }
  return field;
}

/** The keys that a mapping may have; `undefined` where any goes, and for what is no mapping. */
export function knownKeys(field: z.core.$ZodType): readonly string[] | undefined {
  const { def } = mappingOf(written(field))._zod;
  return def.type === "object" ? Object.keys(def.shape) : undefined;
}

export function isMapping(field: z.core.$ZodType): boolean {
  return MAPPINGS.includes(mappingOf(written(field))._zod.def.type);
}

/** Whether a text is a possible way to write the field, so that a variable's text is not read as a number. */
export function takesText(field: z.core.$ZodType): boolean {
  const { def } = written(field)._zod;
  if (def.type === "union") return def.options.some(takesText);
  return !["number", "boolean", "int", "object", "record", "array"].includes(def.type);
}

/** What the field and all that wraps it say about it: description, examples, `writeOnly`. */
export function metaOf(field: z.core.$ZodType): z.GlobalMeta {
  const inner = innerOf(field as Field);
  return { ...(inner === undefined ? {} : metaOf(inner)), ...z.globalRegistry.get(field) };
}

export function isSecretField(field: z.core.$ZodType): boolean {
  return metaOf(field)["writeOnly"] === true;
}

/** A field's default as it would be written; `undefined` where it has none, or only an empty mapping. */
export function defaultOf(field: z.core.$ZodType): unknown {
  const { def } = (field as Field)._zod;
  if ("defaultValue" in def) return typeof def.defaultValue === "object" ? undefined : def.defaultValue;
  const inner = innerOf(field as Field);
  return inner === undefined ? undefined : defaultOf(inner);
}

/** The field as it is written, without its default and what becomes of it. */
function written(field: z.core.$ZodType): Field {
  const inner = innerOf(field as Field);
  return inner === undefined ? (field as Field) : written(inner);
}

/** Of a field that may be written as a mapping or otherwise, the mapping. */
function mappingOf(field: Field): Field {
  return optionOf(field, MAPPINGS);
}

function listOf(field: Field): Field {
  return optionOf(field, ["array"]);
}

function optionOf(field: Field, types: typeof MAPPINGS): Field {
  const { def } = field._zod;
  if (def.type !== "union") return field;
  return def.options.map(written).find((option) => types.includes(option._zod.def.type)) ?? field;
}

function innerOf(field: Field): z.core.$ZodType | undefined {
  const { def } = field._zod;
  if (def.type === "pipe") return def.in;
  return "innerType" in def ? def.innerType : undefined;
}
