/**
 * Which times of a stream were read to the end and delivered, and which were not, and why.
 *
 * Every moment up to now is exactly one of three: covered, in a hole, or ahead of what was reached. Covered is only what
 * is known to be delivered: where two facts disagree, or several holes had to become one, less is called covered, never
 * more. Times are those of entries, by Slack's clock.
 */
import { bounded, isBeforeStart, within, without, type Hole, type HoleReason, type OpenHole } from "./hole.ts";
import { subtract, union, type Interval, type Intervals } from "./interval.ts";

/** JSON; small, however long a stream runs. */
export interface Coverage {
  /** Up to when everything but the holes is delivered, epoch milliseconds. */
  readonly reachedMs: number;
  /** What turns up within this time behind what was reached is still found, and what turns up later is not looked for. */
  readonly lookBackMs: number;
  /** Sorted. They overlap only where they have different reasons. */
  readonly holes: readonly Hole[];
  readonly open?: OpenHole;
}

/** Holes of a stream at most, those not yet reported aside. */
const MAX_HOLES = 64;
/** Records that were refused for good so near to each other are one hole until it is reported. */
const TOGETHER_MS = 60 * 60_000;
const MAX_UNTOLD = 16;

/** A stream that has delivered nothing yet. `startMs` 0: as far back as Slack goes. */
export function beginCoverage(startMs: number, lookBackMs: number, reason: "start" | "not_recorded"): Coverage {
  const reachedMs = Math.max(0, startMs);
  return { reachedMs, lookBackMs, holes: reachedMs > 0 ? [{ fromMs: 0, toMs: reachedMs, reason }] : [] };
}

export function covered({ reachedMs, holes }: Coverage): Intervals {
  return subtract([{ fromMs: 0, toMs: reachedMs }], union(holes));
}

/** What is covered and will not grow by entries that turn up late. */
export function settled({ reachedMs, lookBackMs, ...rest }: Coverage): Intervals {
  return covered({ ...rest, lookBackMs, reachedMs: reachedMs - lookBackMs });
}

/** A position with this reach was stored. It may be lower than the one before, where an order turned out false. */
export function reaching(coverage: Coverage, reachedMs: number, lookBackMs: number): Coverage {
  if (coverage.reachedMs === reachedMs && coverage.lookBackMs === lookBackMs) return coverage;
  return { ...coverage, reachedMs, lookBackMs };
}

/** Nothing of this time could be read, but what was delivered before, or is known to be missing already. */
export function addUnread(coverage: Coverage, time: Interval, reason: HoleReason, foundMs: number): Coverage {
  const unread = subtract([time], union(covered(coverage), coverage.holes));
  if (unread.length === 0) return coverage;
  const added = unread.map((part): Hole => ({ ...part, reason, untold: foundMs }));
  return { ...coverage, holes: bounded([...coverage.holes, ...added], MAX_HOLES) };
}

/** Records of these times, epoch milliseconds, were read and will never be taken by the destination. */
export function addRefused(coverage: Coverage, timesMs: readonly number[], foundMs: number): Coverage {
  let holes = coverage.holes;
  for (const timeMs of timesMs) holes = addPoint(holes, timeMs, foundMs);
  return holes === coverage.holes ? coverage : { ...coverage, holes: bounded(holes, MAX_HOLES) };
}

/** Of the records of this time so many were rejected, and nobody says which. */
export function addPartial(coverage: Coverage, time: Interval, records: number, foundMs: number): Coverage {
  const hole: Hole = { ...time, reason: "partial", records, untold: foundMs };
  return { ...coverage, holes: bounded([...coverage.holes, hole], MAX_HOLES) };
}

