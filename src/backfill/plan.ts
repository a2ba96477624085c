import type { Coverage } from "../coverage/coverage.ts";
import { isBeforeStart, type HoleReason } from "../coverage/hole.ts";
import { intersect, subtract, union, type Interval, type Intervals } from "../coverage/interval.ts";
import { afterBackfills, type BackfillDocument, type Stretch } from "./document.ts";

/** What Slack will not show, however often it is asked. */
const GONE: ReadonlySet<HoleReason> = new Set(["page_ceiling", "retention"]);
const SECOND_MS = 1000;

/**
 * What coverage says is missing, can be filled, and lies in these times, in whole seconds, as Slack's filters are. Nobody
 * has asked for what lies before a stream's start, unless a time is named.
 */
export function missing(coverage: Coverage, document: BackfillDocument, within: Interval, isNamed: boolean): Intervals {
  const holes = afterBackfills(coverage, document).holes.filter(
    ({ reason }) => !GONE.has(reason) && (isNamed || !isBeforeStart(reason)),
  );
  const widened = holes.map(({ fromMs, toMs }) => ({
    fromMs: Math.floor(fromMs / SECOND_MS) * SECOND_MS,
    toMs: Math.ceil(toMs / SECOND_MS) * SECOND_MS,
  }));
  return intersect(union(widened), [within]);
}

/** The stretches to read, in their order: one that was broken off goes on first, with the bounds that it had. */
export function stretchesOf(wanted: Intervals, { stretch }: BackfillDocument): readonly (Interval | Stretch)[] {
  if (stretch === undefined || intersect(wanted, [stretch]).length === 0) return wanted;
  return [stretch, ...subtract(wanted, [stretch])];
}
