import { expect, test } from "vitest";
import type { StreamState } from "../../src/model.ts";
import { lastingClaim } from "../../src/state/claims.ts";

const STATE: StreamState = {
  position: "position",
  report: "report",
  known: async () => new Map(),
  commit: async () => undefined,
};

test("a claim that is released twice is given back once: by then another may have the stream", async () => {
  let released = 0;
  const claim = lastingClaim(STATE, () => (released += 1));
  expect(released).toBe(0);
  await claim[Symbol.asyncDispose]();
  await claim[Symbol.asyncDispose]();
  expect(released).toBe(1);
});

test("a claim shows the state that it guards, and is neither lost nor asked for", async () => {
  const { state, lost, handOver } = lastingClaim(STATE, () => undefined);
  expect([state.position, state.report, await state.known([])]).toEqual(["position", "report", new Map()]);
  expect([lost.aborted, handOver.aborted]).toEqual([false, false]);
});
