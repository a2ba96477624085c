import { expect, test } from "vitest";
import { observe, type Observed } from "../../src/telemetry/observe.ts";
import { statusOf } from "./status-of.ts";

const NOW = Date.UTC(2026, 10, 1);
const nothing: Observed = {
  streams: [],
  methods: [],
  failing: { slack: false, destination: false },
  stateBytes: undefined,
  nowMs: NOW,
};
const lines = (observed: Partial<Observed>) =>
  observe({ ...nothing, ...observed }).map(
    ({ metric, value, attributes }) => `${metric} ${Object.values(attributes).join()} ${value}`,
  );
const fault = { side: "slack", reason: "token_revoked", isCredentials: true, message: "…" } as const;

test("each stream, method and side is an observation of its own", () => {
  const streams = [
    statusOf("audit_logs/E1", {
      entries: 10,
      repeated: 3,
      delivered: 6,
      rejected: 2,
      deadLettered: 1,
      reachedMs: NOW - 90_000,
      fault,
      coverage: () => ({
        reachedMs: NOW,
        lookBackMs: 0,
        holes: [
          { fromMs: 0, toMs: 1, reason: "start" },
          { fromMs: 5, toMs: 9, reason: "quota" },
        ],
      }),
    }),
  ];
  const methods = [{ method: "audit.logs", calls: 7, throttled: 2, throttledMs: 1_500, left: 28, stretch: 1 }];
  const failing = { slack: true, destination: false };
  expect(lines({ streams, methods, failing, stateBytes: 4_096 })).toEqual([
    "slack_otel.entries.read audit_logs/E1 10",
    "slack_otel.entries.repeated audit_logs/E1 3",
    "slack_otel.records.delivered audit_logs/E1 4",
    "slack_otel.records.rejected audit_logs/E1 2",
    "slack_otel.records.dead_lettered audit_logs/E1 1",
    "slack_otel.stream.halted audit_logs/E1 1",
    "slack_otel.stream.data_age audit_logs/E1 90",
    "slack_otel.stream.coverage_holes audit_logs/E1 1",
    "slack_otel.slack.calls audit.logs 7",
    "slack_otel.slack.throttled audit.logs 2",
    "slack_otel.slack.throttled.time audit.logs 1.5",
    "slack_otel.slack.intervals.stretch audit.logs 1",
    "slack_otel.slack.quota.left audit.logs 28",
    "slack_otel.credentials.failing slack 1",
    "slack_otel.credentials.failing destination 0",
    "slack_otel.state.size  4096",
  ]);
});

test("the same method of several connections is one, and the Audit API's has its full name", () => {
  const use = { method: "logs", calls: 1, throttled: 0, throttledMs: 0, left: 5, stretch: 1 };
  const found = lines({ methods: [use, { ...use, calls: 2, stretch: 1.5 }] });
  expect(found).toContain("slack_otel.slack.calls audit.logs 3");
  expect(found).toContain("slack_otel.slack.quota.left audit.logs 10");
  expect(found).toContain("slack_otel.slack.intervals.stretch audit.logs 1.5");
});

test("an age that is not known is not made up", () => {
  const streams = [
    statusOf("a/T1"),
    statusOf("b/T1", { reachedMs: Infinity }),
    statusOf("c/T1", { reachedMs: NOW + 5 }),
  ];
  expect(lines({ streams }).filter((line) => line.includes("data_age"))).toEqual(["slack_otel.stream.data_age c/T1 0"]);
});

test("a stream that is over keeps its counts, and neither ages nor halts", () => {
  const over = statusOf("a/T1", { isOver: true, delivered: 5, reachedMs: 0, fault });
  const again = statusOf("a/T1", { delivered: 2, reachedMs: NOW });
  const found = lines({ streams: [over, again] });
  expect(found).toContain("slack_otel.records.delivered a/T1 7");
  expect(found).toContain("slack_otel.stream.data_age a/T1 0");
  expect(found).toContain("slack_otel.stream.halted a/T1 0");
});

test("of 2,000 streams there are 100 labels, the last for all the rest, and no count gets lost or goes back", () => {
  const streams = Array.from({ length: 2_000 }, (_, index) =>
    statusOf(`audit_logs/E${index}`, { delivered: 1, reachedMs: NOW - index * 1_000 }),
  );
  const found = observe({ ...nothing, streams });
  const of = (metric: string) => found.filter((observation) => observation.metric === metric);
  expect(of("slack_otel.records.delivered").length).toBe(100);
  expect(of("slack_otel.records.delivered").reduce((sum, { value }) => sum + value, 0)).toBe(2_000);
  const rest = { "slack.stream": "other" };
  expect(of("slack_otel.stream.data_age").at(-1)).toMatchObject({ attributes: rest, value: 1_999 });
  const fewer = observe({ ...nothing, streams: streams.slice(0, 100) });
  expect(fewer.filter(({ metric }) => metric === "slack_otel.records.delivered").at(-1)).toMatchObject({
    attributes: rest,
    value: 1,
  });
});
