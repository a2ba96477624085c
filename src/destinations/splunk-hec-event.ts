import type { LogRecord } from "../model.ts";

/** What events get where the record says nothing of its own. */
export interface EventDefaults {
  readonly index?: string | undefined;
  readonly source?: string | undefined;
  readonly sourcetype?: string | undefined;
  readonly host: string;
}

/** Attributes that become keys of the event, as in the Collector's splunk_hec exporter. */
const EVENT_KEYS = new Map([
  ["host.name", "host"],
  ["com.splunk.source", "source"],
  ["com.splunk.sourcetype", "sourcetype"],
  ["com.splunk.index", "index"],
]);

/**
 * One record as one event of the HTTP Event Collector, as JSON text. The mapping is that of the Collector's splunk_hec
 * exporter, but that times keep their microseconds. There is no other key in it than HEC knows: an unknown one would
 * lose the event, and all after it, with a yes.
 */
export function toHecEvent({ log }: LogRecord, defaults: EventDefaults): string {
  const keys: Record<string, string> = {};
  for (const [key, value] of Object.entries(defaults)) if (value !== undefined) keys[key] = value;
  const fields: Record<string, unknown> = Object.create(null);
  addFields(fields, log.resource.attributes, keys);
  addFields(fields, log.attributes, keys);
  if (log.severityText) fields["otel.log.severity.text"] = log.severityText;
  if (log.severityNumber) fields["otel.log.severity.number"] = log.severityNumber;
  if (log.eventName) fields["otel.log.name"] = log.eventName;
  if (log.spanContext?.traceId) fields["trace_id"] = log.spanContext.traceId;
  if (log.spanContext?.spanId) fields["span_id"] = log.spanContext.spanId;
  const [seconds, nanos] = log.hrTime[0] === 0 && log.hrTime[1] === 0 ? log.hrTimeObserved : log.hrTime;
  const time = `${seconds}.${String(Math.trunc(nanos / 1_000)).padStart(6, "0")}`;
  const event = JSON.stringify(eventOf(log.body));
  const rest = JSON.stringify({ ...keys, fields });
  return `{"time":${time},"event":${event},${rest.slice(1)}`;
}

/** HEC takes text, objects and arrays, and refuses a whole batch for a blank one: the rest goes as its JSON text. */
function eventOf(body: unknown): unknown {
  if (typeof body === "object" && body !== null && Object.keys(body).length > 0) return body;
  if (typeof body === "string" && body.trim() !== "") return body;
  return JSON.stringify(body ?? null);
}

function addFields(fields: Record<string, unknown>, values: object, keys: Record<string, string>, prefix = ""): void {
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    const path = prefix + name;
    const key = EVENT_KEYS.get(path);
    if (key !== undefined && typeof value === "string" && value !== "") keys[key] = value;
    else if (Array.isArray(value)) addArray(fields, path, value);
    else if (typeof value === "object" && value !== null) addFields(fields, value, keys, `${path}.`);
    else if (value !== null && value !== undefined) fields[path] = value;
  }
}

/** Scalars make a multi-value field; anything else goes as JSON text, for fields must be flat. */
function addArray(fields: Record<string, unknown>, path: string, values: readonly unknown[]): void {
  if (values.length === 0) return;
  const flat = values.every((value) => value !== null && typeof value !== "object");
  fields[path] = flat ? values : JSON.stringify(values);
}
