import type { AnyValue, SpanContext } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { LogRecord } from "../model.ts";

/** As `toJsonLine` writes it: OTLP/JSON with numbers for 64-bit integers, but for times. */
interface JsonValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: number | string;
  readonly doubleValue?: number | string;
  readonly arrayValue?: { readonly values?: readonly JsonValue[] };
  readonly kvlistValue?: { readonly values?: readonly JsonPair[] };
}
interface JsonPair {
  readonly key: string;
  readonly value?: JsonValue;
}
interface JsonLog {
  readonly timeUnixNano?: string | number;
  readonly observedTimeUnixNano?: string | number;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly eventName?: string;
  readonly body?: JsonValue;
  readonly attributes?: readonly JsonPair[];
  readonly traceId?: string;
  readonly spanId?: string;
}
interface JsonRequest {
  readonly resourceLogs: readonly {
    readonly resource?: { readonly attributes?: readonly JsonPair[] };
    readonly scopeLogs: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly logRecords: readonly JsonLog[];
    }[];
  }[];
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Reads what `toJsonLine` wrote. Records of equal resource and scope share them, as encoders want it. */
export function createReadRecord(): (request: unknown) => LogRecord {
  const resources = new Map<string, ReadableLogRecord["resource"]>();
  const scopes = new Map<string, ReadableLogRecord["instrumentationScope"]>();

  /** Throws for what is no request of one record with a uid. */
  return (request) => {
    const [resourceLogs] = (request as JsonRequest).resourceLogs;
    const [scopeLogs] = resourceLogs?.scopeLogs ?? [];
    const [json, ...more] = scopeLogs?.logRecords ?? [];
    if (json === undefined || more.length > 0) throw new Error("not a request of one record");
    const { name = "", version } = scopeLogs?.scope ?? {};
    const log: Writable<ReadableLogRecord> = {
      hrTime: timeOf(json.timeUnixNano),
      hrTimeObserved: timeOf(json.observedTimeUnixNano),
      body: json.body === undefined ? null : valueOf(json.body),
      attributes: mapOf(json.attributes),
      droppedAttributesCount: 0,
      resource: shared(resources, resourceLogs?.resource?.attributes ?? [], (pairs) =>
        resourceFromAttributes(mapOf(pairs) as Record<string, string>),
      ),
      instrumentationScope: shared(scopes, { name, ...(version === undefined ? {} : { version }) }, (scope) => scope),
    };
    if (json.severityNumber) log.severityNumber = json.severityNumber;
    if (json.severityText) log.severityText = json.severityText;
    if (json.eventName) log.eventName = json.eventName;
    if (json.traceId || json.spanId) {
      // Either alone is legal; the type knows them only together.
      const context = { traceId: json.traceId || undefined, spanId: json.spanId || undefined, traceFlags: 0 };
      log.spanContext = context as SpanContext;
    }
    const uid = log.attributes["log.record.uid"];
    if (typeof uid !== "string") throw new Error("a record without log.record.uid");
    return { uid, identity: { key: uid, version: "", mark: 0 }, log, sizeBytes: JSON.stringify(json).length * 2 };
  };
}

function shared<Given, Made>(known: Map<string, Made>, given: Given, make: (given: Given) => Made): Made {
  const key = JSON.stringify(given);
  const made = known.get(key) ?? make(given);
  known.set(key, made);
  return made;
}

function timeOf(nanos: string | number | undefined): [number, number] {
  const value = BigInt(nanos ?? 0);
  return [Number(value / 1_000_000_000n), Number(value % 1_000_000_000n)];
}

function valueOf(value: JsonValue): AnyValue {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== undefined) return Number(value.doubleValue);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf);
  if (value.kvlistValue !== undefined) return mapOf(value.kvlistValue.values);
  return null;
}

/** Keys are data: `__proto__` is one like any other. */
function mapOf(pairs: readonly JsonPair[] | undefined): Record<string, AnyValue> {
  const map: Record<string, AnyValue> = Object.create(null);
  for (const { key, value } of pairs ?? []) map[key] = valueOf(value ?? {});
  return map;
}
