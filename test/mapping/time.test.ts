import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseLossless } from "../../src/mapping/lossless.ts";
import { readTime, toMicros } from "../../src/mapping/time.ts";

describe("seconds", () => {
  test.each([
    [1392163200, 1392163200, 0],
    ["1392163200", 1392163200, 0],
    ["1392163200.5", 1392163200, 500_000_000],
    ["1392163200.000000001", 1392163200, 1],
    ["1392163200.1234567899", 1392163200, 123_456_789],
    [1392163200.25, 1392163200, 250_000_000],
    ["0001392163200", 1392163200, 0],
    [1356998400, 1356998400, 0],
  ])("%j", (value, seconds, nanos) => {
    expect(readTime(value, "seconds")).toEqual({ seconds, nanos });
  });
});

describe("microseconds", () => {
  test.each([
    [1650463798824317, 1650463798, 824_317_000],
    ["1650463798824317", 1650463798, 824_317_000],
    ["1650463798824317.999", 1650463798, 824_317_999],
    [1650463798000000, 1650463798, 0],
    ["1650463798000001", 1650463798, 1_000],
    [1356998400000000, 1356998400, 0],
  ])("%j", (value, seconds, nanos) => {
    expect(readTime(value, "microseconds")).toEqual({ seconds, nanos });
  });
});

test.each([
  0,
  -1,
  1356998399,
  1356998399.999,
  1392163200000,
  1e15,
  Number.NaN,
  Infinity,
  undefined,
  null,
  true,
  [],
  {},
  "",
  " 1392163200",
  "1392163200 ",
  "-1392163200",
  "+1392163200",
  "1392163200.",
  ".5",
  "0x52FAB900",
  "1.39e9",
  "NaN",
  "soon",
  "1".repeat(400),
])("%j is no time in seconds", (value) => {
  expect(readTime(value, "seconds")).toBeUndefined();
});

test("a number that kept its digits is read by them", () => {
  const [value] = parseLossless("[9007199254740993]") as unknown[];
  expect(readTime(value, "microseconds")).toBeUndefined();
  const [scaled] = parseLossless("[1650463798824317.00000000000e0]") as unknown[];
  expect(readTime(scaled, "microseconds")).toEqual({ seconds: 1650463798, nanos: 824_317_000 });
});

test("every microsecond comes back exactly", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1356998400_000_000, max: 9_007_000_000_000_000 }), (micros) => {
      for (const value of [micros, String(micros)]) {
        const time = readTime(value, "microseconds");
        if (time === undefined) throw new Error("no time");
        expect(BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos)).toBe(BigInt(micros) * 1000n);
        expect(toMicros(time)).toBe(micros);
      }
    }),
  );
});
