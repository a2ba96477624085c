import type { Clock } from "./model.ts";
import type { StopSignals } from "./run.ts";

/** How long a request in flight may still take after a stop; with the rest it stays below Kubernetes' 30 s. */
export const STOP_GRACE_MS = 20_000;
/** The same before a deadline, which is kept whatever happens. */
export const DEADLINE_GRACE_MS = 20_000;

export interface Stop extends StopSignals, Disposable {
  /** Asked a first time: end what is under way. A second time: at once. */
  request(reason: string): void;
  /** Requests a stop in `delayMs`, with `graceMs` for what is then under way. */
  after(delayMs: number, graceMs: number, reason: string): void;
}

/** Why a run ended before its work did. No error of anybody's. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** The signals of a stop in two steps: `stop` begins nothing new, `abort` gives up what is in flight. */
export function createStop(clock: Clock): Stop {
  const stopping = new AbortController();
  const aborting = new AbortController();
  const timers = new AbortController();

  function wait(delayMs: number, then: () => void): void {
    clock.sleep(delayMs, timers.signal).then(then, () => undefined);
  }
  function begin(reason: string, graceMs: number): void {
    if (stopping.signal.aborted) return aborting.abort(new Stopped(reason));
    stopping.abort(new Stopped(reason));
    wait(graceMs, () => aborting.abort(new Stopped(reason)));
  }

  return {
    stop: stopping.signal,
    abort: aborting.signal,
    request: (reason) => begin(reason, STOP_GRACE_MS),
    after: (delayMs, graceMs, reason) =>
      wait(delayMs, () => {
        if (!stopping.signal.aborted) begin(reason, graceMs);
      }),
    [Symbol.dispose]: () => timers.abort(new Stopped("done")),
  };
}
