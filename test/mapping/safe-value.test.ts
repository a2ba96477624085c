import { describe, expect, test } from "vitest";
import { MAX_DEPTH } from "../../src/mapping/canonical.ts";
import { parseLossless } from "../../src/mapping/lossless.ts";
import { toSafeValue, type Repair } from "../../src/mapping/safe-value.ts";

function safe(text: string): { value: unknown; repairs: Repair[] } {
  const repairs = new Set<Repair>();
  return { value: toSafeValue(parseLossless(text), repairs), repairs: [...repairs] };
}

test.each([
  ["1.5", 1.5],
  ["true", true],
  ["null", null],
  [`"a\\u0000\\u202e"`, "a\u0000\u202E"],
  ["[]", []],
  ["{}", {}],
  [`{"a":[1,{"b":"😀"}]}`, { a: [1, { b: "😀" }] }],
])("%s stays as it is", (text, value) => {
  expect(safe(text)).toEqual({ value, repairs: [] });
});

test("-0 is 0", () => {
  expect(safe("[-0]")).toStrictEqual({ value: [0], repairs: [] });
});

test.each([
  ["9007199254740993", "9007199254740993", "number"],
  ["-1e400", "-1e400", "number"],
  [String.raw`"a\ud800b"`, "a\uFFFDb", "text"],
])("%s becomes %j", (text, value, repair) => {
  expect(safe(`{"k":[${text}]}`)).toEqual({ value: { k: [value] }, repairs: [repair] });
});

test("numbers that lost their digits before are text as well", () => {
  const repairs = new Set<Repair>();
  expect(toSafeValue([2 ** 53, 1e21, Number.NaN, -Infinity], repairs)).toEqual([
    "9007199254740992",
    "1e+21",
    "NaN",
    "-Infinity",
  ]);
  expect([...repairs]).toEqual(["number"]);
});

describe("nesting", () => {
  const nested = (depth: number, inner = "") => "[".repeat(depth) + inner + "]".repeat(depth);

  test("is kept down to the last level that is allowed", () => {
    expect(safe(nested(MAX_DEPTH)).repairs).toEqual([]);
    expect(JSON.stringify(safe(nested(MAX_DEPTH)).value)).toBe(nested(MAX_DEPTH));
  });

  test("below is JSON text, its keys in their order and its numbers as they were", () => {
    const inner = String.raw`{"b":12345678901234567890,"a":"\ud800"}`;
    const { value, repairs } = safe(nested(MAX_DEPTH, inner));
    expect(repairs).toEqual(["depth"]);
    expect(JSON.stringify(value)).toBe(nested(MAX_DEPTH, JSON.stringify(inner)));
  });
});
