import { momentMs, type Moment } from "./config/moment.ts";

/** A first run takes its time: what is inside the window at its beginning has to be so at its end. */
const MARGIN_MS = 30 * 60_000;

/**
 * Where a first run begins, epoch milliseconds, and where it was to begin: no further back than the destination keeps
 * records (`maxAgeMs`).
 */
export function startOf(
  start: Moment,
  nowMs: number,
  maxAgeMs: number | undefined,
): { readonly ms: number; readonly wantedMs: number } {
  const wantedMs = momentMs(start, nowMs);
  if (maxAgeMs === undefined) return { ms: wantedMs, wantedMs };
  return { ms: Math.max(wantedMs, nowMs - maxAgeMs + Math.min(MARGIN_MS, maxAgeMs / 2)), wantedMs };
}
