import { expect, test } from "vitest";
import { describeActivity, span } from "../../src/telemetry/activity.ts";

test.each([
  [0, "0 s"],
  [-5_000, "0 s"],
  [400, "0 s"],
  [99_400, "99 s"],
  [100_000, "2 min"],
  [59 * 60_000, "59 min"],
  [60 * 60_000, "1 h"],
  [3 * 3_600_000 + 300_000, "3 h 5 min"],
  [24 * 3_600_000, "1 d"],
  [52 * 3_600_000, "2 d 4 h"],
])("%i ms are %s", (ms, text) => {
  expect(span(ms)).toBe(text);
});

test("says what a stream is doing or waiting for", () => {
  const asking = { method: "audit.logs", sinceMs: 1_000 };
  const tell = (activity: Parameters<typeof describeActivity>[0], nowMs: number, asked?: typeof asking) =>
    describeActivity(activity, asked, nowMs);
  expect(tell({ kind: "starting" }, 0)).toBe("starting");
  expect(tell({ kind: "reading" }, 2_000, asking)).toBe("reading");
  expect(tell({ kind: "reading" }, 46_000, asking)).toBe("waiting for Slack for 45 s (audit.logs)");
  expect(tell({ kind: "sending", records: 1, sinceMs: 0 }, 500, asking)).toBe("sending 1 record");
  expect(tell({ kind: "sending", records: 500, sinceMs: 0 }, 8_000, asking)).toBe(
    "waiting for the destination for 8 s (500 records)",
  );
  const poll = { kind: "waiting", untilMs: 60_000, why: "up to date", trouble: false } as const;
  expect(tell(poll, 17_000)).toBe("up to date, next look in 43 s");
  expect(tell(poll, 60_000)).toBe("up to date");
  const halt = { kind: "waiting", untilMs: 60_000, why: "halted (missing_scope)", trouble: true } as const;
  expect(tell(halt, 17_000)).toBe("next try in 43 s: halted (missing_scope)");
  expect(tell(halt, 60_000)).toBe("trying again: halted (missing_scope)");
  expect(tell({ kind: "read by workspace" }, 0)).toBe("read by workspace");
});
