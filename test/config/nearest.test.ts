import { expect, test } from "vitest";
import { nearest } from "../../src/config/nearest.ts";

const known = ["interval", "calls_per_minute", "look_back", "deep_sweep"];

test.each([
  ["intervall", "interval"],
  ["itnerval", "interval"],
  ["lookback", "look_back"],
  ["LOOK_BACK", "look_back"],
  ["deepsweep", "deep_sweep"],
  ["call_per_min", "calls_per_minute"],
])("%s most likely stands for %s", (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});

test("letters that changed places are nearer than two that were replaced", () => {
  expect(nearest("ba", ["xa", "cd", "ab"])).toBe("xa");
  expect(nearest("abcd", ["abxy", "abdc"])).toBe("abdc");
});

test("nothing is near where there is nothing", () => {
  expect(nearest("interval", [])).toBeUndefined();
});
