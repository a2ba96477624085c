import { expect, test } from "vitest";
import { METRICS, prometheusName, type MetricName } from "../../src/telemetry/metric-list.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { observe } from "../../src/telemetry/observe.ts";
import { statusOf } from "./status-of.ts";

const names = Object.keys(METRICS) as MetricName[];

test("the metrics are the ones that dashboards and alerts know: a change of one is a change for operators", () => {
  expect(names.map((name) => `${prometheusName(name)} ${METRICS[name].kind} ${METRICS[name].unit}`))
    .toMatchInlineSnapshot(`
      [
        "slack_otel_entries_read_total counter {entry}",
        "slack_otel_entries_repeated_total counter {entry}",
        "slack_otel_records_delivered_total counter {record}",
        "slack_otel_records_rejected_total counter {record}",
        "slack_otel_records_dead_lettered_total counter {record}",
        "slack_otel_stream_data_age gauge s",
        "slack_otel_stream_halted gauge 1",
        "slack_otel_stream_coverage_holes gauge {hole}",
        "slack_otel_credentials_failing gauge 1",
        "slack_otel_slack_calls_total counter {call}",
        "slack_otel_slack_throttled_total counter {call}",
        "slack_otel_slack_throttled_time_total counter s",
        "slack_otel_slack_quota_left gauge {call}",
        "slack_otel_slack_intervals_stretch gauge 1",
        "slack_otel_export_duration histogram s",
        "slack_otel_state_size gauge By",
      ]
    `);
});

test("names and units are as OpenTelemetry has them", () => {
  expect(names.filter((name) => !/^slack_otel(\.[a-z]+(_[a-z]+)*)+$/.test(name))).toEqual([]);
  const units = /^(1|s|By|\{[a-z]+\})$/;
  expect(names.filter((name) => !units.test(METRICS[name].unit))).toEqual([]);
  // No name begins with another one and a dot, but where both are meant.
  expect(names.filter((name) => /total|seconds|count$/.test(name))).toEqual([]);
});

const coverage = () => ({ reachedMs: 0, lookBackMs: 0, holes: [] });

test("Prometheus reads every one of them, with its help and its labels", async () => {
  const metrics = createMetrics({
    version: "1.2.3",
    observe: () =>
      Promise.resolve(
        observe({
          streams: [statusOf("audit_logs/E1", { delivered: 3, reachedMs: 0, coverage })],
          methods: [{ method: "audit.logs", calls: 1, throttled: 0, throttledMs: 0, left: 29, stretch: 1 }],
          failing: { slack: false, destination: false },
          stateBytes: 1,
          nowMs: 60_000,
        }),
      ),
  });
  metrics.exported(20, "accepted");
  const text = await metrics.prometheus();
  await metrics.close();
  for (const name of names) {
    expect(text).toContain(`# HELP ${prometheusName(name)} ${METRICS[name].description}`);
    expect(text).toMatch(new RegExp(`^${prometheusName(name)}(_bucket|_count|_sum)?(\\{| )`, "m"));
  }
  expect(text).toContain('slack_otel_records_delivered_total{slack_stream="audit_logs/E1"} 3\n');
  expect(text).toContain('slack_otel_stream_data_age{slack_stream="audit_logs/E1"} 60\n');
  expect(text).toContain('slack_otel_export_duration_bucket{slack_otel_outcome="accepted",le="0.025"} 1\n');
  expect(text).toContain('service_name="slack-otel"');
});
