import type { AnyValue } from "@opentelemetry/api";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { Identity, LogRecord, LogText } from "../model.ts";
import { createReadAttributes, toText } from "./attributes.ts";
import { jsonText } from "./canonical.ts";
import { fieldsOf, type Fields } from "./fields.ts";
import type { Identified } from "./identity.ts";
import type { Mapping } from "./mapping.ts";
import { resourceOf } from "./resource.ts";
import { toSafeValue, type Repair } from "./safe-value.ts";
import { isTextEntry, valueOf, type TextEntry } from "./text/text-entry.ts";
import { attributesIn, fieldsIn, jsonLength, nameLength } from "./text/text-record.ts";
import type { Time } from "./time.ts";
import { createReadTrace } from "./trace.ts";

export interface MapperOptions {
  /** `<source>/<team or enterprise id>` */
  readonly stream: string;
  /** Configured attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>;
  /** The program's own version. */
  readonly version: string;
  /** Slack's clock, epoch milliseconds: ours may be days off. Default: when the page arrived. */
  readonly nowMs?: () => number;
}

/** What a record says beside its entry. */
export interface RecordFacts {
  /** When the page arrived, epoch milliseconds. */
  readonly observedMs: number;
  /** See `Identity.mark`. */
  readonly mark: number;
  readonly countDelta?: number;
  /** In place of the entry's own, where another content has taken that. */
  readonly uid?: string;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

export type ToRecord = (identified: Identified, facts: RecordFacts) => LogRecord;

const DAY_MS = 24 * 60 * 60 * 1000;
/** OpenTelemetry advises no longer event names. */
const EVENT_NAME_LENGTH = 256;
/** Enough to see what is wrong; the body has the rest. */
const RAW_TIME_LENGTH = 256;
/** Upper bounds of what OTLP's JSON form, the longer one, adds to an entry's own JSON. */
const RECORD_BYTES = 400;
const MEMBER_BYTES = 36;
const CONTAINER_BYTES = 28;
const NUMBER_BYTES = 24;

/** Makes records of a stream's entries. Total: there is a record for every entry, and none that a receiver refuses. */
export function createMapper(mapping: Mapping, options: MapperOptions): ToRecord {
  const { stream, resource: configured, version } = options;
  const resource = resourceOf(stream, configured);
  const instrumentationScope = { name: "slack-otel", version };
  const readAttributes = createReadAttributes(mapping);
  const readTrace = createReadTrace(mapping.trace);

  const isKnown = (time: Time | undefined, observedMs: number) =>
    time !== undefined && time.seconds * 1000 + time.nanos / 1e6 <= (options.nowMs?.() ?? observedMs) + DAY_MS;

  /** All but attributes and body. */
  function headOf(fields: Fields, time: Time | undefined, observedMs: number): Writable<LogText["head"]> {
    const observedSeconds = Math.floor(observedMs / 1000);
    const head: Writable<LogText["head"]> = {
      hrTime: time === undefined ? [0, 0] : [time.seconds, time.nanos],
      hrTimeObserved: [observedSeconds, Math.round((observedMs - observedSeconds * 1000) * 1e6)],
      eventName: nameOf(mapping.eventName, fields),
      droppedAttributesCount: 0,
      resource,
      instrumentationScope,
    };
    const severity = mapping.severity(fields);
    if (severity.number !== undefined) head.severityNumber = severity.number;
    if (severity.text !== undefined) head.severityText = severity.text;
    const spanContext = readTrace(fields);
    if (spanContext !== undefined) head.spanContext = spanContext;
    return head;
  }

  function fromValue(identified: Identified, facts: RecordFacts): LogRecord {
    const { observedMs, mark, countDelta, uid = identified.uid } = facts;
    const { entry, time } = identified;
    const fields = fieldsOf(entry);
    const attributes = readAttributes(fields, uid);
    if (countDelta !== undefined) attributes["slack.access.count_delta"] = countDelta;
    const isKnownTime = isKnown(time, observedMs);
    if (!isKnownTime) attributes["slack.time.invalid"] = rawText(fields[mapping.time.key]);
    const head = headOf(fields, isKnownTime ? time : undefined, observedMs);
    const { eventName = "" } = head;
    const repairs = new Set<Repair>();
    // Most entries go out as they are.
    const body: AnyValue = identified.isPlain ? entry : toSafeValue(entry, repairs);
    if (eventName.length > EVENT_NAME_LENGTH) repairs.add("length");
    if (repairs.size > 0) attributes["slack.repaired"] = [...repairs].toSorted();
    const log: ReadableLogRecord = { ...head, eventName: start(eventName, EVENT_NAME_LENGTH), body, attributes };
    return { uid, identity: toIdentity(identified, mark), log, sizeBytes: sizeOf(identified, log) };
  }

  const valueRecord = (identified: Identified, entry: TextEntry, facts: RecordFacts) =>
    fromValue({ ...identified, entry: valueOf(entry) }, facts);

  /** What a record of an entry that is still text inherits. Made at each look: a backlog's records wait in memory. */
  const lazy: Pick<LogRecord, "identity" | "log" | "text"> & ThisType<TextRecord> = {
    get identity() {
      return toIdentity(this.identified, this.facts.mark);
    },
    get log() {
      const { identified, facts } = this;
      return valueRecord(identified, identified.entry, facts).log;
    },
    get text() {
      const { identified, facts, uid } = this;
      const { entry } = identified;
      const { bytes, unescaped, slots } = entry.answer;
      const fields = fieldsIn(entry);
      return {
        bytes,
        unescaped,
        slots,
        firstSlot: entry.firstSlot,
        outline: entry.template.outline,
        uid,
        attributes: attributesIn(entry, fields, mapping.method),
        head: headOf(fields, identified.time, facts.observedMs),
      };
    },
  };

  function fromText(identified: IdentifiedText, facts: RecordFacts): LogRecord {
    const record = Object.create(lazy) as Writable<TextRecord>;
    record.uid = facts.uid ?? identified.uid;
    record.sizeBytes = RECORD_BYTES + sizeOfBody(identified) + sizeOfAttributes(identified.entry);
    record.identified = identified;
    record.facts = facts;
    return record;
  }

  return (identified, facts) => {
    const { entry } = identified;
    if (!isTextEntry(entry)) return fromValue(identified, facts);
    const hasMore =
      facts.countDelta !== undefined ||
      !isKnown(identified.time, facts.observedMs) ||
      nameLength(entry) > EVENT_NAME_LENGTH - mapping.eventName.prefix.length - 1;
    return hasMore ? valueRecord(identified, entry, facts) : fromText(identified as IdentifiedText, facts);
  };
}

type IdentifiedText = Identified & { readonly entry: TextEntry };

interface TextRecord extends LogRecord {
  readonly identified: IdentifiedText;
  readonly facts: RecordFacts;
}

/** An upper bound of what the attributes, and what else is made of the entry's values, take in OTLP's JSON form. */
function sizeOfAttributes(entry: TextEntry): number {
  const { names, slots } = entry.template.plan.measured;
  let size = names;
  for (let index = 0; index < slots.length; index++) size += MEMBER_BYTES + jsonLength(entry, slots[index]!);
  return size;
}

function nameOf({ prefix, key }: Mapping["eventName"], fields: Fields): string {
  const text = key === undefined ? undefined : toText(fields[key]);
  return text === undefined || text === "" ? prefix : `${prefix}.${text}`;
}

function rawText(value: unknown): string {
  if (value === undefined) return "absent";
  return start(toText(value) ?? jsonText(value), RAW_TIME_LENGTH);
}

/** A text's first characters; none is cut in two. */
function start(text: string, length: number): string {
  if (text.length <= length) return text;
  const isCutInTwo = (text.codePointAt(length - 1) ?? 0) > 0xffff;
  return text.slice(0, isCutInTwo ? length - 1 : length);
}

function toIdentity({ key, version, count, lastSeconds }: Identified, mark: number): Identity {
  const identity: Writable<Identity> = { key, version, mark };
  if (count !== undefined) identity.count = count;
  if (lastSeconds !== undefined) identity.lastSeconds = lastSeconds;
  return identity;
}

/** An upper bound of what the record takes in OTLP's JSON form, without its resource and scope. */
function sizeOf(identified: Identified, { attributes, eventName = "", severityText = "" }: ReadableLogRecord): number {
  const bytesOf = identified.isOneByteEach ? (text: string) => text.length : jsonBytes;
  let size = RECORD_BYTES + sizeOfBody(identified) + bytesOf(eventName) + bytesOf(severityText);
  for (const name in attributes) {
    const value = attributes[name];
    size += MEMBER_BYTES + name.length;
    if (typeof value === "string") size += bytesOf(value);
    else if (Array.isArray(value)) for (const item of value) size += MEMBER_BYTES + bytesOf(String(item));
    else size += NUMBER_BYTES;
  }
  return size;
}

function sizeOfBody({ bytes, members, containers, isPlain }: Identified): number {
  // What is nested too deeply is escaped once more.
  return bytes * (isPlain ? 1 : 2) + members * MEMBER_BYTES + containers * CONTAINER_BYTES;
}

/** Of a well-formed text as JSON in UTF-8. */
function jsonBytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x20 && code < 0x80 && code !== 0x22 && code !== 0x5c) continue;
    bytes += code < 0x20 ? 5 : code < 0x800 ? 1 : 2;
  }
  return bytes;
}
