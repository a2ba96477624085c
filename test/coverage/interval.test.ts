import * as fc from "fast-check";
import { expect, test } from "vitest";
import { intersect, subtract, union, type Interval, type Intervals } from "../../src/coverage/interval.ts";

const WHOLE = 60;
const interval: fc.Arbitrary<Interval> = fc
  .tuple(fc.nat(WHOLE), fc.nat(WHOLE))
  .map(([a, b]) => ({ fromMs: Math.min(a, b), toMs: Math.max(a, b) }));
const intervals = fc.array(interval, { maxLength: 8 });

/** The same set, moment by moment. */
function moments(set: Intervals): Set<number> {
  return new Set(
    set.flatMap(({ fromMs, toMs }) => Array.from({ length: toMs - fromMs }, (_, index) => fromMs + index)),
  );
}

function expectNormal(set: Intervals): void {
  for (const [index, { fromMs, toMs }] of set.entries()) {
    expect(fromMs).toBeLessThan(toMs);
    if (index > 0) expect(fromMs).toBeGreaterThan(set[index - 1]?.toMs ?? Number.NaN);
  }
}

test("union, difference and intersection are those of the sets of moments, in normal form", () => {
  fc.assert(
    fc.property(intervals, intervals, (a, b) => {
      const [inA, inB] = [moments(a), moments(b)];
      for (const [result, expected] of [
        [union(a, b), new Set([...inA, ...inB])],
        [subtract(a, b), new Set([...inA].filter((moment) => !inB.has(moment)))],
        [intersect(a, b), new Set([...inA].filter((moment) => inB.has(moment)))],
      ] as const) {
        expectNormal(result);
        expect(moments(result)).toEqual(expected);
      }
    }),
    { numRuns: 500 },
  );
});

test("what touches becomes one, and what is empty is nothing", () => {
  expect(union([{ fromMs: 3, toMs: 5 }], [{ fromMs: 1, toMs: 3 }], [{ fromMs: 7, toMs: 7 }])).toEqual([
    { fromMs: 1, toMs: 5 },
  ]);
});
