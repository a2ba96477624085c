import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactDigits, isExact, parseLossless } from "../../src/mapping/lossless.ts";
import { jsonTexts } from "../support/entry-texts.ts";

describe("numbers that a double cannot hold", () => {
  test.each([
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "9999999999999999",
    "12345678901234567",
    "-9223372036854775809",
    "123456789012345678901234567890",
    "9007199254740993.5",
    "90071992547409920.0",
    "1e21",
    "1E21",
    "1.5e300",
    "-1.0e+16",
    "1e400",
    "-1e400",
  ])("%s keeps its digits wherever it stands", (digits) => {
    for (const text of [
      digits,
      ` ${digits}`,
      `[${digits}]`,
      `[1,${digits} ]`,
      `{"a":${digits}}`,
      `{"a" :\n${digits}\t}`,
    ]) {
      const value = parseLossless(text);
      const found = typeof value === "object" ? Object.values(value as object).at(-1) : value;
      expect(exactDigits(found)).toBe(digits);
    }
  });

  test.each([
    "0",
    "-0",
    "1650463798824317",
    "9007199254740991",
    "-9007199254740991",
    "0.1",
    "1.50",
    "5e-324",
    "1e-400",
    "1e15",
    "12.5e1",
  ])("%s is a plain number", (digits) => {
    expect(parseLossless(`[12345678901234567890,${digits}]`)).toEqual([expect.any(String), Number(digits)]);
    expect(parseLossless(`[${digits}]`)).toEqual([Number(digits)]);
  });

  test("digits inside of strings and keys stay text", () => {
    const text = String.raw`{"12345678901234567890":"a: 12345678901234567890, \"[1e400]\" \\","b":[12345678901234567890,"\\",1e400]}`;
    const value = parseLossless(text) as Record<string, unknown>;
    expect(value["12345678901234567890"]).toBe(String.raw`a: 12345678901234567890, "[1e400]" ${"\\"}`);
    expect((value["b"] as unknown[]).map(exactDigits)).toEqual(["12345678901234567890", undefined, "1e400"]);
  });

  test("nobody can send a text that passes for such a number", () => {
    const marked = parseLossless("[1e400]") as string[];
    expect(exactDigits("\uE0001e400")).toBeUndefined();
    expect(exactDigits("1e400")).toBeUndefined();
    expect(exactDigits(`x${marked[0]}`)).toBeUndefined();
    expect(exactDigits(Infinity)).toBeUndefined();
  });
});

test("a key __proto__ is data", () => {
  const value = parseLossless(`{"__proto__":{"polluted":12345678901234567890}}`) as object;
  expect(Object.keys(value)).toEqual(["__proto__"]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("nesting of any depth and strings of any length are read", () => {
  const depth = 100_000;
  let value = parseLossless(`${"[".repeat(depth)}1e400${"]".repeat(depth)}`);
  for (let level = 0; level < depth; level++) value = (value as unknown[])[0];
  expect(exactDigits(value)).toBe("1e400");
  const long = `${"x".repeat(2_000_000)}\\n`.repeat(8);
  expect(parseLossless(`["${long}",12345678901234567890]`)).toHaveLength(2);
});

test.each([
  "",
  " ",
  "{",
  "[1e400",
  '{"a":1e400,}',
  '"open 1e400',
  "[1e400]]",
  "<html>1e400</html>",
  "[01234567890123456789]",
  "[-]",
  "[1e]",
  "[12345678901234567.]",
])("what is not JSON is refused: %j", (text) => {
  expect(() => parseLossless(text)).toThrow(SyntaxError);
});

test("everything else comes out as JSON.parse gives it", () => {
  fc.assert(
    fc.property(jsonTexts, (text) => {
      const whole = `[${text},"x: 12345678901234567890"]`;
      expect(isDeepStrictEqual(withoutOddNumbers(parseLossless(whole)), withoutOddNumbers(JSON.parse(whole)))).toBe(
        true,
      );
    }),
    { numRuns: 1_000 },
  );
});

/** A copy with null for every number that is not exact. */
function withoutOddNumbers(value: unknown): unknown {
  if (exactDigits(value) !== undefined || (typeof value === "number" && !isExact(value))) return null;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutOddNumbers);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutOddNumbers(item)]));
}

test("any number keeps its value or its digits", () => {
  const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/);
  fc.assert(
    fc.property(digits, fc.constantFrom("", " ", "\n"), (number, space) => {
      const [value] = parseLossless(`[${space}${number}${space}]`) as unknown[];
      if (isExact(Number(number))) expect(value).toBe(Number(number));
      else expect(exactDigits(value)).toBe(number);
    }),
    { numRuns: 1_000 },
  );
});
