import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addRefused,
  addUnread,
  beginCoverage,
  closeHole,
  covered,
  fill,
  holesUntil,
  judge,
  openHole,
  reaching,
  settled,
  told,
  type Coverage,
} from "../../src/coverage/coverage.ts";
import { HOLE_REASONS, reasonOf } from "../../src/coverage/hole.ts";
import { intersect, union, type Interval, type Intervals } from "../../src/coverage/interval.ts";

const HOUR_MS = 3_600_000;
/** In the properties one moment is an hour, so that holes lie far enough apart to stay separate. */
const END = 120;

type Step =
  | { readonly kind: "reach" | "refused"; readonly at: number }
  | { readonly kind: "unread" | "fill"; readonly time: Interval }
  | { readonly kind: "halt" | "resume" | "told" };

const moment = fc.nat(END);
const time = fc
  .tuple(moment, fc.integer({ min: 1, max: 30 }))
  .map(([from, length]) => ({ fromMs: from * HOUR_MS, toMs: Math.min(END, from + length) * HOUR_MS }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("reach" as const, "refused" as const), at: moment }),
  fc.record({ kind: fc.constantFrom("unread" as const, "fill" as const), time }),
  fc.record({ kind: fc.constantFrom("halt" as const, "resume" as const, "told" as const) }),
);

/** Plays the steps on a coverage, and beside it keeps hour by hour what was really delivered. */
function play(startHour: number, steps: readonly Step[], check: (coverage: Coverage, delivered: Set<number>) => void) {
  let coverage = beginCoverage(startHour * HOUR_MS, 0, "start");
  const delivered = new Set<number>();
  const unreadable = new Set<number>();
  for (const step of steps) {
    switch (step.kind) {
      case "reach":
        // What lies behind was delivered before, or is known to be missing.
        for (let hour = coverage.reachedMs / HOUR_MS; hour < step.at; hour++)
          if (!unreadable.has(hour)) delivered.add(hour);
        if (step.at < startHour) break;
        coverage = reaching(coverage, step.at * HOUR_MS, 0);
        break;
      case "refused":
        delivered.delete(step.at);
        unreadable.add(step.at);
        coverage = addRefused(coverage, [step.at * HOUR_MS], 7);
        break;
      case "unread":
        for (const hour of hours([step.time])) if (!hours(covered(coverage)).has(hour)) unreadable.add(hour);
        coverage = addUnread(coverage, step.time, "page_ceiling", 7);
        break;
      case "fill":
        for (const hour of hours([step.time])) {
          delivered.add(hour);
          unreadable.delete(hour);
        }
        coverage = fill(coverage, [step.time]);
        break;
      case "halt":
        coverage = openHole(coverage, HALT, true);
        break;
      case "resume":
        coverage = closeHole(coverage);
        break;
      case "told":
        coverage = told(coverage);
        break;
      default:
        step satisfies never;
    }
    check(coverage, delivered);
  }
  return coverage;
}

const HALT = { reason: "not_permitted", code: "missing_scope", message: "add the scope", sinceMs: 7 } as const;

/** Hours of which any part is in the set. */
function hours(set: Intervals): Set<number> {
  return new Set(
    set.flatMap(({ fromMs, toMs }) => {
      const from = Math.floor(fromMs / HOUR_MS);
      return Array.from({ length: Math.ceil(toMs / HOUR_MS) - from }, (_, index) => from + index);
    }),
  );
}

/** Hours that are in the set from their first moment to their last. */
function wholeHours(set: Intervals): Set<number> {
  const parts = set.map(({ fromMs, toMs }) => [Math.ceil(fromMs / HOUR_MS), Math.floor(toMs / HOUR_MS)] as const);
  return new Set(parts.flatMap(([from, to]) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)));
}

describe("whatever happens", () => {
  const histories = fc.tuple(fc.nat(END), fc.array(step, { maxLength: 40, size: "max" }));

  test("nothing is called covered that was not delivered", () => {
    fc.assert(
      fc.property(histories, ([start, steps]) => {
        play(start, steps, (coverage, delivered) => {
          expect([...wholeHours(covered(coverage))].filter((hour) => !delivered.has(hour))).toEqual([]);
        });
      }),
      { numRuns: 200 },
    );
  });

  test("every moment up to now is covered, in a hole or ahead, and never covered beside one of the others", () => {
    fc.assert(
      fc.property(histories, ([start, steps]) => {
        play(start, steps, (coverage) => {
          const nowMs = END * HOUR_MS;
          const whole = [{ fromMs: 0, toMs: nowMs }];
          const holes = union(holesUntil(coverage, nowMs));
          const { ahead } = judge(coverage, { fromMs: 0, toMs: nowMs }, nowMs);
          expect(union(covered(coverage), holes, ahead)).toEqual(union(whole, holes));
          expect(intersect(covered(coverage), union(coverage.holes, ahead))).toEqual([]);
        });
      }),
      { numRuns: 200 },
    );
  });

  test("the document stays small once everything is told", () => {
    const refusals = Array.from({ length: 1500 }, (_, index) => index * 3 * HOUR_MS);
    let coverage = beginCoverage(0, 0, "start");
    for (const timeMs of refusals) coverage = told(addRefused(coverage, [timeMs], 7));
    expect(coverage.holes.length).toBeLessThanOrEqual(64);
    expect(JSON.stringify(coverage).length).toBeLessThan(8_000);
    // None of them is lost, in number or in time.
    expect(coverage.holes.reduce((sum, { records = 0 }) => sum + records, 0)).toBe(1500);
    for (const timeMs of refusals)
      expect(judge(coverage, { fromMs: timeMs, toMs: timeMs + 1 }, timeMs).holes).toHaveLength(1);
  });

  test("a flood of refused records is few holes before it is told", () => {
    const day = Array.from({ length: 20_000 }, (_, index) => index * 60_000);
    const { holes } = addRefused(beginCoverage(0, 0, "start"), day, 7);
    expect(holes.length).toBeLessThanOrEqual(16);
    expect(holes.reduce((sum, { records = 0 }) => sum + records, 0)).toBe(20_000);
  });
});

