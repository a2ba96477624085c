import type { Clock, Log } from "../model.ts";

/** The log lines of one stream: how often a thing is told depends on what it is. */
export interface StreamLines {
  say(level: "info" | "warn" | "error", event: string, fields?: Fields): void;
  /** Once for each `error` in an outage, and then no more often than every ten minutes. */
  sayRarely(level: "warn" | "error", event: string, fields: Fields): void;
  /** So many records more were delivered. */
  add(records: number): void;
  /** Tells what was delivered since it was told last, no more often than once a minute unless it is `due`. */
  delivered(reachedMs: number | undefined, due: boolean): void;
  /** Something is in the way of delivery, perhaps for some time already. */
  trouble(): void;
  /** Something was delivered: tells how long that was not so, if it was not. */
  recovered(): void;
}

type Fields = Readonly<Record<string, string | number | undefined>>;

const REPEAT_MS = 10 * 60_000;
const DELIVERED_MS = 60_000;

export function createStreamLines(options: {
  readonly stream: string;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Log;
}): StreamLines {
  const { stream, clock, log } = options;
  const told = new Map<string, number>();
  let troubledSinceMs: number | undefined;
  let untold = 0;
  let untoldSinceMs = clock.monotonic();

  const say: StreamLines["say"] = (level, event, fields = {}) => log(level, event, { stream, ...fields });

  return {
    say,
    sayRarely(level, event, fields) {
      const key = `${event} ${fields["error"] ?? ""}`;
      const now = clock.monotonic();
      if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
      told.set(key, now);
      say(level, event, fields);
    },
    add(records) {
      untold += records;
    },
    delivered(reachedMs, due) {
      if (untold === 0 || (!due && clock.monotonic() - untoldSinceMs < DELIVERED_MS)) return;
      say("info", "delivered", { records: untold, reached: isoTime(reachedMs) });
      untold = 0;
      untoldSinceMs = clock.monotonic();
    },
    trouble() {
      troubledSinceMs ??= clock.monotonic();
    },
    recovered() {
      if (troubledSinceMs === undefined) return;
      say("info", "delivery_resumed", { after_seconds: Math.round((clock.monotonic() - troubledSinceMs) / 1_000) });
      troubledSinceMs = undefined;
      told.clear();
    },
  };
}

/** RFC 3339, to the second. */
export function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined || !Number.isFinite(ms) ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
