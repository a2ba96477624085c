import { toMap, type DecodedAttributes, type DecodedRecord, type DecodedValue } from "./decoded.ts";
import { severity } from "./otlp-protobuf.ts";

/**
 * Reads an ExportLogsServiceRequest in OTLP's JSON form (OTLP 1.11, "JSON Protobuf Encoding"). Throws on unknown keys,
 * wrong types, integers that a double cannot hold, and texts that are not well-formed.
 */
export function decodeJson(text: string): DecodedRecord[] {
  const request = object(JSON.parse(text), ["resourceLogs"]);
  return list(request["resourceLogs"]).flatMap((item) => {
    const resourceLogs = object(item, ["resource", "scopeLogs", "schemaUrl"]);
    const resource = object(resourceLogs["resource"] ?? {}, ["attributes", "droppedAttributesCount", "schemaUrl"]);
    const around = {
      resource: attributes(resource["attributes"]),
      resourceSchemaUrl: string(resourceLogs["schemaUrl"]),
    };
    return list(resourceLogs["scopeLogs"]).flatMap((scopeLogs) => decodeScopeLogs(scopeLogs, around));
  });
}

function decodeScopeLogs(value: unknown, around: Pick<DecodedRecord, "resource" | "resourceSchemaUrl">) {
  const scopeLogs = object(value, ["scope", "logRecords", "schemaUrl"]);
  const scope = object(scopeLogs["scope"] ?? {}, ["name", "version", "attributes", "droppedAttributesCount"]);
  const scoped = {
    ...around,
    scope: {
      name: string(scope["name"]),
      version: string(scope["version"]),
      attributes: attributes(scope["attributes"]),
    },
    schemaUrl: string(scopeLogs["schemaUrl"]),
  };
  return list(scopeLogs["logRecords"]).map((record) => ({ ...scoped, ...decodeRecord(record) }));
}

const RECORD_KEYS = [
  "timeUnixNano",
  "observedTimeUnixNano",
  "severityNumber",
  "severityText",
  "body",
  "attributes",
  "droppedAttributesCount",
  "flags",
  "traceId",
  "spanId",
  "eventName",
];

function decodeRecord(value: unknown) {
  const record = object(value, RECORD_KEYS);
  return {
    timeUnixNano: integer(record["timeUnixNano"], 0n, 2n ** 64n),
    observedTimeUnixNano: integer(record["observedTimeUnixNano"], 0n, 2n ** 64n),
    severityNumber: severity(number(record["severityNumber"])),
    severityText: string(record["severityText"]),
    eventName: string(record["eventName"]),
    traceId: id(record["traceId"], 32),
    spanId: id(record["spanId"], 16),
    flags: number(record["flags"]),
    attributes: attributes(record["attributes"]),
    droppedAttributesCount: number(record["droppedAttributesCount"]),
    body: record["body"] === undefined ? undefined : decodeAnyValue(record["body"]),
  };
}

function decodeAnyValue(value: unknown): DecodedValue {
  const entries = Object.entries(object(value));
  const [entry] = entries;
  if (entry === undefined) return null;
  if (entries.length > 1) throw new Error("an AnyValue with two values");
  const [kind, content] = entry;
  switch (kind) {
    case "stringValue":
      return required(string, content);
    case "boolValue":
      if (typeof content !== "boolean") throw wrong("a boolean", content);
      return content;
    case "intValue":
      return required((value) => integer(value, -(2n ** 63n), 2n ** 63n), content);
    case "doubleValue":
      return double(content);
    case "bytesValue":
      return base64(content);
    case "arrayValue":
      return list(object(content, ["values"])["values"]).map(decodeAnyValue);
    case "kvlistValue":
      return attributes(object(content, ["values"])["values"]);
    default:
      throw new Error(`an AnyValue of the kind ${kind}`);
  }
}

function attributes(value: unknown): DecodedAttributes {
  return toMap(
    list(value).map((item) => {
      const pair = object(item, ["key", "value"]);
      // Proto3 JSON leaves out what is empty, a key as well.
      return [string(pair["key"]), pair["value"] === undefined ? null : decodeAnyValue(pair["value"])];
    }),
  );
}

function object(value: unknown, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("an object", value);
  for (const key of Object.keys(value)) {
    if (known !== undefined && !known.includes(key)) throw new Error(`the unknown key ${JSON.stringify(key)}`);
  }
  return value as Record<string, unknown>;
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrong("an array", value);
  return value;
}

/** Absent fields have a default, but a value that is the content of another may not be left out. */
function required<T>(read: (value: unknown) => T, value: unknown): T {
  if (value === undefined || value === null) throw wrong("a value", value);
  return read(value);
}

function string(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "string") throw wrong("a string", value);
  if (!value.isWellFormed()) throw new Error("a string with a lone surrogate");
  return value;
}

function number(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw wrong("a number", value);
  return value;
}

/** 64-bit integers are decimal texts; numbers are allowed on reading. `below` is exclusive. */
function integer(value: unknown, from: bigint, below: bigint): bigint {
  if (value === undefined) return 0n;
  if (
    typeof value === "number" ? !Number.isSafeInteger(value) : !(typeof value === "string" && /^-?\d+$/.test(value))
  ) {
    throw wrong("an integer", value);
  }
  const result = BigInt(value as string | number);
  if (result < from || result >= below) throw new Error(`the integer ${result} is out of range`);
  return result;
}

function double(value: unknown): number {
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  if (typeof value !== "number") throw wrong("a double", value);
  return value;
}

function base64(value: unknown): Uint8Array {
  const text = required(string, value);
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw wrong("base64", value);
  return Uint8Array.from(bytes);
}

function id(value: unknown, length: number): string {
  const text = string(value).toLowerCase();
  if (value === undefined) return "";
  if (!new RegExp(`^[0-9a-f]{${length}}$`).test(text) || /^0+$/.test(text)) throw wrong(`${length} hex digits`, value);
  return text;
}

function wrong(wanted: string, value: unknown): Error {
  return new Error(`${JSON.stringify(value)} is not ${wanted}`);
}
