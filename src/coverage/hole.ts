import type { Halt } from "../model.ts";
import { intersect, subtract, type Interval, type Intervals } from "./interval.ts";

/**
 * Why entries of a time were not delivered, with the sentence that people read.
 *
 * The first two are there from a stream's beginning and nobody's fault, so they are shown and never reported.
 */
export const HOLE_REASONS = {
  start: "before the stream's start",
  not_recorded: "delivered by a version that kept no record of what it had covered",
  not_permitted: "the token lacks a right that Slack asks for",
  plan: "the workspace's plan does not have this log",
  credentials: "Slack refuses the token",
  configuration: "Slack refuses the request",
  stuck: "the listing cannot be read to its end",
  page_ceiling: "Slack shows no page so far back",
  quota: "Slack's quota leaves too few calls to catch up; what is missing comes later",
  retention: "Slack shows nothing so old: it keeps it no longer, or nothing happened",
  dead_letters: "the destination refused records for good; they are in the dead letters",
  partial: "the destination rejected some records without saying which; the whole batch is in the dead letters",
} as const;
export type HoleReason = keyof typeof HOLE_REASONS;

export interface Hole extends Interval {
  readonly reason: HoleReason;
  /** How many records are missing, where all else of that time was delivered. Absent: nothing of it was. */
  readonly records?: number;
  /** Not reported to the destination yet; found at this time, epoch milliseconds of our clock. */
  readonly untold?: number;
}

/** A hole that grows with the time until the stream can be read again, and is filled then. */
export interface OpenHole {
  readonly reason: HoleReason;
  readonly fromMs: number;
  /** When it opened, epoch milliseconds of our clock. */
  readonly sinceMs: number;
  /** Slack's error code, or our own word. */
  readonly code: string;
  readonly message: string;
  /** Not reported to the destination yet; found at this time. */
  readonly untold?: number;
}

/** Codes that a better plan would mend; every other missing right is one of the token or its owner. */
const PLAN_CODES = new Set(["paid_only", "feature_not_enabled", "restricted_plan_level", "free_team_not_allowed"]);

export function reasonOf({ reason, code }: Halt): HoleReason {
  switch (reason) {
    case "unavailable":
      return PLAN_CODES.has(code) ? "plan" : "not_permitted";
    case "credentials":
    case "configuration":
    case "stuck":
      return reason;
    default:
      return reason satisfies never;
  }
}

export function isBeforeStart(reason: HoleReason): boolean {
  return reason === "start" || reason === "not_recorded";
}

/** What is left of the holes when these times were delivered after all. */
export function without(holes: readonly Hole[], filled: Intervals): Hole[] {
  return holes.flatMap((hole) => subtract([hole], filled).map((part) => ({ ...hole, ...part })));
}

/** What of the holes lies in these times. */
export function within(holes: readonly Hole[], times: Intervals): Hole[] {
  return holes.flatMap((hole) => intersect([hole], times).map((part) => ({ ...hole, ...part })));
}

/**
 * Sorted, and no more than `atMost`: of the holes of one reason those nearest to each other become one, the time between
 * them included, so that nothing is ever called covered that was not. Those not yet reported stay as they are.
 */
export function bounded(holes: readonly Hole[], atMost: number): Hole[] {
  const kept = holes.toSorted((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs);
  while (kept.length > atMost) {
    const pair = nearest(kept);
    if (pair === undefined) break;
    const [left, right] = pair;
    const [a, b] = [kept[left] as Hole, kept[right] as Hole];
    kept[left] = joined(a, b);
    kept.splice(right, 1);
  }
  return kept;
}

function joined(a: Hole, b: Hole): Hole {
  const records = a.records === undefined || b.records === undefined ? undefined : a.records + b.records;
  return {
    reason: a.reason,
    fromMs: Math.min(a.fromMs, b.fromMs),
    toMs: Math.max(a.toMs, b.toMs),
    ...(records === undefined ? {} : { records }),
  };
}

function nearest(holes: readonly Hole[]): readonly [number, number] | undefined {
  let best: readonly [number, number] | undefined;
  let distance = Number.POSITIVE_INFINITY;
  const lastOf = new Map<string, number>();
  for (const [index, hole] of holes.entries()) {
    if (hole.untold !== undefined) continue;
    const kind = `${hole.reason} ${hole.records === undefined}`;
    const before = lastOf.get(kind);
    if (before !== undefined && hole.fromMs - (holes[before] as Hole).toMs < distance) {
      best = [before, index];
      distance = hole.fromMs - (holes[before] as Hole).toMs;
    }
    lastOf.set(kind, index);
  }
  return best;
}
