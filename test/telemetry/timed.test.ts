import { expect, test } from "vitest";
import type { Attempt, Destination } from "../../src/model.ts";
import { timed, type Outcome } from "../../src/telemetry/timed.ts";

const cause = { message: "no" };

test.each<[Attempt, Outcome]>([
  [{ status: "accepted", rejected: 0 }, "accepted"],
  [{ status: "retry", cause }, "retry"],
  [{ status: "refused", fault: "payload", reason: "rejected", cause }, "payload"],
  [{ status: "refused", fault: "credentials", cause }, "credentials"],
])("a request that ends with %j is told as %s, and passed on as it is", async (attempt, outcome) => {
  let now = 5;
  const send = () => {
    now += 20;
    return Promise.resolve(attempt);
  };
  const told: unknown[] = [];
  const destination = { name: "d", send } as unknown as Destination;
  const measured = timed(destination, { monotonic: () => now }, (...args) => told.push(args));
  expect(await measured.send([], new AbortController().signal)).toBe(attempt);
  expect(told).toEqual([[20, outcome]]);
});
