import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import packageJson from "../../../package.json" with { type: "json" };
import { METRICS } from "../../../src/telemetry/metric-list.ts";
import { createStillSlack, expectedRecords, runOnce } from "../whole-run.ts";
import { collectorTest } from "./collector-test.ts";
import { toFile, type CollectorConfig, type Place } from "./collector.ts";

interface Point {
  readonly asInt?: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
}
interface Series {
  readonly dataPoints: readonly Point[];
  readonly isMonotonic?: boolean;
  readonly aggregationTemporality?: number;
}
interface Metric {
  readonly name: string;
  readonly unit?: string;
  readonly description: string;
  readonly sum?: Series;
  readonly gauge?: Series;
  readonly histogram?: Series;
}
interface Line {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly unknown[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
  }[];
}

const metricsFile = ({ folder }: Place) => join(folder, "metrics.json");

/** The oracle, with metrics beside the logs. */
function withMetrics(place: Place): CollectorConfig {
  const config = toFile(place);
  const { pipelines, ...service } = config.service as { pipelines: object };
  return {
    ...config,
    exporters: {
      ...config.exporters,
      "file/metrics": { path: metricsFile(place), format: "json", flush_interval: "100ms" },
    },
    service: { ...service, pipelines: { ...pipelines, metrics: { receivers: ["otlp"], exporters: ["file/metrics"] } } },
  };
}

const kindOf = ({ sum, histogram }: Metric) => {
  if (histogram !== undefined) return "histogram";
  return sum === undefined ? "gauge" : "counter";
};
const pointsOf = ({ sum, gauge, histogram }: Metric) => (sum ?? gauge ?? histogram)?.dataPoints ?? [];

collectorTest("the program's own metrics and log arrive at the Collector that takes its records", async ({ start }) => {
  const collector = await start({ config: withMetrics });
  const slack = createStillSlack();
  const expected = await expectedRecords(slack);
  const { code, stderr } = await runOnce(slack, {
    destination: { otlp: { endpoint: collector.endpoint } },
    telemetry: { metrics: "otlp", logs: "otlp" },
  });
  expect(code, stderr).toBe(0);
  await collector.stop();

  const lines = (await readFile(metricsFile(collector.place), "utf8")).trimEnd().split("\n");
  // Those at the end of the run.
  const { resourceMetrics } = JSON.parse(lines.at(-1) ?? "") as Line;
  expect(resourceMetrics[0]?.resource.attributes).toEqual(
    expect.arrayContaining([
      { key: "service.name", value: { stringValue: "slack-otel" } },
      { key: "service.version", value: { stringValue: packageJson.version } },
    ]),
  );
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  for (const metric of metrics) {
    const { kind, unit, description } = METRICS[metric.name as keyof typeof METRICS];
    expect(metric, metric.name).toMatchObject({ description, unit });
    expect(kindOf(metric), metric.name).toBe(kind);
  }
  const sumOf = (name: string) => {
    const points = metrics.filter((metric) => metric.name === name).flatMap(pointsOf);
    return points.reduce((sum, { asInt, asDouble, count }) => sum + Number(asInt ?? asDouble ?? count), 0);
  };
  expect(sumOf("slack_otel.records.delivered")).toBe(expected.size);
  expect(sumOf("slack_otel.entries.read")).toBeGreaterThanOrEqual(expected.size);
  expect(sumOf("slack_otel.export.duration")).toBeGreaterThan(0);
  expect(sumOf("slack_otel.state.size")).toBeGreaterThan(0);
  expect(sumOf("slack_otel.slack.calls")).toBeGreaterThan(0);

  const own = (await collector.records()).filter(({ resource }) => resource.get("service.name") === "slack-otel");
  const said = stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  // Standard error has what was said before the telemetry was there, too.
  expect(own.map(({ eventName }) => eventName)).toEqual(
    said.map(({ event }) => `slack_otel.${String(event)}`).slice(-own.length),
  );
  expect(own.at(-1)).toMatchObject({ eventName: "slack_otel.stopped", severityNumber: 9, severityText: "info" });
  expect(own.find(({ eventName }) => eventName === "slack_otel.started")?.attributes.get("streams")).toBe(5n);
});
