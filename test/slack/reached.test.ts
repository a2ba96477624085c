import { expect, test } from "vitest";
import { reachedForward } from "../../src/slack/oldest-first.ts";
import { reachedByPages } from "../../src/slack/pages-position.ts";
import { reachedByWindows } from "../../src/slack/windows.ts";

const HOUR_MS = 3_600_000;

test.each([
  ["none", undefined, undefined],
  ["an empty one", {}, undefined],
  ["drained windows", { low: 1_000, reached: 9_000 }, 9_000_000],
  ["a window under way", { low: 1_000, reached: 9_000, window: { high: 9_500, before: 9_400 } }, 9_000_000],
  ["version 0.1, which kept the mark less the look-back", { low: 1_000 }, 1_000_000 + HOUR_MS],
  ["version 0.1 with a window under way", { low: 1_000, window: { high: 9_500, before: 9_400 } }, 1_000_000],
])("in windows, a position of %s", (_, position, expected) => {
  expect(reachedByWindows(position, HOUR_MS)).toBe(expected);
});

test.each([
  ["none", undefined, undefined],
  ["complete walks", { low: 1_000_000, reached: 9_000_000 }, 9_000],
  ["a walk under way", { low: 1_000_000, reached: 5_000_000, walk: { opened: 9_500_000, at: 7_000_000 } }, 7_000],
  ["a walk within the look-back", { low: 1_000_000, reached: 5_000_000, walk: { opened: 9_500_000, at: 0 } }, 5_000],
  ["version 0.1, which kept the mark less the look-back", { low: 1_000_000 }, 1_000 + HOUR_MS],
  ["version 0.1 with a walk under way", { low: 1_000_000, walk: { opened: 9_500_000, at: 7_000_000 } }, 7_000],
  ["version 0.1 with a walk just begun", { low: 1_000_000, walk: { opened: 9_500_000, at: 0 } }, 1_000],
])("oldest first, a position of %s", (_, position, expected) => {
  expect(reachedForward(position, HOUR_MS)).toBe(expected);
});

test.each([
  ["none", undefined, undefined],
  ["a first poll under way", { v: 1, startMs: 0, sweep: 1 }, undefined],
  ["complete polls", { v: 1, startMs: 0, sweep: 1, reachedMs: 9_000 }, 9_000],
])("by pages, a position of %s", (_, position, expected) => {
  expect(reachedByPages(position)).toBe(expected);
});