function addPoint(holes: readonly Hole[], timeMs: number, foundMs: number): readonly Hole[] {
  const reason = "dead_letters";
  const waiting = holes.filter((hole) => hole.untold !== undefined && hole.reason === reason);
  const distance = (hole: Hole) => Math.max(hole.fromMs - timeMs, timeMs + 1 - hole.toMs, 0);
  const [near] = waiting.toSorted((a, b) => distance(a) - distance(b));
  if (near === undefined || (distance(near) > TOGETHER_MS && waiting.length < MAX_UNTOLD))
    return [...holes, { fromMs: timeMs, toMs: timeMs + 1, reason, records: 1, untold: foundMs }];
  const grown: Hole = {
    ...near,
    fromMs: Math.min(near.fromMs, timeMs),
    toMs: Math.max(near.toMs, timeMs + 1),
    records: (near.records ?? 0) + 1,
  };
  return holes.map((hole) => (hole === near ? grown : hole));
}

/** These times were read to the end and delivered after all. */
export function fill(coverage: Coverage, filled: Intervals): Coverage {
  const holes = without(coverage.holes, filled);
  return isSame(holes, coverage.holes) ? coverage : { ...coverage, holes };
}

/**
 * The stream cannot be read from what it has reached on. `report`: it is to be told, which it is once, however often it
 * is found so.
 */
export function openHole(coverage: Coverage, found: Omit<OpenHole, "fromMs" | "untold">, report: boolean): Coverage {
  const { open } = coverage;
  if (open?.reason === found.reason && open.code === found.code) return coverage;
  const isUntold = report && (open?.reason !== found.reason || open.untold !== undefined);
  const sinceMs = open?.sinceMs ?? found.sinceMs;
  const opened = { ...found, fromMs: coverage.reachedMs, sinceMs };
  return { ...coverage, open: isUntold ? { ...opened, untold: found.sinceMs } : opened };
}

/** The stream was read to the present: what was missing since the hole opened is delivered. */
export function closeHole(coverage: Coverage): Coverage {
  const { open, ...rest } = coverage;
  return open === undefined ? coverage : rest;
}

/** Every hole was reported, or those that `isTold` says. Only then may several become one. */
export function told(coverage: Coverage, isTold: (hole: Hole | OpenHole) => boolean = () => true): Coverage {
  const { open, ...rest } = coverage;
  const holes = bounded(
    rest.holes.map((hole) => (isTold(hole) ? known(hole) : hole)),
    MAX_HOLES,
  );
  return { ...rest, holes, ...(open === undefined ? {} : { open: isTold(open) ? known(open) : open }) };
}

function known<H extends { readonly untold?: number }>(hole: H): Omit<H, "untold"> {
  const { untold: _, ...rest } = hole;
  return rest;
}

/** The holes, the open one from what was reached up to `nowMs` included. */
export function holesUntil({ holes, open, reachedMs }: Coverage, nowMs: number): readonly Hole[] {
  if (open === undefined || reachedMs >= nowMs) return holes;
  return [...holes, { fromMs: reachedMs, toMs: nowMs, reason: open.reason }];
}

/** The same without what lies before the stream's beginning, which nobody misses. */
export function missingUntil(coverage: Coverage, nowMs: number): readonly Hole[] {
  return holesUntil(coverage, nowMs).filter(({ reason }) => !isBeforeStart(reason));
}

/** Whether anything of this time is missing, as far as can be said at `nowMs`. */
export interface Verdict {
  /**
   * `complete`: read to the end and delivered. `provisional`: the same, but what turns up late is still looked for.
   * `incomplete`: there are holes. `ahead`: not read yet, in part at least.
   */
  readonly kind: "complete" | "provisional" | "incomplete" | "ahead";
  readonly holes: readonly Hole[];
  /** The part that was not reached yet. */
  readonly ahead: Intervals;
}

export function judge(coverage: Coverage, time: Interval, nowMs: number): Verdict {
  const holes = within(holesUntil(coverage, nowMs), [time]);
  const ahead = subtract([time], union([{ fromMs: 0, toMs: coverage.reachedMs }], holes));
  const isSettled = subtract([time], settled(coverage)).length === 0;
  const kind = holes.length > 0 ? "incomplete" : ahead.length > 0 ? "ahead" : isSettled ? "complete" : "provisional";
  return { kind, holes, ahead };
}

function isSame(a: readonly Hole[], b: readonly Hole[]): boolean {
  return (
    a.length === b.length && a.every(({ fromMs, toMs }, index) => fromMs === b[index]?.fromMs && toMs === b[index].toMs)
  );
}
