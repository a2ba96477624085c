import type { Observable } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AggregationType, type IMetricReader, MeterProvider } from "@opentelemetry/sdk-metrics";
import { METRICS, type MetricName } from "./metric-list.ts";
import type { Observation } from "./observe.ts";

export interface MetricsOptions {
  readonly version: string;
  /** Everything but the histogram, at the moment of the call. */
  readonly observe: () => Promise<readonly Observation[]>;
  /** Others that collect the same, for OTLP. */
  readonly readers?: readonly IMetricReader[];
}

export interface Metrics {
  /** One request to the destination ended. */
  exported(ms: number, outcome: string): void;
  /** The text that Prometheus reads. */
  prometheus(): Promise<string>;
  close(): Promise<void>;
}

/** From a fast receiver on this host to the bound on one attempt, seconds. */
const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The instruments of the list, in the OpenTelemetry SDK. No global provider is set. */
export function createMetrics({ version, observe, readers = [] }: MetricsOptions): Metrics {
  // Only a reader here; the server is ours.
  const pulled = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ "service.name": "slack-otel", "service.version": version }),
    readers: [pulled, ...readers],
    views: [
      {
        instrumentName: "slack_otel.export.duration",
        aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: DURATION_BOUNDS } },
      },
    ],
  });
  const meter = provider.getMeter("slack-otel", version);
  const duration = meter.createHistogram("slack_otel.export.duration", METRICS["slack_otel.export.duration"]);
  const observables = new Map<MetricName, Observable>();
  for (const [name, metric] of Object.entries(METRICS) as [MetricName, (typeof METRICS)[MetricName]][]) {
    if (metric.kind === "counter") observables.set(name, meter.createObservableCounter(name, metric));
    if (metric.kind === "gauge") observables.set(name, meter.createObservableGauge(name, metric));
  }
  meter.addBatchObservableCallback(
    async (result) => {
      for (const { metric, value, attributes } of await observe()) {
        const observable = observables.get(metric);
        if (observable !== undefined) result.observe(observable, value, attributes);
      }
    },
    [...observables.values()],
  );
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  return {
    exported: (ms, outcome) => duration.record(ms / 1_000, { "slack_otel.outcome": outcome }),
    async prometheus() {
      const { resourceMetrics, errors } = await pulled.collect();
      if (errors.length > 0) throw errors[0];
      return serializer.serialize(resourceMetrics);
    },
    close: () => provider.shutdown(),
  };
}
