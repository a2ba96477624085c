import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createPace } from "../../src/slack/pace.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const never = new AbortController().signal;

it("lets a minute's worth of calls go at once, and never more than that in any minute", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.nat(20_000), { maxLength: 80 }),
      async (rate, gaps) => {
        const clock = createVirtualClock();
        const pace = createPace(rate, clock);
        const times: number[] = [];
        const calls = async () => {
          for (const gap of gaps) {
            await clock.sleep(gap, never);
            await pace.turn(never);
            times.push(clock.monotonic());
          }
        };
        await clock.run(calls());
        for (const [index, time] of times.entries()) {
          const before = times[index - rate];
          if (before !== undefined) expect(time - before).toBeGreaterThanOrEqual(60_000);
        }
      },
    ),
    { numRuns: 50 },
  );
});

it("gives a burst of a minute's worth without any wait", async () => {
  const clock = createVirtualClock();
  const pace = createPace(20, clock);
  await clock.run(Promise.all(Array.from({ length: 20 }, () => pace.turn(never))));
  expect(clock.waits).toEqual([]);
  await clock.run(pace.turn(never));
  expect(clock.waits).toEqual([60_000]);
});

it("gives up a turn when it is aborted, without spending it", async () => {
  const clock = createVirtualClock();
  const pace = createPace(1, clock);
  await pace.turn(never);
  const stop = new AbortController();
  const turn = pace.turn(stop.signal).catch((error: unknown) => error);
  await clock.advance(1000);
  stop.abort(new Error("stop"));
  expect(await turn).toEqual(new Error("stop"));
  await clock.run(pace.turn(never));
  expect(clock.monotonic()).toBe(60_000);
});

it("ends a turn that is aborted at once, although the one before it goes on waiting", async () => {
  const clock = createVirtualClock();
  const pace = createPace(2, clock);
  for (let turns = 0; turns < 2; turns++) await pace.turn(never);
  const before = pace.turn(never);
  const stop = new AbortController();
  const turn = pace.turn(stop.signal).catch((error: unknown) => error);
  await clock.advance(1000);
  stop.abort(new Error("stop"));
  expect(await turn).toEqual(new Error("stop"));
  expect(await pace.turn(stop.signal).catch((error: unknown) => error)).toEqual(new Error("stop"));
  expect(clock.monotonic()).toBe(1000);
  await clock.run(before);
  // The turns that were given up were not spent.
  await clock.run(pace.turn(never));
  expect(clock.monotonic()).toBe(60_000);
});
