import { expect, test } from "vitest";
import { checkDestination } from "../../src/check/destination.ts";
import type { Attempt, Destination } from "../../src/model.ts";

async function found(name: string, attempt: Attempt): Promise<string[]> {
  const destination = { name, description: "there", probe: () => Promise.resolve(attempt) } as unknown as Destination;
  const { level, what, remedy = "" } = await checkDestination(destination, new AbortController().signal);
  return [level, what, remedy];
}

const YES = { status: "accepted", rejected: 0 } as const;

test("a receiver that says yes to nothing takes the credentials; a file has none, and a pipe is not asked", async () => {
  expect(await found("otlp", YES)).toEqual(["ok", "It answers, and takes the credentials.", ""]);
  expect(await found("file", YES)).toEqual(["ok", "It can be written.", ""]);
  expect(await found("stdout", YES)).toEqual(["ok", "Nothing to reach: records go to standard output.", ""]);
});

test("a receiver that dislikes only that nothing was sent is as good as one that says yes", async () => {
  const cause = { message: "HTTP 400: no data" };
  const attempt = { status: "refused", fault: "payload", reason: "rejected", cause } as const;
  expect(await found("splunk_hec", attempt)).toEqual(["ok", "It answers, and takes the credentials.", ""]);
});

test.each<[string, Attempt, RegExp, RegExp]>([
  ["otlp", { status: "retry", cause: { message: "connection failed: ENOTFOUND" } }, /^No answer that counts/, /DNS/],
  ["otlp", { status: "retry", cause: { message: "HTTP 503" } }, /HTTP 503\.$/, /loses nothing/],
  [
    "otlp",
    { status: "refused", fault: "credentials", cause: { message: "HTTP 401" } },
    /refuses the cred/,
    /key, token/,
  ],
  ["otlp", { status: "refused", fault: "configuration", cause: { message: "HTTP 404" } }, /know this/, /base URL/],
  [
    "file",
    { status: "retry", cause: { message: "a cannot be written: ENOSPC" } },
    /^a cannot be written/,
    /disk is full/,
  ],
])("%s: what else it answers is told with where to look", async (name, attempt, what, remedy) => {
  const [level, told, advice] = await found(name, attempt);
  expect(level).toBe("fail");
  expect(told).toMatch(what);
  expect(advice).toMatch(remedy);
});
