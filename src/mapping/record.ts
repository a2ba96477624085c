import type { Attributes, SpanContext } from "@opentelemetry/api";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { LogRecord } from "../model.ts";
import type { AttributeRule, Fields, SourceDefinition } from "../slack/sources/definition.ts";
import { at } from "../slack/sources/definition.ts";
import { jsonText } from "./canonical.ts";
import { fieldsOf, type Identified } from "./identity.ts";
import { exactDigits } from "./lossless.ts";
import { createResource } from "./resource.ts";
import { type Repair, safeText, safeValue } from "./safe.ts";
import { severityOf } from "./severity.ts";
import { hrTimeOfMicros, hrTimeOfMs, isCredible, numberOf } from "./time.ts";
import { spanIdOf, traceIdOf } from "./trace.ts";

export interface RecordFacts {
  /** When the page arrived, epoch milliseconds. */
  readonly observedMs: number;
  readonly mark: number;
  readonly countDelta?: number;
  /** In place of the entry's own, where another content has taken that. */
  readonly uid?: string;
}

export type Mapper = (entry: Identified, facts: RecordFacts) => LogRecord;

export interface MapperOptions {
  /** `<source>/<id>` */
  readonly stream: string;
  readonly version: string;
  /** `service.name` and what else the configuration adds. */
  readonly resource: Readonly<Record<string, string>>;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Maps entries of one stream; total: an entry of any shape becomes a record. */
export function createMapper(definition: SourceDefinition, options: MapperOptions): Mapper {
  const resource = createResource(options);
  const instrumentationScope = { name: "slack-otel", version: options.version };

  return (identified, { observedMs, mark, countDelta, uid = identified.uid }) => {
    const { entry, timeMicros, key, version, count, lastSeconds, length } = identified;
    const fields = fieldsOf(entry);
    const repairs = new Set<Repair>();
    const body = safeValue(entry, repairs);
    const credible = timeMicros !== undefined && isCredible(timeMicros, observedMs);
    const attributes: Attributes = { "log.record.uid": uid, "slack.method": definition.method };
    for (const rule of definition.attributes) addAttribute(attributes, rule, fields, repairs);
    if (countDelta !== undefined) attributes["slack.access.count_delta"] = countDelta;
    if (!credible) attributes["slack.time.invalid"] = rawText(fields[definition.time.key], repairs);
    if (repairs.size > 0) attributes["slack.repaired"] = [...repairs].sort();
    const log: Writable<ReadableLogRecord> = {
      hrTime: credible ? hrTimeOfMicros(timeMicros) : [0, 0],
      hrTimeObserved: hrTimeOfMs(observedMs),
      eventName: eventNameOf(definition, fields),
      body,
      resource,
      instrumentationScope,
      attributes,
      droppedAttributesCount: 0,
    };
    addSeverity(log, definition, fields);
    const spanContext = spanContextOf(definition, fields);
    if (spanContext !== undefined) log.spanContext = spanContext;
    return {
      uid,
      identity: {
        key,
        version,
        mark,
        ...(count === undefined ? {} : { count }),
        ...(lastSeconds === undefined ? {} : { lastSeconds }),
      },
      log,
      // Attributes repeat a part of the body; field names and tags take the rest.
      sizeBytes: Math.ceil(length * 1.6) + 400,
    };
  };
}

function eventNameOf({ eventName }: SourceDefinition, fields: Fields): string {
  if (eventName.key === undefined) return eventName.prefix;
  const value = at(fields, eventName.key);
  const name = typeof value === "string" || typeof value === "number" ? String(exactDigits(value) ?? value) : "";
  return name === "" ? eventName.prefix : `${eventName.prefix}.${safeText(name, new Set())}`;
}

function addSeverity(log: Writable<ReadableLogRecord>, definition: SourceDefinition, fields: Fields): void {
  const severity = definition.severity(fields);
  if ("number" in severity) {
    log.severityNumber = severity.number;
    return;
  }
  if (typeof severity.level !== "string" || severity.level === "") return;
  log.severityText = safeText(exactDigits(severity.level) ?? severity.level, new Set());
  const number = severityOf(severity.level);
  if (number !== undefined) log.severityNumber = number;
}

function spanContextOf({ trace }: SourceDefinition, fields: Fields): SpanContext | undefined {
  const ids = trace?.(fields);
  if (typeof ids?.traceId !== "string" || ids.traceId === "") return undefined;
  const spanId = typeof ids.executionId === "string" && ids.executionId !== "" ? spanIdOf(ids.executionId) : undefined;
  // A record may have a trace id alone; the type wants both. The encoders leave out what is undefined.
  return { traceId: traceIdOf(ids.traceId), spanId, traceFlags: undefined } as unknown as SpanContext;
}

function addAttribute(attributes: Attributes, { name, from, as }: AttributeRule, fields: Fields, repairs: Set<Repair>) {
  const value = typeof from === "function" ? from(fields) : at(fields, ...from);
  if (value === undefined || value === null) return;
  switch (as) {
    case "text": {
      const text = textOf(value);
      if (text !== undefined) attributes[name] = safeText(text, repairs);
      return;
    }
    case "number": {
      const number = numberOf(value);
      if (number === undefined) {
        const text = textOf(value);
        if (text !== undefined) attributes[name] = safeText(text, repairs);
      } else attributes[name] = number;
      return;
    }
    case "texts": {
      const list = typeof value === "string" ? value.split(",") : value;
      if (!Array.isArray(list)) return;
      const texts = list.flatMap((item) => textOf(item)?.trim() || []);
      if (texts.length > 0) attributes[name] = texts.map((item) => safeText(item, repairs));
      return;
    }
    default:
      as satisfies never;
  }
}

/** A scalar as text; an object or array has no text, and the body holds it anyway. */
function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return exactDigits(value) ?? value;
    case "number":
    case "boolean":
      return String(value);
    default:
      return undefined;
  }
}

function rawText(value: unknown, repairs: Set<Repair>): string {
  if (value === undefined) return "absent";
  const text = textOf(value) ?? jsonText(value);
  return safeText(text, repairs).slice(0, 256);
}
