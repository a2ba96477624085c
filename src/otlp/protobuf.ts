import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { LogRecord, LogText } from "../model.ts";
import { writeOutline, writeTextAttributes } from "./protobuf-text.ts";
import {
  closeMember,
  createWriter,
  ensure,
  keyFields,
  writeBoolean,
  writeHex,
  writeLength,
  writeNumber,
  writeText,
  writeTime,
  writeVarint,
  written,
  type Writer,
} from "./protobuf-writer.ts";

/*
 * ExportLogsServiceRequest in protobuf (opentelemetry-proto 1.11: collector/logs/v1, logs/v1, common/v1), byte for byte
 * what `ProtobufLogsSerializer` of @opentelemetry/otlp-transformer makes of the same records; a test holds the two
 * together. It is here because that one takes three times as long, and encoding is the largest part of what a record
 * costs. It writes from the last byte to the first, so that the length of what a message holds is known when it is due.
 *
 * Tags are field number * 8 + wire type, in one byte.
 */

type Logged = Pick<LogRecord, "log" | "text">;

/**
 * Records as one ExportLogsServiceRequest, grouped by the objects that are their resource and scope, in the order of
 * both and within. `expectedBytes` is where the buffer begins; it grows. Values are those of mapping: no bigint, no
 * class but plain objects, arrays and scalars. `spare`: a buffer to write into, if it is large enough.
 */
export function serializeProtobuf(records: readonly Logged[], expectedBytes: number, spare?: Buffer): Buffer {
  const writer = createWriter(Math.max(1024, expectedBytes), spare);
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
  let first: LogText["head"] | undefined;
  for (let i = records.length - 1; i >= 0; i--) {
    const record = records[i]!;
    const { text } = record;
    const log = text === undefined ? record.log : undefined;
    const head = text?.head ?? log!;
    first ??= head;
    if (head.resource !== first.resource || head.instrumentationScope !== first.instrumentationScope) return false;
    if (text === undefined) writeRecord(w, log!);
    else writeTextRecord(w, text);
  }
  if (first === undefined) return true;
  writeScope(w, first.instrumentationScope, 0);
  writeResource(w, first.resource, 0);
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
    writeScope(w, records[0]!.instrumentationScope, scopeEnd);
  }
  writeResource(w, scopes[0]![0]!.resource, end);
}

/** Closes a ScopeLogs whose records end at `end`. */
function writeScope(w: Writer, { name, version }: ReadableLogRecord["instrumentationScope"], end: number): void {
  const nameEnd = written(w);
  if (version) writeText(w, 0x12, version);
  writeText(w, 0x0a, name);
  writeLength(w, 0x0a, nameEnd);
  writeLength(w, 0x12, end);
}

/** Closes a ResourceLogs whose scopes end at `end`. */
function writeResource(w: Writer, { attributes }: ReadableLogRecord["resource"], end: number): void {
  const resourceEnd = written(w);
  ensure(w, 2);
  w.buffer[--w.start] = 0;
  w.buffer[--w.start] = 0x10;
  writeAttributes(w, 0x0a, attributes);
  writeLength(w, 0x0a, resourceEnd);
  writeLength(w, 0x0a, end);
}

function writeRecord(w: Writer, record: ReadableLogRecord): void {
  const end = written(w);
  writeTail(w, record);
  writeAttributes(w, 0x32, record.attributes);
  if (record.body !== undefined) {
    const bodyEnd = written(w);
    writeValue(w, record.body);
    writeLength(w, 0x2a, bodyEnd);
  }
  writeStart(w, record, end);
}

/** The same, of a record whose entry is still text. */
function writeTextRecord(w: Writer, text: LogText): void {
  const end = written(w);
  writeTail(w, text.head);
  writeTextAttributes(w, text);
  const bodyEnd = written(w);
  writeOutline(w, text);
  writeLength(w, 0x2a, bodyEnd);
  writeStart(w, text.head, end);
}

/** What stands behind the attributes. */
function writeTail(w: Writer, record: LogText["head"]): void {
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
}

/** What stands before the body. */
function writeStart(w: Writer, record: LogText["head"], end: number): void {
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
    closeMember(w, tag, fields[i]!, end);
  }
}

/** What is none of these kinds is an AnyValue without a value. */
function writeValue(w: Writer, value: unknown): void {
  if (typeof value === "string") writeText(w, 0x0a, value);
  else if (typeof value === "number") writeNumber(w, value);
  else if (typeof value === "boolean") writeBoolean(w, value);
  else if (typeof value === "object" && value !== null) writeComposite(w, value);
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
