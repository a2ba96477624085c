import type { Clock } from "../../src/model.ts";

export interface VirtualClock extends Clock {
  /** Runs `work` to its end: whenever nothing else is left to do, time jumps to the next wait's end. */
  run<T>(work: Promise<T>, limits?: { readonly maxMs?: number }): Promise<T>;
  /** Lets time pass, waits that end on the way included. */
  advance(ms: number): Promise<void>;
  /** How long each wait that was begun was to be, in order. */
  readonly waits: readonly number[];
  /** How many waits have neither ended nor been given up. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

/** Time that passes only when everything waits for it. Epoch milliseconds. */
export function createVirtualClock(startMs = Date.UTC(2026, 10, 1)): VirtualClock {
  let now = 0;
  const timers = new Set<Timer>();
  const waits: number[] = [];

  function next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  }

  /** Long enough for every promise that can settle without time to settle. */
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  function fire(timer: Timer): void {
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.wake();
  }

  return {
    waits,
    get pending() {
      return timers.size;
    },
    now: () => startMs + now,
    monotonic: () => now,
    sleep(ms, signal) {
      waits.push(ms);
      return new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const abort = () => {
          timers.delete(timer);
          reject(signal.reason);
        };
        const wake = () => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        const timer: Timer = { at: now + Math.max(0, ms), wake };
        timers.add(timer);
        signal.addEventListener("abort", abort, { once: true });
      });
    },
    async run<T>(work: Promise<T>, { maxMs = 366 * 86_400_000 }: { readonly maxMs?: number } = {}) {
      const end = now + maxMs;
      const ending = { came: false };
      const mark = () => {
        ending.came = true;
      };
      work.then(mark, mark);
      for (let idle = 0; ;) {
        await settle();
        if (ending.came) return work;
        const timer = next();
        if (timer !== undefined) {
          if (timer.at > end) throw new Error(`still not done after ${maxMs} virtual milliseconds`);
          idle = 0;
          fire(timer);
        } else if (++idle > 2_000) throw new Error("nothing is waiting for time, and still it does not end");
        // Something real is under way, a file or a thread.
        if (idle > 100) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        const timer = next();
        if (timer === undefined || timer.at > end) break;
        fire(timer);
      }
      now = end;
      await settle();
    },
  };
}
