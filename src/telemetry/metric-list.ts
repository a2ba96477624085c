/** An instrument, by the conventions of OpenTelemetry: https://opentelemetry.io/docs/specs/semconv/general/metrics/ */
export interface Metric {
  readonly kind: "counter" | "gauge" | "histogram";
  /** UCUM. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly string[];
}

const STREAM = ["slack.stream"];

/** Every metric of the program. Dashboards, alert rules and the documentation are held to this list. */
export const METRICS = {
  "slack_otel.entries.read": {
    kind: "counter",
    unit: "{entry}",
    description: "Entries that Slack showed, those that were known already included",
    attributes: STREAM,
  },
  "slack_otel.entries.repeated": {
    kind: "counter",
    unit: "{entry}",
    description: "Entries that Slack showed again, within the look-back or by a sweep, and that were not sent again",
    attributes: STREAM,
  },
  "slack_otel.records.delivered": {
    kind: "counter",
    unit: "{record}",
    description: "Records that the destination accepted",
    attributes: STREAM,
  },
  "slack_otel.records.rejected": {
    kind: "counter",
    unit: "{record}",
    description: "Records that the destination rejected in a batch that it accepted, without saying which",
    attributes: STREAM,
  },
  "slack_otel.records.dead_lettered": {
    kind: "counter",
    unit: "{record}",
    description: "Records set aside as dead letters; all of a batch in which some were rejected",
    attributes: STREAM,
  },
  "slack_otel.stream.data_age": {
    kind: "gauge",
    unit: "s",
    description:
      "How long ago the moment is up to which everything is delivered; absent before the first complete walk",
    attributes: STREAM,
  },
  "slack_otel.stream.halted": {
    kind: "gauge",
    unit: "1",
    description: "1 while Slack or the destination refuses what only a person can mend, else 0",
    attributes: STREAM,
  },
  "slack_otel.stream.coverage_holes": {
    kind: "gauge",
    unit: "{hole}",
    description: "Stretches of time within the stream that were not read or not delivered",
    attributes: STREAM,
  },
  "slack_otel.credentials.failing": {
    kind: "gauge",
    unit: "1",
    description: "1 while the credentials of this side are refused, else 0",
    attributes: ["slack_otel.side"],
  },
  "slack_otel.slack.calls": {
    kind: "counter",
    unit: "{call}",
    description: "Calls to Slack",
    attributes: ["slack.method"],
  },
  "slack_otel.slack.throttled": {
    kind: "counter",
    unit: "{call}",
    description: "Calls that Slack answered with a wait",
    attributes: ["slack.method"],
  },
  "slack_otel.slack.throttled.time": {
    kind: "counter",
    unit: "s",
    description: "Time for which Slack asked for no more calls",
    attributes: ["slack.method"],
  },
  "slack_otel.slack.quota.left": {
    kind: "gauge",
    unit: "{call}",
    description: "Calls that may be made at once by the configured pace",
    attributes: ["slack.method"],
  },
  "slack_otel.slack.intervals.stretch": {
    kind: "gauge",
    unit: "1",
    description:
      "How many times longer than configured the intervals between polls are, for want of quota; 1: as configured",
    attributes: ["slack.method"],
  },
  "slack_otel.export.duration": {
    kind: "histogram",
    unit: "s",
    description: "How long one request to the destination took",
    attributes: ["slack_otel.outcome"],
  },
  "slack_otel.state.size": {
    kind: "gauge",
    unit: "By",
    description: "Size of the state file",
    attributes: [],
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

/** As Prometheus calls it: `slack_otel_records_delivered_total`. */
export function prometheusName(name: MetricName): string {
  return `${name.replaceAll(".", "_")}${METRICS[name].kind === "counter" ? "_total" : ""}`;
}
