/**
 * The same job with stock parts, as their documentation shows them, for comparison: the same records, but for the uid,
 * and no position, no ledger, no dead letters. Arguments: Slack's base URL and the receiver's.
 */
import { hash } from "node:crypto";
import { ROOT_CONTEXT, SeverityNumber, trace, type AnyValue } from "@opentelemetry/api";
import { CompressionAlgorithm, OTLPExporterBase } from "@opentelemetry/otlp-exporter-base";
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from "@opentelemetry/otlp-exporter-base/node-http";
import { LogsExporterMetricsHelper, ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider, type ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { LogLevel, WebClient, type WebAPICallResult } from "@slack/web-api";

interface Payload {
  readonly [key: string]: string | undefined | object;
  readonly trigger?: { readonly id: string; readonly type: string };
  readonly function_execution_id?: string;
}

interface Activity {
  readonly level: string;
  readonly event_type: string;
  readonly source: string;
  readonly component_type: string;
  readonly component_id: string;
  readonly created: number;
  readonly trace_id: string;
  readonly app_id: string;
  readonly team_id: string;
  readonly enterprise_id?: string;
  readonly payload: Payload;
}

const SEVERITIES: Readonly<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

const [slackUrl = "", receiverUrl = ""] = process.argv.slice(2);
const slack = new WebClient("xoxp-bench", { slackApiUrl: slackUrl, logLevel: LogLevel.ERROR });
/** `OTLPLogExporter` of the package exporter-logs-otlp-proto is this call and nothing else. */
const exporter = new OTLPExporterBase<ReadableLogRecord[]>(
  createOtlpHttpExportDelegate(
    convertLegacyHttpOptions(
      { url: `${receiverUrl}v1/logs`, compression: CompressionAlgorithm.GZIP },
      "LOGS",
      "v1/logs",
      {
        "Content-Type": "application/x-protobuf",
      },
    ),
    ProtobufLogsSerializer,
    "otlp_http_log_exporter",
    LogsExporterMetricsHelper,
    undefined,
  ),
);
const provider = new LoggerProvider({
  resource: resourceFromAttributes({ "service.name": "slack" }),
  processors: [new BatchLogRecordProcessor({ exporter, maxQueueSize: 2000, maxExportBatchSize: 1000 })],
});
const logger = provider.getLogger("stock", "1.0.0");

const pages = slack.paginate("admin.apps.activities.list", {
  limit: 1000,
  sort_direction: "asc",
  min_log_level: "trace",
}) as AsyncIterable<WebAPICallResult & { readonly activities: readonly Activity[] }>;
let flushed = Promise.resolve();
for await (const { activities } of pages) {
  // A full queue drops records, so a page waits for the one before; the next is read meanwhile.
  await flushed;
  for (const activity of activities) emit(activity);
  flushed = provider.forceFlush();
}
await flushed;
await provider.shutdown();

function emit(activity: Activity): void {
  const { created, level } = activity;
  const seconds = Math.floor(created / 1_000_000);
  logger.emit({
    timestamp: [seconds, (created - seconds * 1_000_000) * 1000],
    severityNumber: SEVERITIES[level] ?? SeverityNumber.UNSPECIFIED,
    severityText: level,
    eventName: `slack.activity.${activity.event_type}`,
    context: contextOf(activity),
    body: activity,
    attributes: attributesOf(activity),
  });
}

/** The SDK drops a trace id that comes without a span id. */
function contextOf({ trace_id, payload: { function_execution_id } }: Activity) {
  if (function_execution_id === undefined) return ROOT_CONTEXT;
  const traceId = hash("sha256", trace_id).slice(0, 32);
  const spanId = hash("sha256", function_execution_id).slice(0, 16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 0 });
}

function attributesOf(activity: Activity): Record<string, AnyValue> {
  const { payload, level } = activity;
  const failed = level === "error" || level === "fatal" || payload["exec_outcome"] === "Error";
  const failure = { "error.type": payload["code"] ?? payload["reason"], "slack.activity.error": payload["error"] };
  return {
    "slack.method": "admin.apps.activities.list",
    "slack.activity.event_type": activity.event_type,
    "slack.trace_id": activity.trace_id,
    "slack.app.id": activity.app_id,
    "slack.activity.source": activity.source,
    "slack.component.type": activity.component_type,
    "slack.component.id": activity.component_id,
    "slack.team.id": activity.team_id,
    "slack.enterprise.id": activity.enterprise_id,
    "slack.function.id": payload["function_id"],
    "slack.function.name": payload["function_name"],
    "slack.function.type": payload["function_type"],
    "slack.function.execution_id": payload.function_execution_id,
    "slack.workflow.name": payload["workflow_name"],
    "slack.trigger.id": payload.trigger?.id,
    "slack.trigger.type": payload.trigger?.type,
    "slack.activity.outcome": payload["exec_outcome"],
    "user.id": payload["user_id"] ?? payload["actor"],
    ...(failed ? failure : {}),
  };
}
