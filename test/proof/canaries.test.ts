import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { CANARIES, canaryIn, createLookout } from "./canaries.ts";

const hex = (text: string) => Buffer.from(text).toString("hex");
const forms: readonly (readonly [string, (secret: string) => string])[] = [
  ["itself", (secret) => `Bearer ${secret}`],
  ["base64", (secret) => Buffer.from(secret).toString("base64")],
  ["base64 behind one byte", (secret) => Buffer.from(`:${secret};`).toString("base64")],
  ["base64 behind two bytes", (secret) => Buffer.from(`::${secret};`).toString("base64url")],
  ["hex", hex],
  ["hex in capitals", (secret) => hex(secret).toUpperCase()],
  ["percent-encoded", (secret) => hex(secret).replace(/../g, "%$&")],
  ["percent-encoded in capitals", (secret) => hex(secret).toUpperCase().replace(/../g, "%$&")],
  ["escaped in JSON", (secret) => hex(secret).replace(/../g, "\\u00$&")],
  ["as bytes are inspected", (secret) => hex(secret).replace(/../g, "\\x$&")],
];

test.each(Object.values(CANARIES).flatMap((secret) => forms.map(([form, write]) => [secret, form, write] as const)))(
  "finds %s as %s",
  (secret, _, write) => {
    expect(canaryIn(`something before ${write(secret)}, and behind`)).toBeTypeOf("string");
  },
);

test("a secret may stand in its own header of a request to its owner, and nowhere else", () => {
  const url = "https://slack.test/api/auth.test";
  const headers = { authorization: `Bearer ${CANARIES.slack}` };
  const looked = (request: Parameters<ReturnType<typeof createLookout>["lookAtRequest"]>[0]) => {
    const lookout = createLookout();
    lookout.lookAtRequest(request, "slack");
    return lookout.leaks.size;
  };
  expect(looked({ url, headers })).toBe(0);
  expect(looked({ url: `${url}?token=${CANARIES.slack}`, headers })).toBe(1);
  expect(looked({ url, headers: { ...headers, "x-api-key": CANARIES.slack } })).toBe(1);
  expect(looked({ url, headers: { authorization: `Bearer ${CANARIES.receiver}` } })).toBe(1);
  expect(looked({ url, headers, body: Buffer.from(hex(CANARIES.receiver)) })).toBe(1);
  const zipped = { "content-encoding": "gzip" };
  expect(looked({ url, headers: zipped, body: gzipSync(CANARIES.receiver) })).toBe(1);
});
