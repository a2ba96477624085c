import { expect, test } from "vitest";
import { readKey } from "../../src/config/encryption-key.ts";

test.each([
  ["hex digits", "ab".repeat(32), true],
  ["base64", Buffer.alloc(32, 255).toString("base64"), true],
  ["base64 for URLs", Buffer.alloc(32, 255).toString("base64url"), true],
  ["31 bytes", Buffer.alloc(31).toString("base64"), false],
  ["33 bytes", Buffer.alloc(33).toString("base64"), false],
  ["a password", "correct horse battery staple", false],
  ["nothing", "", false],
])("a key is 32 bytes: %s", (_, text, isKey) => {
  expect(readKey(text)?.length).toBe(isKey ? 32 : undefined);
});
