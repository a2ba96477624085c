import { expect, test } from "vitest";
import type { Identified } from "../../src/mapping/identity.ts";
import { createRise } from "../../src/slack/rise.ts";

const at = (...times: readonly (number | undefined)[]) =>
  times.map((timeMicros) => ({ timeMicros }) as unknown as Identified);
const fresh = () => true;
const known = () => false;
/** Times from `from` on, one a microsecond. */
const run = (from: number, count: number) => at(...Array.from({ length: count }, (_, index) => from + index));

test("nothing is trusted until a rise was seen within one answer", () => {
  const rise = createRise(10);
  for (const time of [20, 30, 40]) rise.observe(at(time), fresh);
  rise.observe(at(50, 50), fresh);
  expect([rise.reached(), rise.settled(), rise.isFalse()]).toEqual([10, undefined, false]);
  rise.observe(at(60, undefined, 61), fresh);
  expect([rise.reached(), rise.settled(), rise.isFalse()]).toEqual([61, 10, false]);
});

test("what was shown last is not settled: the answers that hold the last thousand entries", () => {
  const rise = createRise(0);
  rise.observe(run(1, 400), fresh);
  rise.observe(run(1_001, 600), fresh);
  rise.observe(run(2_001, 399), fresh);
  expect(rise.settled()).toBe(0);
  rise.observe(run(3_001, 1), fresh);
  expect([rise.settled(), rise.reached()]).toEqual([400, 3_001]);
  rise.observe(run(4_001, 1_000), fresh);
  expect([rise.settled(), rise.reached()]).toEqual([3_001, 5_000]);
});

test("a fresh entry a little out of its place takes a walk back to what is settled, and no further", () => {
  const rise = createRise(0);
  rise.observe(run(1, 10), fresh);
  rise.observe(run(1_001, 1_000), fresh);
  rise.observe(at(1_500), known);
  expect([rise.reached(), rise.isFalse()]).toEqual([2_000, false]);
  rise.observe(at(10), fresh);
  expect([rise.reached(), rise.settled(), rise.isFalse()]).toEqual([10, 10, false]);
});

test("a fresh entry from before what is settled makes the order false, for good", () => {
  const rise = createRise(0);
  rise.observe(run(1, 10), fresh);
  rise.observe(run(1_001, 1_000), fresh);
  rise.observe(at(9), known);
  expect(rise.isFalse()).toBe(false);
  rise.observe(at(9), fresh);
  rise.observe(run(3_001, 2_000), fresh);
  expect([rise.isFalse(), rise.settled()]).toEqual([true, undefined]);
  expect(createRise(5, true).isFalse()).toBe(true);
});

test("a listing that begins again is not out of order, and leaves the walk where it was", () => {
  const rise = createRise(0);
  rise.observe(at(5, 9), fresh);
  rise.breakOff();
  rise.observe(at(6, 7), fresh);
  expect([rise.reached(), rise.isFalse()]).toEqual([9, false]);
  rise.observe(at(6), fresh);
  expect(rise.reached()).toBe(0);
});
