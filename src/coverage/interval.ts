/** A stretch of entry time, epoch milliseconds: `fromMs` belongs to it, `toMs` does not. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Sorted, disjoint, none empty, none touching the next: the one form of a set of times. */
export type Intervals = readonly Interval[];

/** The times that are in any of them. */
export function union(...sets: readonly Intervals[]): Intervals {
  const sorted = sets
    .flat()
    .filter(({ fromMs, toMs }) => fromMs < toMs)
    .toSorted((a, b) => a.fromMs - b.fromMs);
  const joined: Interval[] = [];
  for (const { fromMs, toMs } of sorted) {
    const last = joined.at(-1);
    if (last === undefined || fromMs > last.toMs) joined.push({ fromMs, toMs });
    else if (toMs > last.toMs) joined[joined.length - 1] = { fromMs: last.fromMs, toMs };
  }
  return joined;
}

/** The times of `whole` that are in none of `removed`. */
export function subtract(whole: Intervals, removed: Intervals): Intervals {
  const kept: Interval[] = [];
  const gone = union(removed);
  for (const { fromMs, toMs } of union(whole)) {
    let at = fromMs;
    for (const cut of gone) {
      if (cut.toMs <= at) continue;
      if (cut.fromMs >= toMs) break;
      if (cut.fromMs > at) kept.push({ fromMs: at, toMs: cut.fromMs });
      at = cut.toMs;
    }
    if (at < toMs) kept.push({ fromMs: at, toMs });
  }
  return kept;
}

/** The times that are in both. */
export function intersect(a: Intervals, b: Intervals): Intervals {
  return subtract(a, subtract(a, b));
}
