import type { Clock } from "../model.ts";

/** Slack counts calls in windows of one minute. */
const WINDOW_MS = 60_000;

/** `live`: what happens now. `deep`: a sweep over all of a listing. `backfill`: an older stretch. The first go first. */
export type Priority = "live" | "deep" | "backfill";

/** Who wants to call, and how urgent it is. */
export interface Turn {
  /** Turns go round among streams. */
  readonly stream?: string;
  /** Default: live. */
  readonly priority?: Priority;
}

/** Waits until a call may be made. */
export interface Pace {
  turn(turn: Turn, signal: AbortSignal): Promise<void>;
  /** How many wait. */
  readonly queued: number;
  /** How many more calls may be made now. */
  readonly left: number;
  /** To be called when the share has changed: who waits may be next. */
  shareChanged(): void;
}

export interface PaceOptions {
  readonly callsPerMinute: number;
  /** What deep sweeps and backfills may take of it at most. Default: what live polling leaves. */
  readonly deepCallsPerMinute?: number;
  /** What of both is this program's now: above 0, up to 1. Default: all. */
  readonly share?: () => number;
  readonly clock: Clock;
}

/** While live polling takes every call there is, so many of its calls are followed by one of the others. */
const LIVE_IN_A_ROW = 4;

interface Waiting extends Required<Turn> {
  readonly grant: () => void;
}

/**
 * At most `callsPerMinute` calls in any minute: a burst of one minute's worth goes out at once, and after it each call
 * waits until the oldest one is a minute old. The stream that has waited longest since its last turn is next. Live calls
 * go before all others, which always leave a tenth free for them, and get one turn in five when there is never one free.
 * Of whole calls: a share of less than one call a minute is one call in so many minutes.
 */
export function createPace(options: PaceOptions): Pace {
  const { callsPerMinute, deepCallsPerMinute = Infinity, share = () => 1, clock } = options;
  const calls: { readonly atMs: number; readonly live: boolean }[] = [];
  const waiting = new Set<Waiting>();
  /** When each stream had its last turn, in turns. */
  const last = new Map<string, number>();
  let turns = 0;
  let liveInARow = 0;
  let wake: AbortController | undefined;

  const most = (perMinute: number): number => Math.max(1, Math.floor(perMinute * share()));
  /** Longer than a minute where the share is less than a call in one. */
  const windowMs = (): number => WINDOW_MS / Math.min(1, callsPerMinute * share());

  function forget(): void {
    const before = clock.monotonic() - windowMs();
    while (calls.length > 0 && (calls[0] as { atMs: number }).atMs <= before) calls.shift();
  }

  function nextOf(isWanted: (one: Waiting) => boolean): Waiting | undefined {
    let next: Waiting | undefined;
    for (const one of waiting) {
      if (!isWanted(one)) continue;
      if (next === undefined || (last.get(one.stream) ?? -1) < (last.get(next.stream) ?? -1)) next = one;
    }
    return next;
  }

  function hasOthers(): boolean {
    for (const { priority } of waiting) if (priority !== "live") return true;
    return false;
  }

  /** The next call, or when to look again; milliseconds from now. */
  function choose(): Waiting | number {
    forget();
    const limit = most(callsPerMinute);
    if (calls.length >= limit) return waitFor(calls, limit);
    const deepLimit = most(deepCallsPerMinute);
    const reserve = Math.min(limit - 1, Math.max(1, Math.floor(limit / 10)));
    const others = calls.filter(({ live }) => !live);
    const live = nextOf(({ priority }) => priority === "live");
    const other = nextOf(({ priority }) => priority === "deep") ?? nextOf(({ priority }) => priority === "backfill");
    const isOtherDue = live !== undefined && liveInARow >= LIVE_IN_A_ROW;
    if (other !== undefined && others.length < deepLimit && (live === undefined || isOtherDue)) {
      if (isOtherDue || calls.length < limit - reserve) return other;
      return waitFor(calls, limit - reserve);
    }
    return live ?? waitFor(others, deepLimit);
  }

  /** Until fewer than so many of these are in the window. */
  function waitFor(counted: typeof calls, limit: number): number {
    const oldest = counted[counted.length - limit] ?? counted[0];
    return oldest === undefined ? windowMs() : oldest.atMs + windowMs() - clock.monotonic();
  }

  function dispatch(): void {
    wake?.abort();
    wake = undefined;
    while (waiting.size > 0) {
      const next = choose();
      if (typeof next === "number") return sleep(next);
      waiting.delete(next);
      const live = next.priority === "live";
      liveInARow = live && hasOthers() ? liveInARow + 1 : 0;
      calls.push({ atMs: clock.monotonic(), live });
      last.set(next.stream, ++turns);
      next.grant();
    }
  }

  function sleep(ms: number): void {
    const controller = new AbortController();
    wake = controller;
    clock.sleep(ms, controller.signal).then(dispatch, () => undefined);
  }

  return {
    turn({ stream = "", priority = "live" }, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const abort = () => {
          waiting.delete(one);
          if (waiting.size === 0) wake?.abort();
          reject(signal.reason);
        };
        const grant = () => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        const one: Waiting = { stream, priority, grant };
        waiting.add(one);
        signal.addEventListener("abort", abort, { once: true });
        dispatch();
      });
    },
    get queued() {
      return waiting.size;
    },
    get left() {
      forget();
      return Math.max(0, most(callsPerMinute) - calls.length);
    },
    shareChanged: dispatch,
  };
}
