import { expect, test } from "vitest";
import type { StretchReport } from "../../src/backfill/document.ts";
import { progressLines, type BackfillProgress } from "../../src/backfill/progress.ts";
import type { Activity } from "../../src/telemetry/activity.ts";

const plain = (_: unknown, text: string) => text;
const DAY_MS = 86_400_000;

function stretch(
  report: Partial<StretchReport>,
  activity: Activity = { kind: "reading" },
  isDone = false,
): BackfillProgress {
  return {
    stream: "audit_logs/E1",
    time: { fromMs: 10 * DAY_MS, toMs: 20 * DAY_MS },
    callsPerMinute: 15,
    report: () => ({ v: 1, records: 0, calls: 0, holes: [], ...report }),
    status: { activity, asking: undefined },
    isDone: () => isDone,
  };
}

const line = (progress: BackfillProgress, width = 100) => progressLines([progress], width, 0, plain)[0];

test("a stretch shows its share of the time, records, calls and the time left by the quota", () => {
  const half = stretch({ records: 12_000, calls: 30, oldestMs: 15 * DAY_MS, newestMs: 20 * DAY_MS });
  expect(line(half)).toBe(
    "audit_logs/E1 ████████████░░░░░░░░░░░░  50 %  12000 records  30 calls  about 2 min left by the quota",
  );
});

test("it is walked from either end", () => {
  const forward = stretch({ records: 1, calls: 4, oldestMs: 10 * DAY_MS, newestMs: 18 * DAY_MS });
  expect(line(forward)).toContain(" 80 %");
});

test("before anything was met, and when it is done, it says no time left", () => {
  expect(line(stretch({}))).toContain("  0 %  0 records  0 calls  from 1970-01-11T00:00:00Z");
  expect(line(stretch({ records: 5, calls: 2 }, { kind: "reading" }, true))).toContain(
    "100 %  5 records  2 calls  done",
  );
});

test("what holds it up is told instead", () => {
  const waiting: Activity = { kind: "waiting", untilMs: 5_000, why: "the destination: HTTP 503", trouble: true };
  expect(line(stretch({}, waiting))).toContain("next try in 5 s: the destination: HTTP 503");
});

test("on a narrow terminal the bar stays, unless something holds it up", () => {
  const first = stretch({ records: 1, calls: 1, oldestMs: 15 * DAY_MS, newestMs: 20 * DAY_MS });
  expect(line(first, 75)).toBe("audit_logs/E1 ████████████░░░░░░░░░░░░  50 %  1 record  1 call  from 1970-…");
  const waiting: Activity = { kind: "waiting", untilMs: 5_000, why: "the destination: HTTP 503", trouble: true };
  expect(line(stretch({}, waiting), 85)).toBe(
    "audit_logs/E1    0 %  0 records  0 calls  next try in 5 s: the destination: HTTP 503",
  );
});

test("no line is longer than the terminal is wide", () => {
  expect(line(stretch({ records: 12_000, calls: 30 }), 40)).toHaveLength(40);
});
