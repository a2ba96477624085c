import { describe, expect, it } from "vitest";
import type { Ending, Halt, LogRecord, Page, Source, StreamState } from "../../src/model.ts";
import { follow, followOnce, isOptional, type FollowOptions } from "../../src/pipeline/follow.ts";
import type { Tracker } from "../../src/pipeline/tracker.ts";
import { recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const never = new AbortController().signal;
const PRESENT: Ending = { kind: "present" };
const halt = (reason: Halt["reason"], scope: Halt["scope"] = "stream"): Halt => ({
  kind: "halted",
  scope,
  reason,
  code: "code",
  message: "message",
});

/** Walks that take so long and end so, one after the other; when there are no more, the last is repeated. */
function scene(walks: readonly { readonly tookMs?: number; readonly ending: Ending; readonly records?: number }[]) {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const begunMs: number[] = [];
  const told: Ending[] = [];
  const waits: number[] = [];
  const source: Source = {
    stream: { name: "audit_logs/T1", source: "audit_logs" },
    intervalMs: 10_000,
    reachedMs: () => undefined,
    async *pages(_from, _known, signal): AsyncGenerator<Page, Ending, void> {
      const walk = walks[Math.min(begunMs.length, walks.length - 1)];
      begunMs.push(clock.monotonic());
      if (walk?.tookMs !== undefined) await clock.sleep(walk.tookMs, signal);
      const records: readonly LogRecord[] = recordNumbers(walk?.records ?? 0);
      if (records.length > 0) yield { records, remember: [], position: 1, entries: records.length };
      return walk?.ending ?? PRESENT;
    },
  };
  const state: StreamState = {
    position: undefined,
    report: undefined,
    known: async () => new Map(),
    commit: async () => undefined,
  };
  const options: FollowOptions = {
    source,
    state,
    deliver: async function* () {
      yield* [];
      return { kind: "refused", fault: "credentials", cause: { message: "no" } };
    },
    limits: { maxRecords: 1000, maxBytes: 1e9 },
    clock,
    events: { page() {}, receipt() {}, refused() {}, position() {} },
    listed: false,
    onEnding(ending) {
      told.push(ending);
      return false;
    },
    onWait: (delayMs) => void waits.push(delayMs),
  };
  return {
    clock,
    options,
    begunMs,
    told,
    waits,
    stop,
    /** Follows until so much time has passed. */
    async during(ms: number, more: Partial<FollowOptions> = {}) {
      const following = follow({ ...options, ...more }, stop.signal);
      await clock.advance(ms);
      stop.abort(new Error("stop"));
      return following;
    },
  };
}

describe("follow", () => {
  it("begins a walk every interval, and at once where one took longer", async () => {
    const { during, begunMs, waits, told } = scene([
      { tookMs: 3000, ending: PRESENT },
      { tookMs: 12_000, ending: PRESENT },
      { ending: PRESENT },
    ]);
    expect(await during(39_999)).toBeUndefined();
    expect(begunMs).toEqual([0, 10_000, 22_000, 32_000]);
    expect(waits).toEqual([7000, 0, 10_000, 10_000]);
    expect(told).toEqual([PRESENT, PRESENT, PRESENT, PRESENT]);
  });

  it.each<[string, Halt, boolean, number]>([
    ["is stuck", halt("stuck"), false, MINUTE_MS],
    ["lost its credentials", halt("credentials", "token"), false, MINUTE_MS],
    ["nobody asked for by name is not available", halt("unavailable"), false, HOUR_MS],
    ["was asked for by name is not available", halt("unavailable"), true, MINUTE_MS],
    ["is not available in one workspace of many", halt("unavailable", "workspace"), true, HOUR_MS],
  ])("looks again in good time at a stream that %s", async (_, ending, listed, againMs) => {
    const { during, begunMs, waits } = scene([{ ending }]);
    await during(againMs + 1, { listed });
    expect(begunMs).toEqual([0, againMs]);
    expect(waits).toEqual([againMs, againMs]);
  });

  it("looks again within a minute of the credentials being replaced", async () => {
    const { during, begunMs, clock } = scene([{ ending: halt("unavailable") }]);
    const renewal = () => (clock.monotonic() >= 5 * MINUTE_MS + 1 ? "new" : "old");
    await during(67 * MINUTE_MS, { renewal });
    expect(begunMs).toEqual([0, 6 * MINUTE_MS, 66 * MINUTE_MS]);
  });

  it("lets a stream that is up to date wait to the end of its interval, whatever its credentials", async () => {
    const { during, begunMs, clock, options } = scene([{ ending: PRESENT }]);
    const source = { ...options.source, intervalMs: 5 * MINUTE_MS };
    await during(5 * MINUTE_MS + 1, { source, renewal: () => clock.monotonic() });
    expect(begunMs).toEqual([0, 5 * MINUTE_MS]);
  });

  it("leaves Slack alone while the destination refuses, entries and what is to be told alike", async () => {
    const entries = scene([{ ending: PRESENT, records: 1 }]);
    await entries.during(5 * MINUTE_MS);
    expect(entries.begunMs).toEqual([0]);
    const untold = scene([{ ending: PRESENT }]);
    await untold.during(5 * MINUTE_MS, { tracker: { ...silentTracker(), untold: () => recordNumbers(1) } });
    expect([untold.begunMs, untold.waits]).toEqual([[0], []]);
  });

  it("ends with the ending that it is told to end with", async () => {
    const { during, begunMs, told, waits } = scene([{ ending: PRESENT }, { ending: halt("unavailable") }]);
    const onEnding = (ending: Ending) => {
      told.push(ending);
      return ending.kind === "halted";
    };
    expect(await during(HOUR_MS, { onEnding })).toEqual(halt("unavailable"));
    expect(begunMs).toEqual([0, 10_000]);
    expect(told).toHaveLength(2);
    expect(waits).toEqual([10_000]);
  });

  it("tells what tracks the stream how each walk ended, before it waits", async () => {
    const { during } = scene([{ ending: halt("stuck") }]);
    const ended: string[] = [];
    const tracker = { ...silentTracker(), ended: ({ kind }: { readonly kind: string }) => void ended.push(kind) };
    await during(MINUTE_MS + 1, { tracker });
    expect(ended).toEqual(["halted", "halted"]);
  });

  it("begins nothing once it was told to stop", async () => {
    const { options, begunMs } = scene([{ ending: PRESENT }]);
    expect(await follow(options, AbortSignal.abort(new Error("stop")))).toBeUndefined();
    expect(begunMs).toEqual([]);
  });

  it("rejects for what failed, at the moment of the stop too", async () => {
    const { options, stop } = scene([{ ending: PRESENT }]);
    const failing = (failure: Error, stopping: boolean): FollowOptions => ({
      ...options,
      onEnding() {
        if (stopping) stop.abort(new Error("stop"));
        throw failure;
      },
    });
    await expect(follow(failing(new Error("defect"), false), stop.signal)).rejects.toThrow("defect");
    await expect(follow(failing(new Error("the disk is full"), true), stop.signal)).rejects.toThrow("the disk is full");
  });
});

describe("followOnce", () => {
  it("walks once, and gives the ending, whether it ends the stream or not", async () => {
    for (const isEnd of [true, false]) {
      const { options, begunMs, told } = scene([{ ending: halt("stuck") }]);
      const onEnding = (ending: Ending) => {
        told.push(ending);
        return isEnd;
      };
      expect(await followOnce({ ...options, onEnding }, never)).toEqual(halt("stuck"));
      expect([begunMs, told]).toEqual([[0], [halt("stuck")]]);
    }
  });

  it("gives the destination's refusal at once, which is no ending of the walk", async () => {
    const { options, told, clock } = scene([{ ending: PRESENT, records: 1 }]);
    expect(await followOnce(options, never)).toMatchObject({ kind: "refused", fault: "credentials" });
    expect([told, clock.waits]).toEqual([[], []]);
  });

  it("gives the refusal of what was to be told at the end", async () => {
    const { options, told } = scene([{ ending: PRESENT }]);
    const tracker = { ...silentTracker(), untold: () => recordNumbers(1) };
    expect(await followOnce({ ...options, tracker }, never)).toMatchObject({ kind: "refused" });
    expect(told).toEqual([PRESENT]);
  });

  it("gives nothing where it was stopped, and rejects for what failed", async () => {
    const { options, stop, clock } = scene([{ tookMs: 5000, ending: PRESENT }]);
    const following = followOnce(options, stop.signal);
    await clock.advance(1000);
    stop.abort(new Error("stop"));
    expect(await following).toBeUndefined();
    const failing = (): never => {
      throw new Error("defect");
    };
    const { options: others, clock: other } = scene([{ ending: PRESENT }]);
    await expect(other.run(followOnce({ ...others, onEnding: failing }, never))).rejects.toThrow("defect");
  });
});

it("only a source that nobody asked for, and that no workspace alone refuses, may be left out", () => {
  expect(isOptional(halt("unavailable"), false)).toBe(true);
  expect(isOptional(halt("unavailable", "token"), false)).toBe(true);
  expect(isOptional(halt("unavailable"), true)).toBe(false);
  expect(isOptional(halt("unavailable", "workspace"), false)).toBe(false);
  expect(isOptional(halt("stuck"), false)).toBe(false);
});

function silentTracker(): Tracker {
  return {
    begun() {},
    settled() {},
    page() {},
    ended() {},
    report: () => ({}),
    isDue: () => false,
    untold: () => [],
    told() {},
  };
}
