import type { Clock } from "../model.ts";

/** Slack counts calls in windows of one minute. */
const WINDOW_MS = 60_000;

/** Waits until a call may be made. */
export interface Pace {
  turn(signal: AbortSignal): Promise<void>;
}

/**
 * At most `callsPerMinute` calls in any minute: a burst of one minute's worth goes out at once, and after it each call
 * waits until the oldest one is a minute old. Turns are given in the order in which they were asked for.
 */
export function createPace(callsPerMinute: number, clock: Clock): Pace {
  const calls: number[] = [];
  let queue: Promise<unknown> = Promise.resolve();

  async function take(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const now = clock.monotonic();
      while (calls.length > 0 && now - (calls[0] as number) >= WINDOW_MS) calls.shift();
      if (calls.length < callsPerMinute) {
        calls.push(now);
        return;
      }
      await clock.sleep(WINDOW_MS - (now - (calls[0] as number)), signal);
    }
  }

  return {
    turn(signal) {
      const turn = queue.then(() => take(signal));
      queue = turn.catch(() => undefined);
      return untilAborted(turn, signal);
    },
  };
}

/** The turn before this one may be another's, and go on waiting. */
function untilAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    turn.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