describe("a stream", () => {
  const begun = beginCoverage(10 * HOUR_MS, HOUR_MS, "start");

  test("has delivered nothing when it begins, and a hole before its start", () => {
    expect(covered(begun)).toEqual([]);
    expect(begun.holes).toEqual([{ fromMs: 0, toMs: 10 * HOUR_MS, reason: "start" }]);
    expect(beginCoverage(0, HOUR_MS, "start").holes).toEqual([]);
  });

  test("covers what was reached, and for good what is older than the look-back", () => {
    const coverage = reaching(begun, 14 * HOUR_MS, HOUR_MS);
    expect(covered(coverage)).toEqual([{ fromMs: 10 * HOUR_MS, toMs: 14 * HOUR_MS }]);
    expect(settled(coverage)).toEqual([{ fromMs: 10 * HOUR_MS, toMs: 13 * HOUR_MS }]);
  });

  test("takes back what it had reached when the position does", () => {
    expect(covered(reaching(reaching(begun, 14 * HOUR_MS, 0), 12 * HOUR_MS, 0))).toEqual([
      { fromMs: 10 * HOUR_MS, toMs: 12 * HOUR_MS },
    ]);
  });

  test("that cannot be read has a hole up to now, which its next complete walk fills", () => {
    const halted = openHole(reaching(begun, 12 * HOUR_MS, 0), HALT, true);
    expect(holesUntil(halted, 15 * HOUR_MS).at(-1)).toEqual({
      fromMs: 12 * HOUR_MS,
      toMs: 15 * HOUR_MS,
      reason: "not_permitted",
    });
    const resumed = reaching(closeHole(halted), 15 * HOUR_MS, 0);
    expect(covered(resumed)).toEqual([{ fromMs: 10 * HOUR_MS, toMs: 15 * HOUR_MS }]);
  });

  test("is told of one trouble once, and again when the trouble is another", () => {
    const first = openHole(begun, HALT, true);
    expect(first.open?.untold).toBe(7);
    const known = told(first);
    expect(openHole(known, HALT, true)).toBe(known);
    expect(openHole(known, { ...HALT, code: "no_permission" }, true).open?.untold).toBeUndefined();
    const other = openHole(known, { ...HALT, reason: "credentials", code: "token_revoked" }, true);
    expect(other.open).toMatchObject({ untold: 7, sinceMs: HALT.sinceMs, fromMs: 10 * HOUR_MS });
  });

  test("does not miss what was out of reach but delivered before", () => {
    const coverage = reaching(begun, 12 * HOUR_MS, 0);
    expect(addUnread(coverage, { fromMs: 0, toMs: 11 * HOUR_MS }, "page_ceiling", 7)).toBe(coverage);
    expect(addUnread(coverage, { fromMs: 0, toMs: 13 * HOUR_MS }, "page_ceiling", 7).holes.at(-1)).toEqual({
      fromMs: 12 * HOUR_MS,
      toMs: 13 * HOUR_MS,
      reason: "page_ceiling",
      untold: 7,
    });
  });

  test("whose hole is filled in its middle has two", () => {
    expect(fill(begun, [{ fromMs: 4 * HOUR_MS, toMs: 6 * HOUR_MS }]).holes).toEqual([
      { fromMs: 0, toMs: 4 * HOUR_MS, reason: "start" },
      { fromMs: 6 * HOUR_MS, toMs: 10 * HOUR_MS, reason: "start" },
    ]);
  });
});

test.each([
  [10, 12, "complete"],
  [12, 14, "provisional"],
  [9, 12, "incomplete"],
  [13, 15, "ahead"],
] as const)("asked whether anything from %i to %i is missing, it answers %s", (from, to, kind) => {
  const coverage = reaching(beginCoverage(10 * HOUR_MS, HOUR_MS, "start"), 14 * HOUR_MS, HOUR_MS);
  const time = { fromMs: from * HOUR_MS, toMs: to * HOUR_MS };
  expect(judge(coverage, time, 16 * HOUR_MS).kind).toBe(kind);
});

test("what Slack refuses has a reason that tells plan, right and token apart", () => {
  const halt = { kind: "halted", scope: "stream", message: "" } as const;
  const reasons = (["paid_only", "missing_scope"] as const).map((code) =>
    reasonOf({ ...halt, reason: "unavailable", code }),
  );
  expect(reasons).toEqual(["plan", "not_permitted"]);
  expect(reasonOf({ ...halt, scope: "token", reason: "credentials", code: "token_revoked" })).toBe("credentials");
  for (const text of Object.values(HOLE_REASONS)) expect(text).toMatch(/\w/);
});
