/** What one stream is doing. Times are monotonic milliseconds. */
export type Activity =
  | { readonly kind: "starting" | "reading" | "read by workspace" }
  /** `sinceMs`: when the page came. */
  | { readonly kind: "sending"; readonly records: number; readonly sinceMs: number }
  /** `trouble`: it is not the wait between two polls. */
  | { readonly kind: "waiting"; readonly untilMs: number; readonly why: string; readonly trouble: boolean };

/** A call to Slack under way, its turn and its retries included. */
export interface Asking {
  readonly method: string;
  readonly sinceMs: number;
}

/** What takes less is not worth a word. */
const NOTABLE_MS = 2_000;

/** In words, for a person. */
export function describeActivity(activity: Activity, asking: Asking | undefined, nowMs: number): string {
  switch (activity.kind) {
    case "read by workspace":
      return activity.kind;
    case "starting":
    case "reading":
      return asking === undefined || nowMs - asking.sinceMs < NOTABLE_MS
        ? activity.kind
        : `waiting for Slack for ${span(nowMs - asking.sinceMs)} (${asking.method})`;
    case "sending": {
      const { records, sinceMs } = activity;
      const what = records === 1 ? "1 record" : `${records} records`;
      return nowMs - sinceMs < NOTABLE_MS
        ? `sending ${what}`
        : `waiting for the destination for ${span(nowMs - sinceMs)} (${what})`;
    }
    case "waiting": {
      const leftMs = activity.untilMs - nowMs;
      if (!activity.trouble) return leftMs > 0 ? `${activity.why}, next look in ${span(leftMs)}` : activity.why;
      return leftMs > 0 ? `next try in ${span(leftMs)}: ${activity.why}` : `trying again: ${activity.why}`;
    }
    default:
      return activity satisfies never;
  }
}

/** `43 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
