import type { Paging } from "./paging.ts";

/** The changes that Slack can be asked for alone. It shows a sixth, `expanded`, and refuses that as a filter. */
export const CHANGE_TYPES = ["added", "removed", "enabled", "disabled", "updated"] as const;
export type ChangeType = (typeof CHANGE_TYPES)[number];

/** Where new entries enter. `mixed`: anywhere, so that every poll reads all pages. */
export type Head = "first" | "last" | "mixed";

/** Of the whole log, or of one kind of change in it. */
export interface ListingState {
  /** When the last complete deep sweep was begun, by Slack's clock. */
  readonly deepMs?: number;
  readonly head?: Head;
  /** What `paging` said last, when everything it counted had been read; else with the number that was read as total. */
  readonly paging?: Paging;
  /** A deep sweep under way has delivered this many pages. */
  readonly deep?: { readonly openedMs: number; readonly page: number };
}

/** How far `team.integrationLogs` has been read. */
export interface PagesPosition extends ListingState {
  readonly v: 1;
  /** Entries dated before it are not owed. Epoch milliseconds. */
  readonly startMs: number;
  /** The number of the deep sweep begun last: the mark of every identity it has met. */
  readonly sweep: number;
  /** When the last complete poll was begun, by Slack's clock. */
  readonly reachedMs?: number;
  /** Kinds of changes that are read by themselves, since Slack shows only a part of the whole log. */
  readonly kinds?: { readonly [Kind in ChangeType]?: ListingState };
}

export function reachedByPages(position: unknown): number | undefined {
  return (position as PagesPosition | undefined)?.reachedMs;
}

/** What is known of one kind of change, or of the whole log. */
export function listingOf(position: PagesPosition, kind: ChangeType | undefined): ListingState {
  if (kind !== undefined) return position.kinds?.[kind] ?? {};
  const { v: _v, startMs: _s, sweep: _n, reachedMs: _r, kinds: _k, ...state } = position;
  return state;
}

/** The position with another state of that listing; all of it is replaced. */
export function withListingOf(
  position: PagesPosition,
  kind: ChangeType | undefined,
  state: ListingState,
): PagesPosition {
  if (kind !== undefined) return { ...position, kinds: { ...position.kinds, [kind]: state } };
  const { deep: _d, deepMs: _m, head: _h, paging: _p, ...own } = position;
  return { ...own, ...state };
}
