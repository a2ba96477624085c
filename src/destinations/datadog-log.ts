import type { LogRecord } from "../model.ts";

export interface DatadogLogOptions {
  readonly source: string;
  /** `key:value`, joined by commas. */
  readonly tags: string;
  readonly host?: string | undefined;
}

/** The words of Datadog's own exporter, which it takes for statuses; each from this severity number on. */
const STATUSES = [
  [21, "fatal"],
  [17, "error"],
  [13, "warn"],
  [9, "info"],
  [5, "debug"],
  [1, "trace"],
] as const;

/**
 * One record as one log of Datadog's v2 API, as JSON text. Names and values are those of Datadog's own exporter for
 * OpenTelemetry. The message is the entry as JSON text, two levels down: Datadog makes attributes of such a text, and an
 * entry's own `status`, `date` or `message` at the top would override the log's. Attributes are texts, for no other value
 * is documented; the entry has its own types.
 * https://docs.datadoghq.com/logs/log_configuration/pipelines/
 */
export function toDatadogLog({ log }: LogRecord, { source, tags, host }: DatadogLogOptions): string {
  const { "service.name": service, "host.name": hostName, ...resource } = log.resource.attributes;
  const severity: number = log.severityNumber ?? 0;
  const byNumber = STATUSES.find(([from]) => severity >= from)?.[1];
  const [seconds, nanos] = log.hrTime[0] === 0 && log.hrTime[1] === 0 ? log.hrTimeObserved : log.hrTime;
  const { traceId, spanId } = log.spanContext ?? {};
  return JSON.stringify({
    ...asTexts(resource),
    ...asTexts(log.attributes),
    message: JSON.stringify({ slack: { entry: log.body ?? null } }),
    service,
    ddsource: source,
    ddtags: tags === "" ? undefined : tags,
    hostname: host ?? hostName,
    status: log.severityText || byNumber || "info",
    // Milliseconds; the rest of it is kept beside.
    timestamp: seconds * 1_000 + Math.floor(nanos / 1_000_000),
    "otel.timestamp": `${seconds}${String(Math.trunc(nanos)).padStart(9, "0")}`,
    "otel.event_name": log.eventName || undefined,
    "otel.severity_text": log.severityText || undefined,
    "otel.severity_number": severity === 0 ? undefined : String(severity),
    "otel.trace_id": traceId || undefined,
    "otel.span_id": spanId || undefined,
    "dd.trace_id": traceId ? lowBits(traceId) : undefined,
    "dd.span_id": spanId ? lowBits(spanId) : undefined,
  });
}

function asTexts(attributes: object): Record<string, string> {
  const texts = Object.entries(attributes).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(texts) as Record<string, string>;
}

/** The low 64 bits of an id in hex, in decimal: what Datadog correlates by. */
function lowBits(id: string): string {
  return BigInt(`0x${id.slice(-16)}`).toString();
}
