import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPace, type Priority } from "../../src/slack/pace.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const never = new AbortController().signal;

it("lets a minute's worth of calls go at once, and never more than that in any minute", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.nat(20_000), { maxLength: 80 }),
      async (rate, gaps) => {
        const clock = createVirtualClock();
        const pace = createPace({ callsPerMinute: rate, clock });
        const times: number[] = [];
        const calls = async () => {
          for (const gap of gaps) {
            await clock.sleep(gap, never);
            await pace.turn({}, never);
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
  const pace = createPace({ callsPerMinute: 20, clock });
  await clock.run(Promise.all(Array.from({ length: 20 }, () => pace.turn({}, never))));
  expect(clock.waits).toEqual([]);
  await clock.run(pace.turn({}, never));
  expect(clock.waits).toEqual([60_000]);
});

it("gives up a turn when it is aborted, without spending it", async () => {
  const clock = createVirtualClock();
  const pace = createPace({ callsPerMinute: 1, clock });
  await pace.turn({}, never);
  const stop = new AbortController();
  const turn = pace.turn({}, stop.signal).catch((error: unknown) => error);
  await clock.advance(1000);
  stop.abort(new Error("stop"));
  expect(await turn).toEqual(new Error("stop"));
  await clock.run(pace.turn({}, never));
  expect(clock.monotonic()).toBe(60_000);
});

it("ends a turn that is aborted at once, although the one before it goes on waiting", async () => {
  const clock = createVirtualClock();
  const pace = createPace({ callsPerMinute: 2, clock });
  for (let turns = 0; turns < 2; turns++) await pace.turn({}, never);
  const before = pace.turn({}, never);
  const stop = new AbortController();
  const turn = pace.turn({}, stop.signal).catch((error: unknown) => error);
  await clock.advance(1000);
  stop.abort(new Error("stop"));
  expect(await turn).toEqual(new Error("stop"));
  expect(await pace.turn({}, stop.signal).catch((error: unknown) => error)).toEqual(new Error("stop"));
  expect(clock.monotonic()).toBe(1000);
  await clock.run(before);
  // The turns that were given up were not spent.
  await clock.run(pace.turn({}, never));
  expect(clock.monotonic()).toBe(60_000);
});

describe("who is next", () => {
  /** A pace whose burst is spent, and the order in which turns are given after it. */
  async function spent(callsPerMinute: number, deepCallsPerMinute?: number) {
    const clock = createVirtualClock();
    const deep = deepCallsPerMinute === undefined ? {} : { deepCallsPerMinute };
    const pace = createPace({ callsPerMinute, clock, ...deep });
    for (let turns = 0; turns < callsPerMinute; turns++) await pace.turn({ stream: "before" }, never);
    const given: string[] = [];
    const ask = (stream: string, priority: Priority = "live") =>
      void pace.turn({ stream, priority }, never).then(() => given.push(`${stream} ${priority}`));
    return { clock, pace, given, ask };
  }

  it("is the stream whose last turn is longest ago, however many calls another asks for", async () => {
    const { clock, given, ask } = await spent(4);
    for (let calls = 0; calls < 6; calls++) ask("greedy");
    ask("a");
    ask("b");
    await clock.advance(60_000);
    expect(given).toEqual(["greedy live", "a live", "b live", "greedy live"]);
    ask("a");
    ask("c");
    await clock.advance(60_000);
    expect(given.slice(4)).toEqual(["c live", "a live", "greedy live", "greedy live"]);
  });

  it("is a live call before a deep one, and a deep one before a backfill", async () => {
    const { clock, given, ask } = await spent(10);
    ask("x", "backfill");
    ask("x", "deep");
    ask("y");
    ask("z");
    await clock.advance(60_000);
    expect(given).toEqual(["y live", "z live", "x deep", "x backfill"]);
  });

  it("is now and then another than a live call, where live calls take every turn there is", async () => {
    const { clock, given, ask } = await spent(10);
    for (let calls = 0; calls < 20; calls++) ask(`s${calls}`);
    for (let calls = 0; calls < 5; calls++) ask("sweep", "deep");
    await clock.advance(60_000);
    expect(given).toHaveLength(10);
    expect(given.filter((one) => one === "sweep deep")).toHaveLength(2);
  });

  it("is at once a live call although a deep sweep takes all it can", async () => {
    const clock = createVirtualClock();
    const pace = createPace({ callsPerMinute: 20, clock });
    for (let calls = 0; calls < 100; calls++) pace.turn({ priority: "deep" }, never).catch(() => undefined);
    await clock.advance(30_000);
    expect(pace.queued).toBe(82);
    await pace.turn({}, never);
    expect(clock.monotonic()).toBe(30_000);
  });

  it("is a deep call only within its own budget", async () => {
    const { clock, given, ask } = await spent(10, 3);
    for (let calls = 0; calls < 9; calls++) ask("sweep", "deep");
    await clock.advance(60_000);
    expect(given).toHaveLength(3);
    ask("poll");
    await clock.advance(0);
    expect(given).toHaveLength(4);
    await clock.advance(120_000);
    expect(given).toHaveLength(10);
  });

  it("is nobody for whom the budget of deep calls never comes: all that wait get their turn in the end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(
          fc.record({
            stream: fc.nat(5).map(String),
            priority: fc.constantFrom<Priority[]>("live", "deep", "backfill"),
          }),
          {
            maxLength: 40,
          },
        ),
        async (callsPerMinute, deepCallsPerMinute, wanted) => {
          const clock = createVirtualClock();
          const pace = createPace({ callsPerMinute, deepCallsPerMinute, clock });
          const times = await clock.run(
            Promise.all(wanted.map((turn) => pace.turn(turn, never).then(() => clock.monotonic()))),
          );
          times.sort((a, b) => a - b);
          for (const [index, time] of times.entries())
            expect(time - (times[index - callsPerMinute] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(60_000);
          expect(pace.queued).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});
