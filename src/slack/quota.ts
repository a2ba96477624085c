import type { Clock, Log, Throttles } from "../model.ts";
import { createPace, type Pace, type Turn } from "./pace.ts";

/** What one method has cost since the program started, and how it stands. */
export interface MethodQuota {
  readonly method: string;
  /** The pace that is kept, by all programs together that share the streams. */
  readonly callsPerMinute: number;
  readonly calls: number;
  /** How often Slack refused a call for being one too many. */
  readonly throttled: number;
  /** How long Slack has asked to wait in all. */
  readonly throttledMs: number;
  /** How long calls have waited for their turns in all. */
  readonly waitedMs: number;
  /** The longest that one call has waited for its turn. */
  readonly longestWaitMs: number;
  /** How many calls wait now. */
  readonly queued: number;
  /** How many more calls may be made at once. */
  readonly left: number;
  /** How much longer than configured the intervals of its polls have to be: 1 where the quota is enough. */
  readonly stretch: number;
}

/** How a method may be called. */
export interface Allowance {
  readonly method: string;
  readonly callsPerMinute: number;
  readonly deepCallsPerMinute?: number;
}

/** Governs the calls with one token. */
export interface Quota {
  /** Waits until the method may be called for this workspace: `""` for the token's own, or the whole organisation. */
  turn(allowance: Allowance, workspace: string, turn: Turn, signal: AbortSignal): Promise<void>;
  /** Slack has stopped this method in this workspace, and nothing else. */
  throttle(method: string, workspace: string, delayMs: number): void;
  /** A stream calls this method at least once an interval, here or in another program, until it is disposed of. */
  poll(method: string, intervalMs: number): Poll;
  methods(): readonly MethodQuota[];
}

export interface Poll extends Disposable {
  /** It is this program that reads the stream, until it is disposed of. */
  reading(): Disposable;
}

/** The streams that poll a method. */
interface Polls {
  /** How many there are, by their interval. */
  readonly byInterval: Map<number, number>;
  wanted: number;
  /** By this program. */
  read: number;
}

interface Method {
  readonly pace: Pace;
  readonly callsPerMinute: number;
  calls: number;
  throttled: number;
  throttledMs: number;
  waitedMs: number;
  longestWaitMs: number;
  /** The stretch that was told last, and when. */
  told: { readonly stretch: number; readonly atMs: number };
}

/** A stretch is told again when it has changed by so much. */
const NOTABLE_CHANGE = 0.1;
const REPEAT_MS = 60_000;

/**
 * One pool for each method: whether an organisation's token has one for each of its workspaces is not known. Where the
 * polls that are configured need more calls than there are, every stream waits for its turn, so that all intervals
 * become longer by the same factor; this is told.
 *
 * Where several programs share the streams of a method, each keeps so much of its pace as it has of its streams.
 * `shared`: what Slack has stopped, as the others know it.
 */
