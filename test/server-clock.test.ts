import { describe, expect, test } from "vitest";
import { createServerClock } from "../src/server-clock.ts";
import { createVirtualClock } from "./support/virtual-clock.ts";

const NOW_MS = 1_700_000_000_000;
const AHEAD_MS = 86_400_000;
const dateAt = (ms: number) => new Date(ms).toUTCString();

function make() {
  const clock = createVirtualClock(NOW_MS);
  return { clock, server: createServerClock(clock) };
}

test("it is our own time until an answer tells the server's", () => {
  const { server } = make();
  expect([server.isSet(), server.now()]).toEqual([false, NOW_MS]);
  for (const date of [undefined, "", "yesterday"]) server.ask()(date);
  expect([server.isSet(), server.now()]).toEqual([false, NOW_MS]);
  server.ask()(dateAt(NOW_MS + AHEAD_MS));
  expect([server.isSet(), server.now()]).toEqual([true, NOW_MS + AHEAD_MS]);
});

test("it runs on between answers", async () => {
  const { clock, server } = make();
  server.ask()(dateAt(NOW_MS + AHEAD_MS));
  await clock.advance(90_000);
  expect(server.now()).toBe(NOW_MS + AHEAD_MS + 90_000);
});

describe("an answer that took 40 seconds", () => {
  test("and is dated at its beginning does not set the time back", async () => {
    const { clock, server } = make();
    server.ask()(dateAt(NOW_MS + AHEAD_MS));
    const answeredOn = server.ask();
    await clock.advance(40_000);
    answeredOn(dateAt(NOW_MS + AHEAD_MS));
    expect(server.now()).toBe(NOW_MS + AHEAD_MS + 40_000);
  });

  test("and is dated at its end sets it forward at once", async () => {
    const { clock, server } = make();
    server.ask()(dateAt(NOW_MS + AHEAD_MS));
    const answeredOn = server.ask();
    await clock.advance(40_000);
    answeredOn(dateAt(NOW_MS + AHEAD_MS + 45_000));
    expect(server.now()).toBe(NOW_MS + AHEAD_MS + 45_000);
  });

  test("is put right by the next quick one, where it was the first", async () => {
    const { clock, server } = make();
    const answeredOn = server.ask();
    await clock.advance(40_000);
    answeredOn(dateAt(NOW_MS + AHEAD_MS));
    expect(server.now()).toBe(NOW_MS + AHEAD_MS);
    server.ask()(dateAt(NOW_MS + AHEAD_MS + 40_000));
    expect(server.now()).toBe(NOW_MS + AHEAD_MS + 40_000);
  });
});

test("a server whose clock is set back is followed by the next answer", async () => {
  const { clock, server } = make();
  server.ask()(dateAt(NOW_MS + AHEAD_MS));
  const answeredOn = server.ask();
  await clock.advance(2_000);
  answeredOn(dateAt(NOW_MS));
  expect(server.now()).toBe(NOW_MS + 2_000);
});
