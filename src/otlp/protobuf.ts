import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";

/*
 * ExportLogsServiceRequest in protobuf (opentelemetry-proto 1.11: collector/logs/v1, logs/v1, common/v1), byte for byte
 * what `ProtobufLogsSerializer` of @opentelemetry/otlp-transformer makes of the same records; a test holds the two
 * together. It is here because that one takes three times as long, and encoding is the largest part of what a record
 * costs. It writes from the last byte to the first, so that the length of what a message holds is known when it is due.
 *
 * Tags are field number * 8 + wire type, in one byte.
 */

/** Texts shorter than this are copied faster here than by a call into the runtime. */
const SHORT = 40;

interface Writer {
  buffer: Buffer;
  view: DataView;
  /** What is written begins here and ends where the buffer does. */
  start: number;
  readonly keys: Keys;
}

function createWriter(bytes: number): Writer {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return { buffer, view: new DataView(buffer.buffer), start: buffer.length, keys: { lists: [], fields: new Map() } };
}

interface Logged {
  readonly log: ReadableLogRecord;
}

/**
 * Records as one ExportLogsServiceRequest, grouped by the objects that are their resource and scope, in the order of
 * both and within. `expectedBytes` is where the buffer begins; it grows. Values are those of mapping: no bigint, no
 * class but plain objects, arrays and scalars.
 */
export function serializeProtobuf(records: readonly Logged[], expectedBytes: number): Uint8Array {
  const writer = createWriter(Math.max(1024, expectedBytes));
  if (!writeAlike(writer, records)) {
    writer.start = writer.buffer.length;
    for (const scopes of grouped(records.map(({ log }) => log)).toReversed()) writeResourceLogs(writer, scopes);
  }
  return writer.buffer.subarray(writer.start);
}

/**
 * Records of one resource and scope, which is what a batch of one stream is. Each log is asked for when it is its turn,
 * for one made on demand is garbage before the next. False: they are not alike, and what was written is not to be used.
 */
function writeAlike(w: Writer, records: readonly Logged[]): boolean {
  const first = records[0]?.log;
  if (first === undefined) return true;
  for (let i = records.length - 1; i >= 0; i--) {
    const { log } = records[i]!;
    if (log.resource !== first.resource || log.instrumentationScope !== first.instrumentationScope) return false;
    writeRecord(w, log);
  }
  writeScope(w, first, 0);
  writeResource(w, first, 0);
  return true;
}

/** By resource, then by scope. */
function grouped(records: readonly ReadableLogRecord[]): ReadableLogRecord[][][] {
  const resources = new Map<unknown, Map<unknown, ReadableLogRecord[]>>();
  for (const record of records) {
    let scopes = resources.get(record.resource);
    if (scopes === undefined) resources.set(record.resource, (scopes = new Map()));
    const same = scopes.get(record.instrumentationScope);
    if (same === undefined) scopes.set(record.instrumentationScope, [record]);
    else same.push(record);
  }
  return [...resources.values()].map((scopes) => [...scopes.values()]);
}

function writeResourceLogs(w: Writer, scopes: ReadableLogRecord[][]): void {
  const end = written(w);
  for (let i = scopes.length - 1; i >= 0; i--) {
    const records = scopes[i]!;
    const scopeEnd = written(w);
    for (let j = records.length - 1; j >= 0; j--) writeRecord(w, records[j]!);
    writeScope(w, records[0]!, scopeEnd);
  }
  writeResource(w, scopes[0]![0]!, end);
}

/** Closes a ScopeLogs whose records end at `end`. */
function writeScope(w: Writer, { instrumentationScope: { name, version } }: ReadableLogRecord, end: number): void {
  const nameEnd = written(w);
  if (version) writeText(w, 0x12, version);
  writeText(w, 0x0a, name);
  writeLength(w, 0x0a, nameEnd);
  writeLength(w, 0x12, end);
}

