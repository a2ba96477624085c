import { describe, expect, it } from "vitest";
import type { Throttles } from "../../src/model.ts";
import { createQuota } from "../../src/slack/quota.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const never = new AbortController().signal;

function stage() {
  const clock = createVirtualClock();
  const log: string[] = [];
  const quota = createQuota(
    clock,
    (level, event, fields) => void log.push(`${level} ${event} ${String(fields?.["factor"] ?? "")}`.trim()),
  );
  const allowance = { method: "team.integrationLogs", callsPerMinute: 20 };
  return { clock, log, quota, allowance, call: (workspace = "") => quota.turn(allowance, workspace, {}, never) };
}

describe("what Slack has stopped", () => {
  it("is one method in one workspace, and nothing else", async () => {
    const { clock, quota, call } = stage();
    await call("T1");
    quota.throttle("team.integrationLogs", "T1", 30_000);
    const stopped = call("T1").then(() => clock.monotonic());
    await call("T2");
    await quota.turn({ method: "team.accessLogs", callsPerMinute: 20 }, "T1", {}, never);
    expect(clock.monotonic()).toBe(0);
    expect(await clock.run(stopped)).toBe(30_000);
  });

  it("stays stopped for a call that waited for its turn when it was stopped", async () => {
    const { clock, quota, call } = stage();
    for (let calls = 0; calls < 20; calls++) await call();
    const waiting = call().then(() => clock.monotonic());
    await clock.advance(50_000);
    quota.throttle("team.integrationLogs", "", 40_000);
    expect(await clock.run(waiting)).toBe(90_000);
  });
});

describe("several programs that share the streams of a method", () => {
  const STREAMS = 8;

  /** Of each program how many of the streams it reads; all of them call as often as they may. */
  async function callsOf(readers: readonly number[], callsPerMinute: number, minutes: number): Promise<number[][]> {
    const { clock, allowance } = stage();
    const stop = new AbortController();
    const made = readers.map((): number[] => []);
    for (const [program, read] of readers.entries()) {
      const quota = createQuota(clock, () => undefined);
      for (let stream = 0; stream < STREAMS; stream++) {
        const poll = quota.poll(allowance.method, 60_000);
        if (stream >= read) continue;
        poll.reading();
        void (async () => {
          for (;;) {
            await quota.turn({ ...allowance, callsPerMinute }, "", { stream: String(stream) }, stop.signal);
            made[program]?.push(clock.monotonic());
          }
        })().catch(() => undefined);
      }
    }
    await clock.advance(minutes * 60_000);
    stop.abort();
    return made;
  }

  it("keep so much of its pace each as they have of its streams, and none of them more together", async () => {
    const made = await callsOf([5, 2, 1], 20, 10);
    expect(made.map((calls) => calls.length)).toEqual([12, 5, 2].map((perMinute) => perMinute * 11));
    const all = made.flat().toSorted((a, b) => a - b);
    for (const [index, ms] of all.entries()) expect((all[index + 20] ?? Infinity) - ms).toBeGreaterThanOrEqual(60_000);
  });

  it("ask less than once a minute each where there are fewer calls than programs", async () => {
    const made = await callsOf([1, 1, 1, 1, 1, 1, 1, 1], 2, 20);
    // A call every four minutes, the first one at once.
    expect(made.map((calls) => calls.length)).toEqual(Array.from({ length: STREAMS }, () => 6));
  });

  it("have all of it where one has all of its streams, and no method is held to the share of another", async () => {
    const { clock, quota, allowance, call } = stage();
    const polls = Array.from({ length: 4 }, () => quota.poll(allowance.method, 60_000));
    for (const poll of polls) poll.reading();
    quota.poll("team.accessLogs", 60_000);
    for (let calls = 0; calls < 20; calls++) await call();
    expect(clock.monotonic()).toBe(0);
  });

  it("go on at once with what another one gave up", async () => {
    const { clock, quota, allowance, call } = stage();
    const polls = Array.from({ length: 4 }, () => quota.poll(allowance.method, 60_000));
    polls[0]?.reading();
    for (let calls = 0; calls < 5; calls++) await call();
    const waiting = call().then(() => clock.monotonic());
    await clock.advance(1_000);
    const taken = polls[1]?.reading();
    expect(await clock.run(waiting)).toBe(1_000);
    taken?.[Symbol.dispose]();
    expect(quota.methods()).toMatchObject([{ left: 0 }]);
  });

  it("stop for what Slack told one of them", async () => {
    const clock = createVirtualClock();
    const stops = new Map<string, number>();
    const shared: Throttles = {
      stop: (place, forMs) => void stops.set(place, clock.monotonic() + forMs),
      leftMs: (place) => (stops.get(place) ?? 0) - clock.monotonic(),
    };
    const [one, other] = [1, 2].map(() => createQuota(clock, () => undefined, shared));
    const allowance = { method: "team.integrationLogs", callsPerMinute: 20 };
    one?.throttle(allowance.method, "T1", 30_000);
    await other?.turn(allowance, "T2", {}, never);
    expect(clock.monotonic()).toBe(0);
    const stopped = other?.turn(allowance, "T1", {}, never).then(() => clock.monotonic());
    expect(await clock.run(stopped as Promise<number>)).toBe(30_000);
  });
});

