import { expect, test } from "vitest";
import { addRefused, beginCoverage, openHole, reaching, type Coverage } from "../../src/coverage/coverage.ts";
import { timeline } from "../../src/coverage/timeline.ts";

const HOUR_MS = 3_600_000;
const MARKS = { covered: "#", provisional: "~", ahead: ".", hole: "x", before: " " } as const;

function drawn(coverage: Coverage, hours = 24, cells = 24, nowMs = 24 * HOUR_MS): string {
  return timeline(coverage, { fromMs: 0, toMs: hours * HOUR_MS }, cells, nowMs)
    .map(({ kind }) => MARKS[kind])
    .join("");
}

const begun = beginCoverage(4 * HOUR_MS, 2 * HOUR_MS, "start");

test("shows what lies before the start, what is delivered, what may yet turn up late, and what is ahead", () => {
  expect(drawn(reaching(begun, 22 * HOUR_MS, 2 * HOUR_MS))).toBe("    ################~~..");
});

test("shows a single missing record in however long a time", () => {
  const coverage = addRefused(reaching(begun, 24 * HOUR_MS, 0), [10 * HOUR_MS + 5], 7);
  expect(drawn(coverage)).toBe("    ######x#############");
  expect(timeline(coverage, { fromMs: 0, toMs: 24 * HOUR_MS }, 4, 24 * HOUR_MS).map(({ kind }) => kind)).toEqual([
    "before",
    "hole",
    "covered",
    "covered",
  ]);
});

test("shows a stream that cannot be read as a hole up to now", () => {
  const halted = openHole(
    reaching(begun, 20 * HOUR_MS, 0),
    {
      reason: "plan",
      code: "paid_only",
      message: "",
      sinceMs: 0,
    },
    true,
  );
  expect(drawn(halted)).toBe("    ################xxxx");
  expect(timeline(halted, { fromMs: 0, toMs: 24 * HOUR_MS }, 24, 24 * HOUR_MS).at(-1)?.reason).toBe("plan");
});
