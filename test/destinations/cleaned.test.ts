import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cleaned } from "../../src/destinations/cleaned.ts";

test.each([
  ["plain", "plain"],
  ["  two\r\n\tlines  ", "two lines"],
  ["\u001b[31mred\u001b[0m", "[31mred [0m"],
  ["bidi \u202e here\u2028and\u0000there", "bidi here and there"],
  ["\ud800 alone", "alone"],
  ["größer 🚀", "größer 🚀"],
])("%j becomes %j", (text, expected) => {
  expect(cleaned(text)).toBe(expected);
});

test("a long text is cut at 200 characters, never within a pair", () => {
  expect(cleaned("x".repeat(200))).toHaveLength(200);
  expect(cleaned("x".repeat(201))).toBe(`${"x".repeat(199)}…`);
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 150, maxLength: 300 }), (text) => {
      const line = cleaned(text);
      expect(line.length).toBeLessThanOrEqual(200);
      expect(line.isWellFormed()).toBe(true);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test.each([
  ["invalid key abcdefgh1", ["abcdefgh1"], "invalid key [REDACTED]"],
  ["invalid key abcdefgh1", ["Bearer abcdefgh1"], "invalid key [REDACTED]"],
  ["got Bearer abcdefgh1.", ["Bearer abcdefgh1"], "got [REDACTED]."],
  ["twice abcdefgh1 abcdefgh1", ["abcdefgh1"], "twice [REDACTED] [REDACTED]"],
  ["the Basic way", ["Basic abcdefgh1"], "the Basic way"],
  ["$& abcdefgh", ["abcdefgh"], "$& [REDACTED]"],
])("of %j with the secrets %j is left: %s", (text, secrets, expected) => {
  expect(cleaned(text, secrets)).toBe(expected);
});

test("a secret is gone before the text is cut, so no part of it stays", () => {
  expect(cleaned(`${"x".repeat(195)}topsecretvalue`, ["topsecretvalue"])).not.toContain("top");
});