/** Closes a ResourceLogs whose scopes end at `end`. */
function writeResource(w: Writer, { resource }: ReadableLogRecord, end: number): void {
  const resourceEnd = written(w);
  ensure(w, 2);
  w.buffer[--w.start] = 0;
  w.buffer[--w.start] = 0x10;
  writeAttributes(w, 0x0a, resource.attributes);
  writeLength(w, 0x0a, resourceEnd);
  writeLength(w, 0x0a, end);
}

function writeRecord(w: Writer, record: ReadableLogRecord): void {
  const end = written(w);
  if (record.eventName) writeText(w, 0x62, record.eventName);
  writeTime(w, 0x59, record.hrTimeObserved);
  const context = record.spanContext;
  if (context !== undefined) {
    if (context.spanId) writeHex(w, 0x52, context.spanId);
    if (context.traceId) writeHex(w, 0x4a, context.traceId);
    if (context.traceFlags) {
      ensure(w, 5);
      w.start -= 4;
      w.view.setUint32(w.start, context.traceFlags, true);
      w.buffer[--w.start] = 0x45;
    }
  }
  writeVarint(w, 0x38, record.droppedAttributesCount);
  writeAttributes(w, 0x32, record.attributes);
  if (record.body !== undefined) {
    const bodyEnd = written(w);
    writeValue(w, record.body);
    writeLength(w, 0x2a, bodyEnd);
  }
  if (record.severityText) writeText(w, 0x1a, record.severityText);
  if (record.severityNumber) writeVarint(w, 0x10, record.severityNumber);
  writeTime(w, 0x09, record.hrTime);
  writeLength(w, 0x12, end);
}

function writeAttributes(w: Writer, tag: number, attributes: Readonly<Record<string, unknown>>): void {
  const keys = Object.keys(attributes);
  const fields = keyFields(w.keys, keys);
  const values = Object.values(attributes);
  for (let i = values.length - 1; i >= 0; i--) {
    const end = written(w);
    writeValue(w, values[i]);
    writeLength(w, 0x12, end);
    const field = fields[i]!;
    ensure(w, field.length);
    const { buffer } = w;
    let { start } = w;
    for (let at = field.length - 1; at >= 0; at--) buffer[--start] = field[at]!;
    w.start = start;
    writeLength(w, tag, end);
  }
}

/** What is none of these kinds is an AnyValue without a value. */
function writeValue(w: Writer, value: unknown): void {
  if (typeof value === "string") writeText(w, 0x0a, value);
  else if (typeof value === "number") writeNumber(w, value);
  else if (typeof value === "boolean") {
    ensure(w, 2);
    w.buffer[--w.start] = value ? 1 : 0;
    w.buffer[--w.start] = 0x10;
  } else if (typeof value === "object" && value !== null) writeComposite(w, value);
}

function writeComposite(w: Writer, value: object): void {
  const end = written(w);
  if (!Array.isArray(value)) {
    writeAttributes(w, 0x0a, value as Readonly<Record<string, unknown>>);
    writeLength(w, 0x32, end);
    return;
  }
  for (let i = value.length - 1; i >= 0; i--) {
    const itemEnd = written(w);
    writeValue(w, value[i]);
    writeLength(w, 0x0a, itemEnd);
  }
  writeLength(w, 0x2a, end);
}

function writeNumber(w: Writer, value: number): void {
  ensure(w, 11);
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) {
    if (value >= 0 && value < 2 ** 53) writeVarint(w, 0x18, value);
    else writeBig(w, value);
    return;
  }
  w.start -= 8;
  w.view.setFloat64(w.start, value, true);
  w.buffer[--w.start] = 0x21;
}

function writeBig(w: Writer, value: number): void {
  const bytes: number[] = [0x18];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  w.start -= bytes.length;
  w.buffer.set(bytes, w.start);
}

const TWO_32 = 2 ** 32;

function writeTime(w: Writer, tag: number, [seconds, nanos]: readonly [number, number]): void {
  ensure(w, 9);
  // seconds * 1e9 in two halves, each exact.
  const low = (seconds % 65536) * 1e9 + nanos;
  const high = Math.floor(seconds / 65536) * 1e9;
  const sum = (high % 65536) * 65536 + low;
  w.start -= 8;
  w.view.setUint32(w.start, sum % TWO_32, true);
  w.view.setUint32(w.start + 4, Math.floor(high / 65536) + Math.floor(sum / TWO_32), true);
  w.buffer[--w.start] = tag;
}

