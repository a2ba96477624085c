import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { PeriodicExportingMetricReader, type IMetricReader } from "@opentelemetry/sdk-metrics";

/** Collects once a minute and sends by OTLP, with the stock exporter. */
export function otlpMetricReader(url: string, headers: Readonly<Record<string, string>>): IMetricReader {
  const exporter = new OTLPMetricExporter({ url: `${url}/v1/metrics`, headers: { ...headers } });
  return new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000, exportTimeoutMillis: 10_000 });
}
