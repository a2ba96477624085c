import type { Ending, Halt, Lookup, Page } from "../model.ts";
import { createPageReader, MAX_PAGES } from "./page-reader.ts";
import { CHANGE_TYPES, type ChangeType, type ListingState, type PagesPosition } from "./pages-position.ts";
import type { Paging } from "./paging.ts";
import { createPasses, isBeyondReach, type Passes } from "./passes.ts";
import { bookmark, forgottenBelow, type WalkContext } from "./source.ts";

/** Passes over a listing that keeps changing, before it is left to the next poll. */
const MAX_PASSES = 3;

/** A listing after a poll. */
interface Polled {
  readonly paging: Paging;
  /** If all of it was read that Slack shows: when the oldest and the newest entry of that happened. */
  readonly shown: Span | undefined;
}

/** Epoch milliseconds. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Walks `team.integrationLogs`, which has pages only, no time filter, and no documented order. A deep sweep reads every
 * page and learns from the dates where the head is; a poll between reads from the head while there is news. Inserts and
 * removals move entries over page edges: whenever `paging.total` and what was read disagree, all pages are read again.
 *
 * Where there is more than Slack shows, each kind of change is read in the same way by itself. What is still out of
 * reach then is told as unread.
 */
export async function* walkNumberedPages(
  context: WalkContext,
  from: unknown,
  known: Lookup,
  signal: AbortSignal,
): AsyncGenerator<Page, Ending, void> {
  const { client, log, deepSweepMs, endpoint } = context;
  const openedMs = client.now();
  const first: PagesPosition = { v: 1, startMs: context.startMs(openedMs), sweep: 0 };
  const at = { position: (from as PagesPosition | undefined) ?? first };
  if (from === undefined) yield bookmark(at.position);
  const pages = createPageReader(context, at.position.startMs, known, signal);
  const passesOf = (kind?: ChangeType) => createPasses({ context, pages, at, kind });

  /** Everything that is new in a listing. `seen`: collects what was met, if all of it was. */
  async function* poll(passes: Passes, isDue: boolean, seen: Set<string>): AsyncGenerator<Page, Polled | Halt, void> {
    const { listing, setListing, hot, deep } = passes;
    const { paging: before } = listing();
    let shown: Span | undefined;
    pages.begin(before?.total);
    if (!isDue) {
      const result = yield* hot();
      if ("kind" in result) return result;
      const { paging, news } = result;
      const expected = before?.total === undefined ? undefined : before.total + news;
      const isOutOfSight = listing().head === "last" && (paging.total ?? 0) > pages.reach;
      if (isOutOfSight || expected === undefined || paging.total === undefined || expected === paging.total) {
        setListing({ ...listing(), paging });
        return { paging, shown };
      }
    }
    const isMissing = ({ total }: Paging) => total !== undefined && seen.size < Math.min(total, pages.size * MAX_PAGES);
    for (let pass = 1; ; pass++) {
      const swept = yield* deep(seen, pass > 1);
      if ("kind" in swept) return swept;
      const { isStill, order } = swept;
      let { paging, isSteady } = swept;
      if (order !== undefined) shown = { fromMs: order.smallest * 1000, toMs: order.largest * 1000 };
      if (!isSteady || isMissing(paging)) {
        // What came in at the head during the sweep accounts for most differences.
        const result = yield* hot(seen);
        if ("kind" in result) return result;
        paging = result.paging;
        if ((paging.total ?? Infinity) < (swept.paging.total ?? 0)) isSteady = false;
      }
      const isAllMet = !isMissing(paging);
      if (pass === MAX_PASSES || (isSteady && isAllMet)) {
        // Equal entries of two answers are met as one. In a log that stood still nothing else can be missing; what one
        // that did not still owes, the next poll finds by this total.
        const isWhole = isAllMet || (isSteady && isStill && paging.total === swept.paging.total);
        const counted = isWhole ? paging : { ...paging, total: seen.size };
        setListing({ ...listing(), deepMs: swept.openedMs, paging: counted });
        return { paging, shown };
      }
      // What has left would count for what was missed.
      if (!isSteady) seen.clear();
    }
  }

  function isDue({ deep, deepMs, head }: ListingState): boolean {
    return deep !== undefined || deepMs === undefined || head === "mixed" || client.now() - deepMs >= deepSweepMs;
  }

  const seen = new Set<string>();
  const whole = yield* poll(passesOf(), isDue(at.position), seen);
  if ("kind" in whole) return whole;
  if (!isBeyondReach(whole.paging, pages)) {
    const { kinds: _, ...own } = at.position;
    at.position = own;
    yield { ...present(), ...(whole.shown === undefined ? {} : forgetting()) };
    return { kind: "present" };
  }
  let isRefused = false;
  for (const kind of CHANGE_TYPES) {
    const ofKind = new Set<string>();
    const passes = passesOf(kind);
    const state = passes.listing();
    const isBehind = (state.deepMs ?? 0) < (at.position.deepMs ?? 0);
    const polled = yield* poll(passes, isDue(state) || isBehind, ofKind);
    if ("kind" in polled) {
      if (polled.reason !== "configuration") return polled;
      // Slack does not know this kind of change any more.
      log("warn", "slack_filter_refused", { method: endpoint.method, change_type: kind, error: polled.code });
      isRefused = true;
      continue;
    }
    for (const uid of ofKind) seen.add(uid);
  }
  const { shown } = whole;
  const isSomeUnseen = shown !== undefined && seen.size < (whole.paging.total ?? Infinity);
  const unread = isSomeUnseen ? unreadBeside(shown) : undefined;
  yield {
    ...present(),
    ...(shown === undefined || isRefused ? {} : forgetting()),
    ...(unread === undefined ? {} : { unread }),
  };
  return { kind: "present" };

  /** What may have happened of which Slack showed nothing, beside what it did show. */
  function unreadBeside(those: Span): Page["unread"] {
    const { head, startMs } = at.position;
    const fromMs = head === "last" ? Math.max(those.toMs, startMs) : startMs;
    const toMs = head === "first" ? Math.min(those.fromMs, openedMs) : openedMs;
    return fromMs < toMs ? { fromMs, toMs, reason: "page_ceiling" } : undefined;
  }

  /** What no pass of a whole poll met, for every kind of change in the log. */
  function forgetting(): Pick<Page, "forgetBelow"> {
    return { forgetBelow: forgottenBelow(at.position.sweep) };
  }

  /** Nothing more to deliver: only the position moves. */
  function present(): Page {
    at.position = { ...at.position, reachedMs: openedMs };
    return bookmark(at.position);
  }
}
