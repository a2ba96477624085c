import { expect, test } from "vitest";
import type { LogRecord } from "../../src/model.ts";
import { isoTime } from "../../src/telemetry/stream-lines.ts";
import { createStreamReport } from "../../src/telemetry/stream-report.ts";
import { recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

function reported({ listed = false } = {}) {
  const clock = createVirtualClock(Date.UTC(2026, 0, 1));
  const lines: string[] = [];
  const report = createStreamReport({
    stream: { name: "audit_logs/E1", source: "audit_logs" },
    listed,
    reachedMs: (position) => position as number,
    clock,
    log: (level, event, { message, stream, ...rest } = {}) => {
      expect(stream).toBe("audit_logs/E1");
      expect(message).not.toBe("");
      lines.push([level, event, ...Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`)].join(" "));
    },
  });
  const accepted = (count: number) =>
    report.receipt({ outcome: "accepted", records: recordNumbers(count), rejected: 0 });
  const told = () => lines.splice(0);
  return { clock, report, accepted, told };
}

const present = { kind: "present" } as const;
const halted = (code: string, reason: "unavailable" | "credentials" = "credentials") =>
  ({ kind: "halted", scope: "stream", reason, code, message: `Slack says ${code}` }) as const;
const cause = { message: "HTTP 503", statusCode: 503 };
const REACHED = Date.UTC(2026, 0, 1, 2, 3, 4, 567);

test("tells what was delivered at the end of the first walk, then once a minute, and at last what was not told", async () => {
  const { clock, report, accepted, told } = reported();
  report.page(20, 10);
  accepted(10);
  report.position(REACHED);
  expect(told()).toEqual([]);
  report.ending(present);
  expect(told()).toEqual(["info delivered records=10 reached=2026-01-01T02:03:04Z"]);
  await clock.advance(15_000);
  accepted(5);
  report.position(REACHED);
  report.ending(present);
  expect(told()).toEqual([]);
  await clock.advance(45_000);
  report.ending(present);
  expect(told()).toEqual(["info delivered records=5 reached=2026-01-01T02:03:04Z"]);
  await clock.advance(60_000);
  report.ending(present);
  expect(told()).toEqual([]);
  accepted(1);
  report.close();
  report.close();
  expect(told()).toEqual(["info delivered records=1 reached=2026-01-01T02:03:04Z"]);
  expect(report.status).toMatchObject({ delivered: 16, entries: 20, reachedMs: REACHED });
});

test("tells how a long walk goes, once a minute", async () => {
  const { clock, report, accepted, told } = reported();
  for (let page = 0; page < 25; page++) {
    accepted(100);
    report.position(undefined);
    await clock.advance(10_000);
  }
  expect(told()).toEqual(
    Array.from({ length: 4 }, (_, index) => `info delivered records=${index === 0 ? 700 : 600} reached=undefined`),
  );
});

test("tells an outage once in ten minutes for each cause, and its end with how long it lasted", async () => {
  const { clock, report, accepted, told } = reported();
  for (let attempt = 1; attempt <= 25; attempt++) {
    report.retrying({ attempt, delayMs: 30_000, cause });
    await clock.advance(30_000);
  }
  report.retrying({ attempt: 26, delayMs: 30_000, cause: { message: "connection failed: ECONNREFUSED" } });
  expect(told()).toEqual([
    "warn destination_retry error=HTTP 503 status=503 delay_ms=30000",
    "warn destination_retry error=HTTP 503 status=503 delay_ms=30000",
    "warn destination_retry error=connection failed: ECONNREFUSED status=undefined delay_ms=30000",
  ]);
  expect(report.status.activity).toMatchObject({ kind: "waiting", trouble: true });
  accepted(1);
  accepted(1);
  expect(told()).toEqual(["info delivery_resumed after_seconds=750"]);
  report.retrying({ attempt: 1, delayMs: 500, cause });
  expect(told()).toEqual(["warn destination_retry error=HTTP 503 status=503 delay_ms=500"]);
});

test("tells a refusal with the remedy, and what was halted when it goes on", () => {
  const { report, told } = reported();
  report.refused({ kind: "refused", fault: "credentials", cause: { message: "HTTP 401", statusCode: 401 } });
  report.refused({ kind: "refused", fault: "credentials", cause: { message: "HTTP 401", statusCode: 401 } });
  expect(told()).toEqual(["error destination_refuses fault=credentials error=HTTP 401 status=401"]);
  report.ending(halted("token_revoked"));
  report.waiting(60_000);
  expect(report.status.activity).toEqual({
    kind: "waiting",
    untilMs: 60_000,
    why: "halted (token_revoked)",
    trouble: true,
  });
  report.ending(halted("token_revoked"));
  expect(told()).toEqual(["error stream_halted error=token_revoked"]);
  report.page(0, 0);
  report.page(0, 0);
  expect(told()).toEqual(["info stream_resumed error=token_revoked"]);
});

test("takes a source that nobody asked for and nobody may read for no error", () => {
  const optional = reported();
  optional.report.ending(halted("missing_scope", "unavailable"));
  expect(optional.told()).toEqual(["warn source_not_available error=missing_scope"]);
  expect(optional.report.status.activity).toMatchObject({ why: "not available (missing_scope)", trouble: false });
  const listed = reported({ listed: true });
  listed.report.ending(halted("missing_scope", "unavailable"));
  expect(listed.told()).toEqual(["error stream_halted error=missing_scope"]);
});

test("tells every dead letter and every partial success, and counts them", () => {
  const { report, told } = reported();
  const [record] = recordNumbers(1) as [LogRecord];
  report.receipt({
    outcome: "dead_lettered",
    records: [record],
    rejected: 0,
    cause: { message: "HTTP 400: no", statusCode: 400 },
  });
  report.receipt({ outcome: "accepted", records: recordNumbers(7), rejected: 2, cause: { message: "odd" } });
  expect(told()).toEqual([
    `warn dead_lettered records=1 uid=${record.uid} status=400`,
    "warn partial_success rejected=2 records=7",
  ]);
  expect(report.status).toMatchObject({ delivered: 7, deadLettered: 8 });
});

test("tells what a receiver says with its yes, once in a while", () => {
  const { report, told } = reported();
  for (let batch = 0; batch < 3; batch++)
    report.receipt({
      outcome: "accepted",
      records: recordNumbers(7),
      rejected: 0,
      cause: { message: "queue nearly full" },
    });
  expect(told()).toEqual(["warn destination_warning error=queue nearly full"]);
  expect(report.status).toMatchObject({ delivered: 21, deadLettered: 0 });
});

test("knows what it is doing: sending, reading, asking Slack", async () => {
  const { clock, report } = reported();
  expect(report.status.activity).toEqual({ kind: "starting" });
  const first = report.asking("audit.logs");
  await clock.advance(10);
  const second = report.asking("audit.logs");
  first();
  expect(report.status.asking).toEqual({ method: "audit.logs", sinceMs: 10 });
  second();
  expect(report.status.asking).toBeUndefined();
  report.page(100, 3);
  expect(report.status.activity).toEqual({ kind: "sending", records: 3, sinceMs: 10 });
  report.position(REACHED);
  expect(report.status.activity).toEqual({ kind: "reading" });
  report.page(100, 0);
  expect(report.status.activity).toEqual({ kind: "reading" });
  report.ending(present);
  report.waiting(5_000);
  expect(report.status.activity).toEqual({ kind: "waiting", untilMs: 5_010, why: "up to date", trouble: false });
  report.replaced();
  expect(report.status.activity).toEqual({ kind: "read by workspace" });
});

test("writes a time to the second, and none that is not known", () => {
  expect(isoTime(REACHED)).toBe("2026-01-01T02:03:04Z");
  expect(isoTime(undefined)).toBeUndefined();
  expect(isoTime(Number.NaN)).toBeUndefined();
});

test("entries that are left out on request are counted", () => {
  const { report } = reported();
  report.page(20, 10, 3);
  report.page(20, 10);
  expect(report.status.skipped).toBe(3);
});
