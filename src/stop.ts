import type { Clock } from "./model.ts";
import type { StopSignals } from "./run.ts";

/** How long an attempt in flight may still take after a stop; with the rest it stays below Kubernetes' 30 s. */
export const STOP_GRACE_MS = 20_000;
/** What is given up then has this long to let go. */
export const CLOSING_MS = 2_000;

export interface Stop extends StopSignals, Disposable {
  /** Resolves when everything has to be over, and what has not let go is left as it is. */
  readonly over: Promise<void>;
  /** Asked a first time: end what is under way. A second time: at once. */
  request(reason: string): void;
  /** Requests a stop in `delayMs`, with `graceMs` for what is then under way, whatever else is asked for. */
  after(delayMs: number, graceMs: number, reason: string): void;
  /** The same so that it is over in `ms`. */
  within(ms: number, reason: string): void;
}

/** Why a run ended before its work did. No error of anybody's. */
class Stopped extends Error {
  override readonly name = "Stopped";
}

/** The signals of a stop in two steps: `stop` begins nothing new, `abort` gives up what is in flight. */
export function createStop(clock: Clock): Stop {
  const stopping = new AbortController();
  const aborting = new AbortController();
  const timers = new AbortController();
  let isRequested = false;
  const { promise: over, resolve: end } = Promise.withResolvers<void>();

  function wait(delayMs: number, then: () => void): void {
    clock.sleep(Math.max(0, delayMs), timers.signal).then(then, () => undefined);
  }
  function begin(reason: string): void {
    if (!stopping.signal.aborted) stopping.abort(new Stopped(reason));
  }
  function giveUp(closingMs: number): void {
    if (aborting.signal.aborted) return;
    // The same reason, so that whoever heard of the first step knows the second for what it is.
    aborting.abort(stopping.signal.reason);
    wait(closingMs, end);
  }
  function after(delayMs: number, graceMs: number, closingMs: number, reason: string): void {
    wait(delayMs, () => begin(reason));
    wait(delayMs + graceMs, () => {
      begin(reason);
      giveUp(closingMs);
    });
  }

  return {
    stop: stopping.signal,
    abort: aborting.signal,
    over,
    request(reason) {
      if (isRequested) return giveUp(CLOSING_MS);
      isRequested = true;
      begin(reason);
      wait(STOP_GRACE_MS, () => giveUp(CLOSING_MS));
    },
    after: (delayMs, graceMs, reason) => after(delayMs, graceMs, CLOSING_MS, reason),
    within(ms, reason) {
      const closingMs = Math.min(CLOSING_MS, ms / 10);
      const graceMs = Math.min(STOP_GRACE_MS, ms / 4);
      after(ms - closingMs - graceMs, graceMs, closingMs / 2, reason);
    },
    [Symbol.dispose]: () => timers.abort(new Stopped("done")),
  };
}
