import { describe, expect, test } from "vitest";
import { afterBackfills, finished, type BackfillDocument } from "../../src/backfill/document.ts";
import { missing, stretchesOf } from "../../src/backfill/plan.ts";
import { addRefused, beginCoverage, reaching, told, type Coverage } from "../../src/coverage/coverage.ts";
import type { Hole } from "../../src/coverage/hole.ts";

const HOUR_MS = 3_600_000;
const NOTHING: BackfillDocument = { v: 1, covered: [], holes: [], serial: 0 };
const hours = (from: number, to: number) => ({ fromMs: from * HOUR_MS, toMs: to * HOUR_MS });
/** Begun at 10, reached 20, one record refused a little after 15. */
const coverage: Coverage = told(
  addRefused(reaching(beginCoverage(10 * HOUR_MS, 0, "start"), 20 * HOUR_MS, 0), [15 * HOUR_MS + 1_500], 7),
);
const reasons = ({ holes }: Coverage) => holes.map(({ reason }) => reason);

describe("what is missing", () => {
  test("is what was refused, in whole seconds, and not what lies before the start", () => {
    expect(missing(coverage, NOTHING, hours(0, 20), false)).toEqual([
      { fromMs: 15 * HOUR_MS + 1_000, toMs: 15 * HOUR_MS + 2_000 },
    ]);
  });

  test("reaches before the start where a time is named, and no further than that", () => {
    expect(missing(coverage, NOTHING, hours(8, 12), true)).toEqual([hours(8, 10)]);
  });

  test("is not what was filled already, nor what Slack will not show", () => {
    const gone: Hole = { ...hours(8, 9), reason: "retention" };
    expect(missing(coverage, finished(NOTHING, hours(8, 20), [gone]), hours(8, 20), true)).toEqual([]);
  });
});

describe("a backfill", () => {
  test("fills holes but for what it could not deliver, and names the reason of that", () => {
    const after = afterBackfills(coverage, finished(NOTHING, hours(6, 18), [{ ...hours(6, 7), reason: "retention" }]));
    expect(after.holes).toEqual([
      { ...hours(0, 6), reason: "start" },
      { ...hours(6, 7), reason: "retention" },
    ]);
    expect(after.reachedMs).toBe(coverage.reachedMs);
  });

  test("makes no hole of what the stream has delivered itself", () => {
    const refused: Hole = { ...hours(12, 13), reason: "dead_letters", records: 1 };
    expect(reasons(afterBackfills(coverage, finished(NOTHING, hours(12, 13), [refused])))).toEqual([
      "start",
      "dead_letters",
    ]);
  });

  test("done a second time takes the place of the first", () => {
    const first = finished(NOTHING, hours(6, 10), [{ ...hours(7, 8), reason: "dead_letters", records: 2 }]);
    expect(finished(first, hours(6, 9), [])).toMatchObject({ covered: [hours(6, 10)], holes: [] });
  });

  test("that was broken off goes on first, with its own bounds; what it leaves is read after it", () => {
    const broken: BackfillDocument = { ...NOTHING, serial: 3, stretch: { ...hours(4, 8), serial: 3 } };
    expect(stretchesOf([hours(5, 10)], broken)).toEqual([broken.stretch, hours(8, 10)]);
    expect(stretchesOf([hours(8, 10)], broken)).toEqual([hours(8, 10)]);
    expect(stretchesOf([hours(5, 6)], NOTHING)).toEqual([hours(5, 6)]);
  });
});
