import type { z } from "zod";
import { variablesFor } from "./environment.ts";
import { defaultOf, fieldOf, isMapping, knownKeys, metaOf } from "./field-of.ts";
import { type ConfigurationError, keyText, type Layer, placeOf, valueAt } from "./layer.ts";
import { nearest } from "./nearest.ts";

type Issue = z.core.$ZodIssue;

/**
 * Of what may be a mapping or a list, zod tells everything that is wrong with it either way: what counts is what is wrong
 * with it as it was written.
 */
export function asWritten(issues: readonly Issue[]): readonly Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "invalid_union") return [issue];
    const way = issue.errors.find((inner) => !inner.some(isOtherKind));
    return way === undefined
      ? [issue]
      : asWritten(way.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
  });
}

function isOtherKind({ code, path }: Issue): boolean {
  return path.length === 0 && (code === "invalid_type" || code === "invalid_value");
}

/** What zod found, in words for the person who wrote the file. Values are not shown: any may be a secret. */
export function problemsOf(issues: readonly Issue[], layer: Layer, schema: z.core.$ZodType): ConfigurationError[] {
  return issues.flatMap((issue) => {
    const where = placeOf(layer, issue.path) ?? "environment";
    const field = fieldOf(schema, issue.path);
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => unknownKey(key, [...issue.path, key], layer, field));
    const found =
      issue.code === "invalid_key"
        ? { problem: issue.issues[0]?.message ?? "is not a key", remedy: "write another key" }
        : fault(issue, valueAt(layer.value, issue.path), field);
    return [{ where, key: keyText(issue.path), ...found }];
  });
}

function unknownKey(
  key: string,
  path: readonly PropertyKey[],
  layer: Layer,
  parent: z.core.$ZodType | undefined,
): ConfigurationError {
  const known = parent === undefined ? [] : (knownKeys(parent) ?? []);
  const near = nearest(key, known);
  const remedy =
    near === undefined ? "nothing may be set here" : `did you mean ${near}? Known here: ${known.join(", ")}`;
  return { where: placeOf(layer, path) ?? "environment", key: keyText(path), problem: "is an unknown key", remedy };
}

function fault(issue: Issue, value: unknown, field: z.core.$ZodType | undefined) {
  const ownRemedy = issue.code === "custom" ? issue.params?.["remedy"] : undefined;
  if (typeof ownRemedy === "string") return { problem: issue.message, remedy: ownRemedy };
  const remedy = howToWrite(issue, field);
  if (value === undefined)
    return { problem: "is missing", remedy: [remedy, ...fromEnvironment(issue.path)].join(", or ") };
  if (value === null) return { problem: "has no value", remedy: `${remedy}, or leave the key out` };
  return { problem: problem(issue, field), remedy };
}

function problem(issue: Issue, field: z.core.$ZodType | undefined): string {
  if (issue.code === "invalid_type" && field !== undefined && isMapping(field)) return "is not a mapping";
  if (issue.code === "invalid_type" && ["int", "number"].includes(issue.expected)) return "is not a whole number";
  if (issue.code === "invalid_type") return plain(issue, "is not text");
  if (issue.code === "invalid_value") return "is none of the values that are known";
  if (issue.code === "too_small") return plain(issue, `is too small: at least ${issue.minimum}`);
  if (issue.code === "too_big") return plain(issue, `is too large: at most ${issue.maximum}`);
  return plain(issue, "is not allowed");
}

/** A field's own words, where it has some: zod's begin with a capital. */
function plain(issue: Issue, otherwise: string): string {
  return /^[A-Z]/.test(issue.message) ? otherwise : issue.message;
}

function howToWrite(issue: Issue, field: z.core.$ZodType | undefined): string {
  if (issue.code === "invalid_value") return `write ${alternatives(issue.values)}`;
  const examples = field === undefined ? [] : examplesOf(field);
  if (examples.length > 0) return `write for example ${alternatives(examples)}`;
  if (field !== undefined && isMapping(field)) return `write keys below it${known(field)}`;
  if (issue.code === "invalid_type" && issue.expected === "string")
    return "write a text, in quotes if it looks like a number";
  return "write a whole number without a unit";
}

/** The default is the best example. */
function examplesOf(field: z.core.$ZodType): readonly unknown[] {
  const byDefault = defaultOf(field);
  const { examples } = metaOf(field);
  const all = [byDefault, ...(Array.isArray(examples) ? examples : [])].filter((example) => example !== undefined);
  return [...new Set(all)].slice(0, 3);
}

function known(field: z.core.$ZodType): string {
  const keys = knownKeys(field) ?? [];
  return keys.length === 0 ? "" : `: ${keys.join(", ")}`;
}

function fromEnvironment(path: readonly PropertyKey[]): readonly string[] {
  const names = variablesFor(path);
  return names.length === 0 ? [] : [`set ${alternatives(names)}`];
}

function alternatives(values: readonly unknown[]): string {
  const texts = values.map(String);
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} or ${texts.at(-1)}`;
}