describe("the counters", () => {
  it("tell calls, throttles, waits, who waits and what is left", async () => {
    const { clock, quota, call } = stage();
    for (let calls = 0; calls < 20; calls++) await call();
    quota.throttle("team.integrationLogs", "", 10_000);
    const last = call();
    await clock.advance(30_000);
    expect(quota.methods()).toEqual([
      {
        method: "team.integrationLogs",
        callsPerMinute: 20,
        calls: 20,
        throttled: 1,
        throttledMs: 10_000,
        waitedMs: 0,
        longestWaitMs: 0,
        queued: 1,
        left: 0,
        stretch: 1,
      },
    ]);
    await clock.run(last);
    expect(quota.methods()).toMatchObject([
      { calls: 21, waitedMs: 60_000, longestWaitMs: 60_000, queued: 0, left: 19 },
    ]);
  });
});

describe("polls that need more calls than there are", () => {
  it("stretch every interval by the same factor, which is told once and when it changes", async () => {
    const { clock, quota, call, log } = stage();
    const polls = Array.from({ length: 200 }, () => quota.poll("team.integrationLogs", 300_000));
    for (const poll of polls.slice(100)) poll.reading();
    await call();
    await call();
    expect(log).toEqual(["warn intervals_stretched 2"]);
    expect(quota.methods()).toMatchObject([{ stretch: 2 }]);
    for (const poll of polls.splice(0, 100)) poll[Symbol.dispose]();
    await call();
    expect(log).toHaveLength(1);
    await clock.advance(60_000);
    await call();
    expect(log.slice(1)).toEqual(["info intervals_kept"]);
  });

  it("that there are calls enough for are not told of", async () => {
    const { quota, call, log } = stage();
    for (let polls = 0; polls < 100; polls++) quota.poll("team.integrationLogs", 300_000);
    await call();
    expect(log).toEqual([]);
  });

  it("reach every stream in turn: nobody waits longer than all others together", async () => {
    const { clock, quota, allowance } = stage();
    const stop = new AbortController();
    const at = new Map<string, number[]>();
    const streams = Array.from({ length: 50 }, (_, index) => `s${index}`);
    for (const stream of streams)
      void (async () => {
        for (;;) {
          await quota.turn(allowance, stream, { stream }, stop.signal);
          at.set(stream, [...(at.get(stream) ?? []), clock.monotonic()]);
        }
      })().catch(() => undefined);
    await clock.advance(1_800_000);
    stop.abort();
    const gaps = streams.flatMap((stream) =>
      (at.get(stream) ?? []).slice(1).map((ms, index) => ms - (at.get(stream)?.[index] ?? 0)),
    );
    // 50 streams, 20 calls a minute, as bursts of a minute's worth.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(180_000);
    expect(at.size).toBe(50);
  });
});
