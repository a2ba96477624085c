import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonical, createCanonicalize, jsonText } from "../../src/mapping/canonical.ts";
import { parseLossless } from "../../src/mapping/lossless.ts";
import { jsonTexts } from "../support/entry-texts.ts";
import { expectedBody } from "../support/expected-body.ts";

function sorted(text: string): string {
  return canonical(parseLossless(text));
}

describe("canonical text", () => {
  test.each([
    [`{"b":1,"a":{"d":[{"z":1,"y":2}],"c":null}}`, `{"a":{"c":null,"d":[{"y":2,"z":1}]},"b":1}`],
    [`{"10":1,"9":2,"a":3,"1":4}`, `{"1":4,"10":1,"9":2,"a":3}`],
    [`{"b":1,"__proto__":{"y":1,"x":2},"":0}`, `{"":0,"__proto__":{"x":2,"y":1},"b":1}`],
    [`{"é":1,"z":2,"Z":3,"😀":4,"\uFFFD":5}`, `{"Z":3,"z":2,"é":1,"😀":4,"\uFFFD":5}`],
    [`{"b":12345678901234567890,"a":"12345678901234567890"}`, `{"a":"12345678901234567890","b":12345678901234567890}`],
    [`[1e400,-1e400,1.50,-0,true,false,null,"",{},[]]`, `[1e400,-1e400,1.5,0,true,false,null,"",{},[]]`],
    [
      String.raw`{"a":"\ud800 \udc00 \ud83d\ude00 \u0000 \" \\ \/"}`,
      String.raw`{"a":"\ud800 \udc00 😀 \u0000 \" \\ /"}`,
    ],
    [String.raw`{"\udfff":1,"\ud800":2}`, String.raw`{"\ud800":2,"\udfff":1}`],
    [`"text"`, `"text"`],
    [`null`, `null`],
  ])("of %s is %s", (text, expected) => {
    expect(sorted(text)).toBe(expected);
  });

  test("does not depend on whether the built-in writer could be used", () => {
    const plain = `{"b":[1,{"d":1,"c":"\u00e9"}],"a":0}`;
    const text = sorted(plain);
    expect(sorted(plain.replace(`"a":0`, `"a":1e400`))).toBe(text.replace(`"a":0`, `"a":1e400`));
  });

  test("has all the keys of an object with very many, in order", () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `k${(index * 7919) % 5_000}`);
    const object = Object.fromEntries(keys.map((key) => [key, 1]));
    expect(Object.keys(JSON.parse(canonical(object)))).toEqual(keys.toSorted());
  });

  test.each([63, 64, 65, 1_000, 100_000])("works %i levels deep", (depth) => {
    const text = `${`{"b":1,"a":`.repeat(depth)}[]${"}".repeat(depth)}`;
    const expected = `${`{"a":`.repeat(depth)}[]${`,"b":1}`.repeat(depth)}`;
    expect(sorted(text) === expected).toBe(true);
    const arrays = "[".repeat(depth) + "]".repeat(depth);
    expect(sorted(arrays) === arrays).toBe(true);
  });
});

test("canonical text is JSON of the same value", () => {
  fc.assert(
    fc.property(jsonTexts, (text) => {
      expect(isDeepStrictEqual(expectedBody(canonical(parseLossless(text))), expectedBody(text))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("canonical text is equal for equal values only, whatever the order of their keys", () => {
  fc.assert(
    fc.property(jsonTexts, jsonTexts, (one, other) => {
      const [a, b] = [parseLossless(one), parseLossless(other)];
      expect(canonical(reversed(a))).toBe(canonical(a));
      expect(canonical(a) === canonical(b)).toBe(isDeepStrictEqual(withoutMinusZero(a), withoutMinusZero(b)));
    }),
    { numRuns: 1_000 },
  );
});

test("what was met before in an answer changes nothing", () => {
  const keys = fc.constantFrom("a", "b", "c", "10", "9", "__proto__", "");
  const object = fc
    .uniqueArray(fc.tuple(keys, fc.nat(3)), { selector: ([key]) => key })
    .map((members) => Object.fromEntries(members));
  fc.assert(
    fc.property(fc.array(fc.oneof(object, jsonTexts.map(parseLossless)), { maxLength: 12 }), (values) => {
      const canonicalize = createCanonicalize();
      for (const value of values) expect(canonicalize(value)).toEqual(createCanonicalize()(value));
    }),
  );
});

test("plain text keeps the order of the keys, and every digit", () => {
  const text = `{"b":12345678901234567890,"a":{"d":1,"c":[2,"x"]}}`;
  expect(jsonText(parseLossless(text))).toBe(text);
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  expect(jsonText(parseLossless(deep)) === deep).toBe(true);
});

test.each([
  [`{"a":[1,"text",{"b":null}],"c":1650463798824317}`, true],
  [`{"a":"\u00e9😀 \\u0000 \\n"}`, true],
  [`{"a":9007199254740993}`, false],
  [`{"a":1e21}`, false],
  [`{"a":-0}`, false],
  [String.raw`{"a":"\ud800"}`, false],
  [String.raw`{"\ud800":1}`, false],
])("tells what goes out as it is: %s", (text, isPlain) => {
  expect(createCanonicalize()(parseLossless(text)).isPlain).toBe(isPlain);
});

test.each([
  [64, true],
  [65, false],
])("of what is nested %i levels deep, it is %j that it goes out as it is", (depth, isPlain) => {
  for (const [open, close] of [
    ["[", "]"],
    [`{"a":`, "}"],
  ] as const) {
    const inner = open === "[" ? "" : "1";
    const value = parseLossless(open.repeat(depth) + inner + close.repeat(depth));
    expect(createCanonicalize()(value).isPlain).toBe(isPlain);
  }
});

test("counts containers and members", () => {
  expect(createCanonicalize()(parseLossless(`{"a":[1,2,{}],"b":{"c":1}}`))).toMatchObject({
    containers: 4,
    members: 6,
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

function withoutMinusZero(value: unknown): unknown {
  if (typeof value === "number") return value + 0;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutMinusZero(item)]));
}