export function createQuota(clock: Clock, log: Log, shared?: Throttles): Quota {
  const methods = new Map<string, Method>();
  /** When a method may be called again in a workspace; monotonic milliseconds. */
  const throttles = new Map<string, number>();
  /** By method. */
  const polls = new Map<string, Polls>();

  function methodOf(allowance: Allowance): Method {
    const known = methods.get(allowance.method);
    if (known !== undefined) return known;
    const counters = { calls: 0, throttled: 0, throttledMs: 0, waitedMs: 0, longestWaitMs: 0 };
    const told = { stretch: 1, atMs: Number.NEGATIVE_INFINITY };
    const pace = createPace({ ...allowance, share: () => shareOf(allowance.method), clock });
    const method: Method = { pace, callsPerMinute: allowance.callsPerMinute, told, ...counters };
    methods.set(allowance.method, method);
    return method;
  }

  function pollsOf(method: string): Polls {
    const known = polls.get(method) ?? { byInterval: new Map<number, number>(), wanted: 0, read: 0 };
    polls.set(method, known);
    return known;
  }

  /** All of it for what is no log, and while nobody is known to read one. */
  function shareOf(method: string): number {
    const { wanted, read } = polls.get(method) ?? { wanted: 0, read: 0 };
    return wanted === 0 ? 1 : Math.max(1, read) / wanted;
  }

  /** For how long still. */
  function stoppedMs(place: string): number {
    const ownMs = (throttles.get(place) ?? Number.NEGATIVE_INFINITY) - clock.monotonic();
    return Math.max(ownMs, shared?.leftMs(place) ?? Number.NEGATIVE_INFINITY);
  }

  function stretchOf(name: string, { callsPerMinute }: Method): number {
    let needed = 0;
    for (const [intervalMs, streams] of polls.get(name)?.byInterval ?? []) needed += (streams * 60_000) / intervalMs;
    return Math.max(1, needed / callsPerMinute);
  }

  function tell(name: string, method: Method): void {
    const stretch = stretchOf(name, method);
    const { told, callsPerMinute } = method;
    const now = clock.monotonic();
    if (Math.abs(stretch - told.stretch) <= NOTABLE_CHANGE * told.stretch || now - told.atMs < REPEAT_MS) return;
    method.told = { stretch, atMs: now };
    const streams = polls.get(name)?.wanted ?? 0;
    const fields = { method: name, streams, calls_per_minute: callsPerMinute };
    if (stretch === 1) return log("info", "intervals_kept", { ...fields, message: "The quota is enough again." });
    log("warn", "intervals_stretched", {
      ...fields,
      factor: Math.round(stretch * 100) / 100,
      message: `${streams} streams need more calls than the ${callsPerMinute} a minute there are: every interval is about ${stretch.toFixed(1)} times as long as configured. Nothing is lost, entries come later. Set longer intervals, or more calls if Slack allows them.`,
    });
  }

  return {
    async turn(allowance, workspace, turn, signal) {
      const method = methodOf(allowance);
      const place = placeOf(allowance.method, workspace);
      const begunMs = clock.monotonic();
      do {
        while (stoppedMs(place) > 0) await clock.sleep(stoppedMs(place), signal);
        await method.pace.turn(turn, signal);
        // Slack may have stopped it while this call waited.
      } while (stoppedMs(place) > 0);
      throttles.delete(place);
      const waitedMs = clock.monotonic() - begunMs;
      method.calls += 1;
      method.waitedMs += waitedMs;
      method.longestWaitMs = Math.max(method.longestWaitMs, waitedMs);
      tell(allowance.method, method);
    },
    throttle(name, workspace, delayMs) {
      throttles.set(placeOf(name, workspace), clock.monotonic() + delayMs);
      shared?.stop(placeOf(name, workspace), delayMs);
      const method = methods.get(name);
      if (method === undefined) return;
      method.throttled += 1;
      method.throttledMs += delayMs;
    },
    poll(method, intervalMs) {
      const counts = pollsOf(method);
      const changing = (change: (by: 1 | -1) => void): Disposable => {
        change(1);
        methods.get(method)?.pace.shareChanged();
        return {
          [Symbol.dispose]() {
            change(-1);
            methods.get(method)?.pace.shareChanged();
          },
        };
      };
      const wanting = changing((by) => {
        counts.wanted += by;
        counts.byInterval.set(intervalMs, (counts.byInterval.get(intervalMs) ?? 0) + by);
      });
      return { ...wanting, reading: () => changing((by) => void (counts.read += by)) };
    },
    methods: () =>
      [...methods].map(([name, method]) => {
        const { pace, told: _told, ...counters } = method;
        return { method: name, ...counters, queued: pace.queued, left: pace.left, stretch: stretchOf(name, method) };
      }),
  };
}

function placeOf(method: string, workspace: string): string {
  return `${method} ${workspace}`;
}
