import { expect, it } from "vitest";
import { theilSenSlope } from "./theil-sen.ts";

const line = (slope: number, count = 20) => Array.from({ length: count }, (_, at) => ({ at, value: 7 + slope * at }));

it("tells the slope of a line", () => {
  expect(theilSenSlope(line(2.5))).toBeCloseTo(2.5);
  expect(theilSenSlope(line(-1, 21))).toBeCloseTo(-1);
});

it("is not swayed by a few outliers", () => {
  const samples = line(0).map((sample) => (sample.at % 7 === 3 ? { ...sample, value: 1e6 } : sample));
  expect(theilSenSlope(samples)).toBe(0);
});

it("refuses samples of one time", () => {
  expect(() => theilSenSlope([{ at: 1, value: 1 }])).toThrow("two times");
});
