import type { Ending, Halt, Identity, LogRecord, Lookup, Page } from "../model.ts";
import type { Identified } from "../mapping/identity.ts";
import { createOrder } from "./order.ts";
import {
  CHANGE_TYPES,
  listingOf,
  withListingOf,
  type ChangeType,
  type Head,
  type ListingState,
  type PagesPosition,
} from "./pages-position.ts";
import { createPageReader, MAX_PAGES } from "./page-reader.ts";
import type { Paging } from "./paging.ts";
import { bookmark, type WalkContext } from "./source.ts";

/** Passes over a listing that keeps changing, before it is left to the next poll. */
const MAX_PASSES = 3;

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
  const { client, log, deepSweepMs } = context;
  let position: PagesPosition = (from as PagesPosition | undefined) ?? {
    v: 1,
    startMs: context.startMs(client.now()),
    sweep: 0,
  };
  const openedMs = client.now();
  if (from === undefined) yield bookmark(position);
  /** What is read at present: this kind of change, or the whole log. */
  let kind: ChangeType | undefined;
  const pages = createPageReader(context, position.startMs, known, signal);
  /** What `paging` said last in this poll of the listing. */
  let latest: Paging | undefined;
  /** Of the whole log, if all of it was read that Slack shows: when the oldest and the newest entry of that happened. */
  let shown: { readonly fromMs: number; readonly toMs: number } | undefined;

  const listing = (): ListingState => listingOf(position, kind);
  const withListing = (state: ListingState): PagesPosition => withListingOf(position, kind, state);

  type Swept = {
    readonly isSteady: boolean;
    readonly isStill: boolean;
    readonly openedMs: number;
    readonly paging: Paging;
  };
  type Read = {
    readonly entries: readonly Identified[];
    readonly paging: Paging;
    readonly news: number;
    readonly page: Page;
  };

  /** Reads one page; `settle` says which position holds once it is delivered. */
  async function read(
    number: number,
    deep: boolean,
    settle: () => PagesPosition,
    seen?: Set<string>,
  ): Promise<Read | Halt> {
    const result = await pages.read(number, kind, deep && number > 1 ? "deep" : "live");
    if ("kind" in result) return result;
    const { entries, paging, sifted, sent, arrivedMs } = result;
    latest = paging;
    for (const { uid } of entries) seen?.add(uid);
    position = settle();
    const { sweep } = position;
    const records = sifted.fresh.map(({ entry }): LogRecord =>
      context.toRecord(entry, { observedMs: arrivedMs, mark: sweep }),
    );
    const remember = deep ? sifted.known.map((entry) => toIdentity(entry, sweep)) : [];
    const page: Page = { records, remember, position, entries: sent };
    return { entries, paging, news: sifted.fresh.length, page };
  }

  /** From the head while there is news. Returns how much there was, and what `paging` says now. */
  async function* hot(seen?: Set<string>): AsyncGenerator<Page, { news: number; paging: Paging } | Halt, void> {
    let news = 0;
    let paging: Paging = {};
    const rising = listing().head === "last";
    for (let number = rising ? lastKnownPage() : 1; ; number++) {
      const before = position;
      const result = await read(number, false, () => before, seen);
      if ("kind" in result) return result;
      news += result.news;
      paging = result.paging;
      yield result.page;
      const last = Math.min(MAX_PAGES, lastPage(result.paging, result.entries.length, pages.size, number));
      if (number >= last || (!rising && result.news === 0)) return { news, paging };
    }
  }

  function lastKnownPage(): number {
    const { total, pages: last = 1 } = latest ?? listing().paging ?? {};
    return Math.max(1, Math.min(MAX_PAGES, total === undefined ? last : Math.ceil(total / pages.size)));
  }

  /**
   * All pages. `isSteady`: it began with the first one, and none was missed because an entry left; `isStill`: none came
   * either. It is for the caller to say, once nothing is missing, that everything `paging` counts has been read.
   */
  async function* deep(seen: Set<string>, again: boolean): AsyncGenerator<Page, Swept | Halt, void> {
    const begun = listing().deep ?? { openedMs: client.now(), page: 0 };
    const resumed = begun.page > 1;
    // Further passes of one poll are one sweep: an entry has to be missed by two polls before it is forgotten.
    // So are those of the whole log and of the kinds of changes in it.
    if (kind === undefined && listing().deep === undefined && !again) {
      position = { ...position, sweep: position.sweep + 1 };
    }
    const order = createOrder();
    let { size } = pages;
    let removed = false;
    let isStill = true;
    let total: number | undefined;
    let paging: Paging = {};
    // A sweep that was broken off reads its last page again: entries may have moved over the edge meanwhile.
    for (let number = Math.max(1, begun.page), last = number; number <= last; number++) {
      const result = await read(
        number,
        true,
        () => withListing({ ...listing(), deep: { openedMs: begun.openedMs, page: number } }),
        seen,
      );
      if ("kind" in result) return result;
      const { entries } = result;
      paging = result.paging;
      if (paging.total !== undefined && total !== undefined && paging.total < total) removed = true;
      if (total !== undefined && paging.total !== total) isStill = false;
      total = paging.total ?? total;
      if (pages.size !== size) order.breakOff();
      ({ size } = pages);
      for (const entry of entries) order.observe(secondsOf(entry));
      last = lastPage(paging, entries.length, size, number);
      if (last > MAX_PAGES && pages.enlarge()) {
        number = 0;
        last = 1;
        order.breakOff();
        yield result.page;
        continue;
      }
      if (last > MAX_PAGES) {
        if (number === 1 && !again) {
          log("warn", "slack_pages_beyond_reach", { method: context.endpoint.method, change_type: kind, pages: last });
        }
        last = MAX_PAGES;
      }
      if (number < last) yield result.page;
      else {
        const { deep: _, ...state } = listing();
        const head: Head = order.neverRises ? "first" : order.neverFalls ? "last" : "mixed";
        // A sweep that was resumed has seen a part of the order only.
        position = withListing({ ...state, head: resumed ? (state.head ?? head) : head });
        if (kind === undefined && !resumed) shown = { fromMs: order.smallest * 1000, toMs: order.largest * 1000 };
        // What a kind of change alone shows is forgotten only when all of them were read.
        const isAll = kind === undefined && !isBeyondReach(paging);
        yield { ...result.page, position, ...(isAll ? { forgetBelow: position.sweep - 1 } : {}) };
      }
    }
    return { isSteady: !resumed && !removed, isStill, openedMs: begun.openedMs, paging };
  }

  function isBeyondReach({ total, pages: last = 0 }: Paging): boolean {
    return total === undefined ? last > MAX_PAGES : total > pages.reach;
  }

  /** Everything that is new in the whole log or in one kind of change. `seen`: collects what was met, if all of it was. */
  async function* poll(isDue: boolean, seen: Set<string>): AsyncGenerator<Page, Paging | Halt, void> {
    const { paging: before } = listing();
    latest = undefined;
    pages.begin(before?.total);
    if (!isDue) {
      const result = yield* hot();
      if ("kind" in result) return result;
      const expected = before?.total === undefined ? undefined : before.total + result.news;
      const { total } = result.paging;
      const isOutOfSight = listing().head === "last" && (total ?? 0) > pages.reach;
      if (isOutOfSight || expected === undefined || total === undefined || expected === total) {
        position = withListing({ ...listing(), paging: result.paging });
        return result.paging;
      }
    }
    const isMissing = ({ total }: Paging) => total !== undefined && seen.size < Math.min(total, pages.size * MAX_PAGES);
    for (let pass = 1; ; pass++) {
      const swept = yield* deep(seen, pass > 1);
      if ("kind" in swept) return swept;
      const { isStill, openedMs: deepMs } = swept;
      let { paging, isSteady } = swept;
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
        position = withListing({ ...listing(), deepMs, paging: isWhole ? paging : { ...paging, total: seen.size } });
        return paging;
      }
      // What has left would count for what was missed.
      if (!isSteady) seen.clear();
    }
  }

  function isDue({ deep, deepMs, head }: ListingState): boolean {
    return deep !== undefined || deepMs === undefined || head === "mixed" || client.now() - deepMs >= deepSweepMs;
  }

  const seen = new Set<string>();
  const wholePaging = yield* poll(isDue(position), seen);
  if ("kind" in wholePaging) return wholePaging;
  if (!isBeyondReach(wholePaging)) {
    const { kinds: _, ...own } = position;
    position = own;
    yield present();
    return { kind: "present" };
  }
  let isRefused = false;
  for (kind of CHANGE_TYPES) {
    const ofKind = new Set<string>();
    const state = listing();
    const paging = yield* poll(isDue(state) || (state.deepMs ?? 0) < (position.deepMs ?? 0), ofKind);
    if ("kind" in paging) {
      if (paging.reason !== "configuration") return paging;
      // Slack does not know this kind of change any more.
      log("warn", "slack_filter_refused", { method: context.endpoint.method, change_type: kind, error: paging.code });
      isRefused = true;
      continue;
    }
    for (const uid of ofKind) seen.add(uid);
  }
  kind = undefined;
  const unread = shown !== undefined && seen.size < (wholePaging.total ?? Infinity) ? unreadBeside(shown) : undefined;
  yield {
    ...present(),
    ...(shown === undefined || isRefused ? {} : { forgetBelow: position.sweep - 1 }),
    ...(unread === undefined ? {} : { unread }),
  };
  return { kind: "present" };

  /** What may have happened of which Slack showed nothing, beside what it did show. */
  function unreadBeside(those: { readonly fromMs: number; readonly toMs: number }): Page["unread"] {
    const fromMs = position.head === "last" ? Math.max(those.toMs, position.startMs) : position.startMs;
    const toMs = position.head === "first" ? Math.min(those.fromMs, openedMs) : openedMs;
    return fromMs < toMs ? { fromMs, toMs, reason: "page_ceiling" } : undefined;
  }

  /** Nothing more to deliver: only the position moves. */
  function present(): Page {
    position = { ...position, reachedMs: openedMs };
    return bookmark(position);
  }
}

/** Without `paging`, a page that is full may have another behind it. */
function lastPage({ pages }: Paging, entries: number, count: number, number: number): number {
  return pages ?? (entries >= count ? number + 1 : number);
}

function secondsOf({ timeMicros }: Identified): number {
  return timeMicros === undefined ? Number.NaN : Math.floor(timeMicros / 1_000_000);
}

function toIdentity({ key, version }: Identified, mark: number): Identity {
  return { key, version, mark };
}
