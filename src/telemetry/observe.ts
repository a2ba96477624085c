import { holesUntil, type Coverage } from "../coverage/coverage.ts";
import type { Hole } from "../coverage/hole.ts";
import type { MetricName } from "./metric-list.ts";
import type { StreamStatus } from "./stream-status.ts";

/** The value of one instrument for one set of attributes, at this moment. */
export interface Observation {
  readonly metric: MetricName;
  readonly value: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the program counts of one of Slack's methods. */
export interface MethodUse {
  readonly method: string;
  readonly calls: number;
  readonly throttled: number;
  readonly throttledMs: number;
  /** Calls that may be made at once. */
  readonly left: number;
  /** How much longer than configured the intervals of its polls are. */
  readonly stretch: number;
}

/** The Audit Logs API calls its only method so. */
const AUDIT = "logs";

/** The same methods of several connections as one: counts are added up, of the stretches the greatest counts. */
function mergedUses(uses: readonly MethodUse[]): MethodUse[] {
  const merged = new Map<string, MethodUse>();
  for (const use of uses) {
    const method = use.method === AUDIT ? "audit.logs" : use.method;
    const before = merged.get(method) ?? { method, calls: 0, throttled: 0, throttledMs: 0, left: 0, stretch: 1 };
    merged.set(method, {
      method,
      calls: before.calls + use.calls,
      throttled: before.throttled + use.throttled,
      throttledMs: before.throttledMs + use.throttledMs,
      left: before.left + use.left,
      stretch: Math.max(before.stretch, use.stretch),
    });
  }
  return [...merged.values()];
}

export interface Observed {
  readonly streams: readonly StreamStatus[];
  readonly methods: readonly MethodUse[];
  readonly failing: { readonly slack: boolean; readonly destination: boolean };
  readonly stateBytes: number | undefined;
  /** Wall clock, epoch milliseconds. */
  readonly nowMs: number;
}

/** More values of one label than a time-series database likes. The last one stands for all the rest. */
const MAX_LABELS = 100;
const REST = "other";

/**
 * Everything that is known at one moment, as observations. Streams beyond the 99th share one label: their counts are
 * added up, of their ages the highest counts. Which streams those are never changes while the program runs, if streams
 * are only ever added to the end.
 */
export function observe({ streams, methods, failing, stateBytes, nowMs }: Observed): Observation[] {
  const values = new Map<string, Observation>();
  const add = (metric: MetricName, label: string, value: number, join: (a: number, b: number) => number = sum) => {
    const key = `${metric} ${label}`;
    const before = values.get(key)?.value;
    const attributes = { "slack.stream": label };
    values.set(key, { metric, value: before === undefined ? value : join(before, value), attributes });
  };
  for (const [index, status] of streams.entries()) {
    const label = index < MAX_LABELS - 1 ? status.name : REST;
    add("slack_otel.entries.read", label, status.entries);
    add("slack_otel.entries.repeated", label, status.repeated);
    add("slack_otel.records.delivered", label, status.delivered - status.rejected);
    add("slack_otel.records.rejected", label, status.rejected);
    add("slack_otel.records.dead_lettered", label, status.deadLettered);
    // What was counted stays counted; what is not read any more neither ages nor halts.
    if (status.isOver) continue;
    add("slack_otel.stream.halted", label, status.fault === undefined ? 0 : 1, Math.max);
    const { reachedMs } = status;
    const coverage = status.coverage();
    if (reachedMs !== undefined && Number.isFinite(reachedMs))
      add("slack_otel.stream.data_age", label, Math.max(0, nowMs - reachedMs) / 1_000, Math.max);
    if (coverage !== undefined) add("slack_otel.stream.coverage_holes", label, missing(coverage, nowMs).length);
  }
  for (const { method, calls, throttled, throttledMs, left, stretch } of mergedUses(methods)) {
    const attributes = { "slack.method": method };
    values.set(`calls ${method}`, { metric: "slack_otel.slack.calls", value: calls, attributes });
    values.set(`throttled ${method}`, { metric: "slack_otel.slack.throttled", value: throttled, attributes });
    const seconds = throttledMs / 1_000;
    values.set(`time ${method}`, { metric: "slack_otel.slack.throttled.time", value: seconds, attributes });
    values.set(`stretch ${method}`, { metric: "slack_otel.slack.intervals.stretch", value: stretch, attributes });
    values.set(`left ${method}`, { metric: "slack_otel.slack.quota.left", value: left, attributes });
  }
  for (const side of ["slack", "destination"] as const) {
    const attributes = { "slack_otel.side": side };
    values.set(side, { metric: "slack_otel.credentials.failing", value: failing[side] ? 1 : 0, attributes });
  }
  if (stateBytes !== undefined)
    values.set("state", { metric: "slack_otel.state.size", value: stateBytes, attributes: {} });
  return [...values.values()];
}

/** What lies before the stream's beginning is nothing that is missing. */
function missing(coverage: Coverage, nowMs: number): readonly Hole[] {
  return holesUntil(coverage, nowMs).filter(({ reason }) => reason !== "start" && reason !== "not_recorded");
}

function sum(a: number, b: number): number {
  return a + b;
}