function writeHex(w: Writer, tag: number, hex: string): void {
  const length = hex.length >>> 1;
  ensure(w, length + 2);
  w.start -= length;
  w.buffer.write(hex, w.start, length, "hex");
  w.buffer[--w.start] = length;
  w.buffer[--w.start] = tag;
}

function writeText(w: Writer, tag: number, text: string): void {
  const { length } = text;
  ensure(w, length * 3 + 6);
  const { buffer } = w;
  let { start } = w;
  if (length < SHORT) {
    for (let i = length - 1; i >= 0; i--) {
      const code = text.charCodeAt(i);
      if (code > 127) return writeLong(w, tag, text);
      buffer[--start] = code;
    }
    buffer[--start] = length;
    buffer[--start] = tag;
    w.start = start;
    return;
  }
  writeLong(w, tag, text);
}

function writeLong(w: Writer, tag: number, text: string): void {
  const end = written(w);
  const length = Buffer.byteLength(text);
  w.start -= length;
  w.buffer.write(text, w.start, length, "utf8");
  writeLength(w, tag, end);
}

function writeLength(w: Writer, tag: number, end: number): void {
  writeVarint(w, tag, written(w) - end);
}

function writeVarint(w: Writer, tag: number, value: number): void {
  ensure(w, 11);
  const { buffer } = w;
  let start = w.start;
  if (value < 128) {
    buffer[--start] = value;
  } else if (value < 16384) {
    buffer[--start] = value >>> 7;
    buffer[--start] = (value & 127) | 128;
  } else {
    let size = 3;
    for (let bound = 2097152; value >= bound; bound *= 128) size++;
    start -= size;
    let at = start;
    let rest = value;
    for (; rest >= TWO_32; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) | 128;
    for (; rest > 127; rest >>>= 7) buffer[at++] = (rest & 127) | 128;
    buffer[at] = rest;
  }
  buffer[--start] = tag;
  w.start = start;
}

function written(w: Writer): number {
  return w.buffer.length - w.start;
}

function ensure(w: Writer, size: number): void {
  if (w.start >= size) return;
  const used = w.buffer.length - w.start;
  const larger = Buffer.allocUnsafeSlow(Math.max(w.buffer.length * 2, (used + size) * 2));
  w.buffer.copy(larger, larger.length - used, w.start);
  w.start = larger.length - used;
  w.buffer = larger;
  w.view = new DataView(larger.buffer);
}

/** So many lists of keys of each length are remembered. */
const REMEMBERED = 24;

/** What was made of keys before: lists by their length, and each key. */
interface Keys {
  readonly lists: { readonly keys: readonly string[]; readonly fields: readonly Uint8Array[] }[][];
  readonly fields: Map<string, Uint8Array>;
}

/**
 * Keys as protobuf has them: field 1, length and UTF-8. What many objects of a batch have in common is the list of
 * their keys.
 */
function keyFields({ lists, fields }: Keys, keys: readonly string[]): readonly Uint8Array[] {
  const sameLength = (lists[Math.min(keys.length, 64)] ??= []);
  for (let index = 0; index < sameLength.length; index++) {
    const known = sameLength[index]!;
    if (areSame(known.keys, keys)) return known.fields;
  }
  const found = keys.map((key) => {
    const field = fields.get(key) ?? toKeyField(key);
    fields.set(key, field);
    return field;
  });
  if (sameLength.length < REMEMBERED) sameLength.push({ keys, fields: found });
  return found;
}

function toKeyField(key: string): Uint8Array {
  const w = createWriter(3 * key.length + 6);
  writeText(w, 0x0a, key);
  return w.buffer.subarray(w.start);
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = others.length - 1; index >= 0; index--) if (some[index] !== others[index]) return false;
  return true;
}
