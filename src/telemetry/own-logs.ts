import { SeverityNumber } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from "@opentelemetry/sdk-logs";
import type { Log, LogLevel } from "../model.ts";
import { cleanFields } from "./log.ts";

const SEVERITIES: Readonly<Record<LogLevel, SeverityNumber>> = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

export interface OwnLogs {
  readonly log: Log;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface OwnLogsOptions {
  readonly version: string;
  readonly exporter: LogRecordExporter;
}

/** Where OTLP log records go, by the stock exporter. */
export function otlpLogExporter(url: string, headers: Readonly<Record<string, string>>): LogRecordExporter {
  return new OTLPLogExporter({ url: `${url}/v1/logs`, headers: { ...headers } });
}

/**
 * The program's own log as OTLP log records. Unlike Slack's entries these may be lost: the stock processor drops what it
 * cannot send, and standard error has every line all the same. No global provider is set.
 */
export function createOwnLogs({ version, exporter }: OwnLogsOptions): OwnLogs {
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ "service.name": "slack-otel", "service.version": version }),
    processors: [new BatchLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger("slack-otel", version);
  return {
    log(level, event, fields = {}) {
      const { message, ...attributes } = cleanFields(fields);
      logger.emit({
        eventName: `slack_otel.${event}`,
        severityNumber: SEVERITIES[level],
        severityText: level,
        body: message === undefined ? event.replaceAll("_", " ") : String(message),
        attributes,
      });
    },
    close: () => provider.shutdown(),
  };
}
