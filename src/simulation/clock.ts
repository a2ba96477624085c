/** Slack's clock, and the waits of whoever calls it without sockets. */
export interface SlackClock {
  readonly now: () => number;
  readonly setNow: (ms: number) => void;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface SlackClockOptions {
  readonly clock?: { now(): number; sleep?(ms: number, signal: AbortSignal): Promise<void> };
  readonly startMs?: number;
  readonly clockOffsetMs?: number;
}

/** 2026-03-02 09:00:00 UTC, a Monday. */
const DEFAULT_START_MS = 1_772_442_000_000;

/** Without a clock from outside, waiting is what moves time. */
export function createSlackClock({ clock, startMs, clockOffsetMs = 0 }: SlackClockOptions): SlackClock {
  let ownMs = startMs ?? DEFAULT_START_MS;
  return {
    now: () => (clock === undefined ? ownMs : clock.now()) + clockOffsetMs,
    setNow(ms) {
      if (clock !== undefined) throw new Error("the simulated Slack follows the clock it was given");
      ownMs = ms - clockOffsetMs;
    },
    async sleep(ms, signal) {
      signal.throwIfAborted();
      if (clock?.sleep !== undefined) await clock.sleep(ms, signal);
      else if (clock === undefined) ownMs += ms;
    },
  };
}
