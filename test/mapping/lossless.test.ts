import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactDigits, isExact, parseLossless } from "../../src/mapping/lossless.ts";
import { toSafeValue } from "../../src/mapping/safe-value.ts";
import { jsonTexts } from "../support/entry-texts.ts";
import { expectedBody } from "../support/expected-body.ts";

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

describe("a key with an escape is not taken for one with a backslash that stood in its place before", () => {
  const read = (text: string) => toSafeValue(parseLossless(text), new Set());

  test.each([
    ["udfff", String.raw`"\\"`, String.raw`"\udfff"`],
    ["newline", String.raw`"\\"`, String.raw`"\n"`],
    ["quote", String.raw`"\\"`, String.raw`"\""`],
    ["umlauts", String.raw`"gr\\u0"`, String.raw`"gr\u00f6\u00dfe"`],
    ["letters", String.raw`"ab\\u"`, String.raw`"ab\u0063d"`],
  ])("%s", (name, before, key) => {
    const [first, second] = [before, key].map((it) => `{"${name}":[{"b":"x",${it}:1}]}`) as [string, string];
    expect(read(first)).toEqual(expectedBody(first));
    expect(read(second)).toEqual(expectedBody(second));
    expect(read(`[${first},${second}]`)).toEqual(expectedBody(`[${first},${second}]`));
  });

  test("nor does it change its place, or come twice", () => {
    const text = String.raw`{"z\/":1,"10":2,"":3,"a\u0062":4,"ab":5,"\\":{"\u005f_proto__":[1e400]}, "a\u0062" :6}`;
    const value = parseLossless(text) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["10", "z/", "", "ab", "\\"]);
    expect(value["ab"]).toBe(6);
    expect(Object.keys(value["\\"] as object)).toEqual(["__proto__"]);
  });
});

test("[H2] a key __proto__ is data", () => {
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

test("everything else comes out as it was written, whatever was read before", () => {
  fc.assert(
    fc.property(jsonTexts, (text) => {
      const value = toSafeValue(parseLossless(text), new Set());
      expect(isDeepStrictEqual(value, expectedBody(text))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("[H4] any number keeps its value or its digits", () => {
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
