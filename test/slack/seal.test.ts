import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createSeal } from "../../src/slack/seal.ts";

const key = Buffer.alloc(32, 7);

test("what was sealed is opened with the same key for the same purpose, and shows nothing", () => {
  const seal = createSeal(key);
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (whole) => {
      const sealed = seal.close(whole, "a");
      expect(seal.open(sealed, "a")).toBe(whole);
      expect(seal.open(sealed, "b")).toBeUndefined();
      expect(createSeal(Buffer.alloc(32, 8)).open(sealed, "a")).toBeUndefined();
      expect(seal.close(whole, "a")).not.toBe(sealed);
    }),
    { numRuns: 100 },
  );
  expect(seal.close("xoxe-1-secret", "a")).not.toContain("xoxe");
});

test("what was changed in any place, cut or never sealed is not opened", () => {
  const seal = createSeal(key);
  const sealed = seal.close("xoxe-1-secret", "a");
  const bytes = Buffer.from(sealed.slice(3), "base64url");
  for (let index = 0; index < bytes.length; index++) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(seal.open(`v1.${changed.toString("base64url")}`, "a")).toBeUndefined();
    expect(seal.open(`v1.${bytes.subarray(0, index).toString("base64url")}`, "a")).toBeUndefined();
  }
  expect(seal.open("", "a")).toBeUndefined();
  expect(seal.open("xoxe-1-secret", "a")).toBeUndefined();
});
