import { expect, test } from "vitest";
import { CLOSING_MS, createStop, STOP_GRACE_MS } from "../src/stop.ts";
import { createVirtualClock } from "./support/virtual-clock.ts";

function watched() {
  const clock = createVirtualClock();
  const stop = createStop(clock);
  let isOver = false;
  void stop.over.then(() => (isOver = true));
  const state = () => [stop.stop.aborted && "stop", stop.abort.aborted && "abort", isOver && "over"].filter(Boolean);
  return { clock, stop, state };
}

test("[P16] gives what is in flight 20 s after a first signal, and then a moment to let go", async () => {
  expect(STOP_GRACE_MS).toBe(20_000);
  const { clock, stop, state } = watched();
  stop.request("SIGTERM");
  expect(state()).toEqual(["stop"]);
  await clock.advance(STOP_GRACE_MS - 1);
  expect(state()).toEqual(["stop"]);
  await clock.advance(1);
  expect(state()).toEqual(["stop", "abort"]);
  await clock.advance(CLOSING_MS);
  expect(state()).toEqual(["stop", "abort", "over"]);
  expect(STOP_GRACE_MS + CLOSING_MS).toBeLessThan(25_000);
});

test("gives up at once at a second signal, for the same reason, and third ones change nothing", async () => {
  const { clock, stop, state } = watched();
  stop.request("SIGTERM");
  stop.request("SIGINT");
  stop.request("SIGINT");
  expect(state()).toEqual(["stop", "abort"]);
  expect(stop.abort.reason).toBe(stop.stop.reason);
  expect((stop.stop.reason as Error).message).toBe("SIGTERM");
  await clock.advance(CLOSING_MS);
  expect(state()).toEqual(["stop", "abort", "over"]);
});

test("keeps a deadline, with time for what is in flight and for closing", async () => {
  const { clock, stop, state } = watched();
  stop.within(600_000, "the deadline is reached");
  await clock.advance(577_999);
  expect(state()).toEqual([]);
  await clock.advance(1);
  expect(state()).toEqual(["stop"]);
  await clock.advance(20_000);
  expect(state()).toEqual(["stop", "abort"]);
  await clock.advance(1_999);
  expect(state()).toEqual(["stop", "abort", "over"]);
});

test("spends most of a short deadline on the work", async () => {
  const { clock, stop, state } = watched();
  stop.within(1_000, "the deadline is reached");
  await clock.advance(649);
  expect(state()).toEqual([]);
  await clock.advance(1);
  expect(state()).toEqual(["stop"]);
  await clock.advance(250);
  expect(state()).toEqual(["stop", "abort"]);
  await clock.advance(99);
  expect(state()).toEqual(["stop", "abort", "over"]);
});

test("keeps the deadline when a signal came shortly before it", async () => {
  const { clock, stop, state } = watched();
  stop.within(600_000, "the deadline is reached");
  await clock.advance(590_000);
  expect(state()).toEqual(["stop"]);
  stop.request("SIGTERM");
  await clock.advance(7_999);
  expect(state()).toEqual(["stop"]);
  await clock.advance(1);
  expect(state()).toEqual(["stop", "abort"]);
  await clock.advance(2_000);
  expect(state()).toEqual(["stop", "abort", "over"]);
});

test("stops at once when the deadline is over before it begins", async () => {
  const { clock, stop, state } = watched();
  stop.within(-5, "the deadline is reached");
  await clock.advance(0);
  expect(state()).toEqual(["stop", "abort", "over"]);
});

test("leaves no timer behind", async () => {
  const { clock, stop, state } = watched();
  stop.after(1_000, 1_000, "the end");
  stop[Symbol.dispose]();
  await clock.advance(60_000);
  expect(state()).toEqual([]);
});
