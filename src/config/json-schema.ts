import { z } from "zod";
import { variablesFor } from "./environment.ts";
import { configurationSchema } from "./schema.ts";

type Json = z.core.JSONSchema.BaseSchema;

const reference = "#/$defs/reference";

/** The JSON Schema of the configuration file (draft 2020-12), as `slack-otel schema` prints it. */
export function jsonSchemaText(): string {
  const schema = z.toJSONSchema(configurationSchema, { io: "input", unrepresentable: "any" });
  const { $schema, ...root } = asFilesAreWritten(schema, []);
  const $defs = {
    reference: {
      type: "string",
      pattern: String.raw`\$\{(?:(?:env:)?[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?|file:[^}]+)\}`,
      description: "Taken from elsewhere: ${env:NAME}, ${env:NAME:-default} or ${file:/path}",
    },
  };
  return `${JSON.stringify({ $schema, title: "slack-otel", ...root, $defs }, undefined, 2)}\n`;
}

/**
 * Any scalar may be a reference, a mapping may be left empty (YAML's null), and what a variable can give is not
 * required in the file.
 */
function asFilesAreWritten(schema: Json, path: readonly PropertyKey[]): Json {
  const { properties, additionalProperties, required, default: _emptyMapping, ...rest } = schema;
  if (schema.anyOf?.some(({ type }) => type === "object") === true) {
    const { anyOf, default: _empty, ...rest } = schema;
    return { ...rest, anyOf: anyOf.map((way) => asFilesAreWritten(way, path)) };
  }
  if (schema.type === "array") return { ...schema, items: asFilesAreWritten(schema.items as Json, [...path, 0]) };
  if (schema.type !== "object") return orReference(schema);
  const needed = required?.filter((key) => variablesFor([...path, key]).length === 0) ?? [];
  const mayBeEmpty = path.length > 0 && schema.minProperties === undefined;
  return {
    ...rest,
    type: mayBeEmpty ? (["object", "null"] as unknown as "object") : "object",
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, below]) => [key, asFilesAreWritten(below as Json, [...path, key])]),
          ),
        }),
    ...(needed.length === 0 ? {} : { required: needed }),
    additionalProperties:
      typeof additionalProperties === "object"
        ? asFilesAreWritten(additionalProperties, [...path, "*"])
        : (additionalProperties ?? false),
  };
}

function orReference(schema: Json): Json {
  const { description, default: byDefault, examples, anyOf, ...rest } = schema;
  const isAnyText = schema.type === "string" && schema.pattern === undefined && schema.enum === undefined;
  if (isAnyText) return schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { default: byDefault }),
    ...(examples === undefined ? {} : { examples }),
    anyOf: [...(anyOf ?? [rest]), { $ref: reference }],
  };
}
