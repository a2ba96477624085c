import { expect, test } from "vitest";
import { fieldsOf, valueAt } from "../../src/mapping/fields.ts";
import { parseLossless } from "../../src/mapping/lossless.ts";

test.each(["null", "1", "true", `"text"`, `[{"a":1}]`])("%s has no fields", (text) => {
  expect(fieldsOf(parseLossless(text))).toEqual({});
});

test("an object is its own fields", () => {
  const entry = { a: null };
  expect(fieldsOf(entry)).toBe(entry);
});

test.each([
  [`{"a":{"b":{"c":7}}}`, 7],
  [`{"a":{"b":{"c":null}}}`, null],
  [`{"a":{"b":{}}}`, undefined],
  [`{"a":{"b":[7]}}`, undefined],
  [`{"a":{"b":"text"}}`, undefined],
  [`{"a":null}`, undefined],
  [`{"__proto__":{"a":{"b":{"c":7}}}}`, undefined],
  [`{}`, undefined],
])("at a.b.c of %s stands %j", (text, expected) => {
  expect(valueAt(fieldsOf(parseLossless(text)), ["a", "b", "c"])).toBe(expected);
});
