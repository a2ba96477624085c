import { format, inspect } from "node:util";
import { expect, test } from "vitest";
import { createSecret, isSecret, secretFault } from "../../src/config/secret.ts";

const canary = "xoxp-canary";
const secret = createSecret(() => canary);

test("the value is there for who asks for it", () => {
  expect(secret.reveal()).toBe(canary);
});

test.each<[string, unknown]>([
  ["a text", Reflect.apply(String, undefined, [secret])],
  ["JSON", JSON.parse(JSON.stringify(secret)) as string],
  ["inspect", inspect(secret)],
  ["format", format("%s", secret)],
])("%s says [REDACTED]", (_, text) => {
  expect(text).toBe("[REDACTED]");
});

test("no way of looking at it, or at what holds it, shows the value", () => {
  const holder = { token: secret, list: [secret] };
  const deepest = { showHidden: true, depth: Infinity, customInspect: false, getters: true };
  const shown = [
    inspect(holder, deepest),
    JSON.stringify(holder),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify({ ...secret }),
    format("%j %o %O", holder, holder, holder),
  ];
  expect(shown.join("\n")).not.toContain(canary);
  expect(Object.keys(secret)).toEqual([]);
  expect(Object.assign({}, secret)).not.toHaveProperty("reveal");
});

test("a secret is told from what only looks like one", () => {
  expect(isSecret(secret)).toBe(true);
  expect([null, canary, {}, { reveal: () => canary }].map(isSecret)).toEqual([false, false, false, false]);
});

test.each([
  ["", /empty/],
  ["a\nb", /line break/],
  ["a\rb", /line break/],
  ["a\tb", /printable/],
  ["käse", /printable/],
  ["a\u007F", /printable/],
  [" a", /space/],
  ["a ", /space/],
])("%j is at fault", (text, fault) => {
  expect(secretFault(text)).toMatch(fault);
});

test("printable ASCII is well, spaces inside included", () => {
  expect(secretFault("Basic dXNlcjpwYXNz ~!")).toBeUndefined();
});
