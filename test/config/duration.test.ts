import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseDuration } from "../../src/config/duration.ts";

test.each([
  ["0s", 0],
  ["500ms", 500],
  ["15s", 15_000],
  ["1m", 60_000],
  ["1h30m", 5_400_000],
  ["24h", 86_400_000],
  ["7d", 604_800_000],
  ["1.5h", 5_400_000],
  ["1d2h3m4s5ms", 93_784_005],
  ["0.4ms", 0],
])("%s is %i ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  "",
  "5",
  "-5s",
  "+5s",
  "5 s",
  "5S",
  "5 minutes",
  "1w",
  "s",
  "1h30",
  ".5s",
  "1e3s",
  "5s ",
  "99999999999999d",
])("%j is not a duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test("parts add up, in whatever order", () => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const part = fc.tuple(fc.nat(1_000), fc.constantFrom("ms", "s", "m", "h", "d"));
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const text = parts.map(([amount, unit]) => `${amount}${unit}`).join("");
      const sum = parts.reduce((total, [amount, unit]) => total + amount * units[unit], 0);
      expect(parseDuration(text)).toBe(sum);
    }),
  );
});
