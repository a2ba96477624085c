import { covered, holesUntil, settled, type Coverage } from "./coverage.ts";
import { isBeforeStart, type HoleReason } from "./hole.ts";
import { intersect, type Interval } from "./interval.ts";

/**
 * What a cell of a drawn timeline shows. `hole`: something of its time is missing. `ahead`: something of it was not
 * reached yet. `provisional`: all is delivered, and what turns up late is still looked for. `before`: all of it lies
 * before the stream's start.
 */
export interface Cell extends Interval {
  readonly kind: "covered" | "provisional" | "ahead" | "hole" | "before";
  /** Of the hole that takes up most of the cell. */
  readonly reason?: HoleReason;
}

/** Cuts a time into cells of equal length and says of each the worst that is known of it: no hole is too small to show. */
export function timeline(coverage: Coverage, time: Interval, cells: number, nowMs: number): Cell[] {
  const holes = holesUntil(coverage, nowMs);
  const whole = covered(coverage);
  const firm = settled(coverage);
  const lengthMs = (time.toMs - time.fromMs) / cells;
  return Array.from({ length: cells }, (_, index): Cell => {
    const cell = { fromMs: time.fromMs + index * lengthMs, toMs: time.fromMs + (index + 1) * lengthMs };
    const inCell = holes
      .map((hole) => ({ hole, ms: overlapMs(hole, cell) }))
      .filter(({ ms }) => ms > 0)
      .toSorted((a, b) => b.ms - a.ms);
    const missing = inCell.filter(({ hole }) => !isBeforeStart(hole.reason));
    const reason = (missing[0] ?? inCell[0])?.hole.reason;
    if (missing.length > 0 && reason !== undefined) return { ...cell, kind: "hole", reason };
    if (inCell.some(({ ms }) => ms >= lengthMs / 2) && reason !== undefined) return { ...cell, kind: "before", reason };
    const readMs = sumMs(intersect([cell], whole)) + (inCell[0]?.ms ?? 0);
    if (readMs < Math.min(lengthMs, nowMs - cell.fromMs) * 0.999) return { ...cell, kind: "ahead" };
    const isFirm = sumMs(intersect([cell], firm)) + (inCell[0]?.ms ?? 0) >= lengthMs * 0.999;
    return { ...cell, kind: isFirm ? "covered" : "provisional" };
  });
}

function overlapMs(a: Interval, b: Interval): number {
  return Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs);
}

function sumMs(times: readonly Interval[]): number {
  return times.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}
