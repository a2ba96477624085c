import { toMap, type DecodedAttributes, type DecodedRecord, type DecodedValue } from "./decoded.ts";
import { protobufFields, type Field } from "./protobuf-fields.ts";

/**
 * Reads an ExportLogsServiceRequest, by opentelemetry-proto 1.11 and by nothing of OpenTelemetry's code. Throws on an
 * unknown field, a wrong wire type, a field that is there twice, invalid UTF-8 and ids of a wrong length.
 */
export function decodeProtobuf(bytes: Uint8Array): DecodedRecord[] {
  return repeated(readFields(bytes, [1]), 1).flatMap((resourceLogs) => {
    const fields = readFields(resourceLogs, [1, 2, 3]);
    const resource = readFields(single(fields, 1)?.bytes ?? NOTHING, [1, 2]);
    const around = { resource: attributes(resource, 1), resourceSchemaUrl: text(fields, 3) };
    return repeated(fields, 2).flatMap((scopeLogs) => decodeScopeLogs(scopeLogs, around));
  });
}

const NOTHING = new Uint8Array();
/** Numbers of the fields that messages may have. */
const LIST = [1];
const KEY_VALUE = [1, 2];
const ANY_VALUE = [1, 2, 3, 4, 5, 6, 7];
const LOG_RECORD = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12];

function decodeScopeLogs(
  bytes: Uint8Array,
  around: Pick<DecodedRecord, "resource" | "resourceSchemaUrl">,
): DecodedRecord[] {
  const fields = readFields(bytes, [1, 2, 3]);
  const scope = readFields(single(fields, 1)?.bytes ?? NOTHING, [1, 2, 3, 4]);
  const scoped = {
    ...around,
    scope: { name: text(scope, 1), version: text(scope, 2), attributes: attributes(scope, 3) },
    schemaUrl: text(fields, 3),
  };
  return repeated(fields, 2).map((record) => ({ ...scoped, ...decodeRecord(record) }));
}

function decodeRecord(bytes: Uint8Array) {
  const fields = readFields(bytes, LOG_RECORD);
  const body = single(fields, 5);
  return {
    timeUnixNano: fixed64(fields, 1),
    observedTimeUnixNano: fixed64(fields, 11),
    severityNumber: severity(Number(varint(fields, 2))),
    severityText: text(fields, 3),
    eventName: text(fields, 12),
    traceId: id(fields, 9, 16),
    spanId: id(fields, 10, 8),
    flags: single(fields, 8, "fixed32")?.bytes.getUint32(0, true) ?? 0,
    attributes: attributes(fields, 6),
    droppedAttributesCount: Number(varint(fields, 7)),
    body: body === undefined ? undefined : decodeAnyValue(body.bytes),
  };
}

function decodeAnyValue(bytes: Uint8Array): DecodedValue {
  const fields = readFields(bytes, ANY_VALUE);
  const [field, second] = fields;
  if (field === undefined) return null;
  if (second !== undefined) throw new Error("an AnyValue with two values");
  switch (field.number) {
    case 1:
      return text(fields, 1);
    case 2:
      return boolean(varint(fields, 2));
    case 3:
      return BigInt.asIntN(64, varint(fields, 3));
    case 4:
      return single(fields, 4, "fixed64")?.bytes.getFloat64(0, true) ?? 0;
    case 5:
      return repeated(readFields(single(fields, 5)?.bytes ?? NOTHING, LIST), 1).map(decodeAnyValue);
    case 6:
      return attributes(readFields(single(fields, 6)?.bytes ?? NOTHING, LIST), 1);
    default:
      return Uint8Array.from(single(fields, 7)?.bytes ?? NOTHING);
  }
}

function attributes(fields: Fields, number: number): DecodedAttributes {
  return toMap(
    repeated(fields, number).map((bytes) => {
      const pair = readFields(bytes, KEY_VALUE);
      const value = single(pair, 2);
      return [text(pair, 1), value === undefined ? null : decodeAnyValue(value.bytes)];
    }),
  );
}

type Fields = readonly Field[];

function readFields(bytes: Uint8Array, known: readonly number[]): Fields {
  const fields = protobufFields(bytes);
  for (const { number } of fields) if (!known.includes(number)) throw new Error(`protobuf: unknown field ${number}`);
  return fields;
}

type Wire = Field["value"]["wire"];
type Value<W extends Wire> = Extract<Field["value"], { wire: W }>;

function single(fields: Fields, number: number): Value<"bytes"> | undefined;
function single<W extends Wire>(fields: Fields, number: number, wire: W): Value<W> | undefined;
function single(fields: Fields, number: number, wire: Wire = "bytes"): Field["value"] | undefined {
  let found: Field | undefined;
  for (const field of fields) {
    if (field.number !== number) continue;
    if (found !== undefined) throw new Error(`protobuf: the field ${number} is there twice`);
    if (field.value.wire !== wire) throw wrongWire(field);
    found = field;
  }
  return found?.value;
}

function repeated(fields: Fields, number: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const field of fields) {
    if (field.number !== number) continue;
    if (field.value.wire !== "bytes") throw wrongWire(field);
    found.push(field.value.bytes);
  }
  return found;
}

function wrongWire({ number, value }: Field): Error {
  return new Error(`protobuf: the field ${number} is a ${value.wire}`);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function text(fields: Fields, number: number): string {
  const bytes = single(fields, number)?.bytes;
  if (bytes === undefined) return "";
  if (bytes.length > SHORT) return UTF8.decode(bytes);
  // What is short and ASCII is read faster here than by a call into the runtime.
  let found = "";
  for (const byte of bytes) {
    if (byte > 127) return UTF8.decode(bytes);
    found += String.fromCharCode(byte);
  }
  return found;
}
const SHORT = 24;

function varint(fields: Fields, number: number): bigint {
  return single(fields, number, "varint")?.value ?? 0n;
}

function fixed64(fields: Fields, number: number): bigint {
  return single(fields, number, "fixed64")?.bytes.getBigUint64(0, true) ?? 0n;
}

function boolean(value: bigint): boolean {
  if (value > 1n) throw new Error(`a boolean of ${value}`);
  return value === 1n;
}

function id(fields: Fields, number: number, length: number): string {
  const bytes = single(fields, number)?.bytes ?? NOTHING;
  if (bytes.length !== 0 && bytes.length !== length) throw new Error(`an id of ${bytes.length} bytes`);
  if (bytes.length > 0 && bytes.every((byte) => byte === 0)) throw new Error("an id of zeros");
  return Buffer.from(bytes).toString("hex");
}

export function severity(number: number): number {
  if (!Number.isInteger(number) || number < 0 || number > 24) throw new Error(`a severity number of ${number}`);
  return number;
}
