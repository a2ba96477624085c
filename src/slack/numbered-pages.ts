import { backoffMs } from "../backoff.ts";
import type { Ending, Halt, Identity, LogRecord, Lookup, Page } from "../model.ts";
import type { Identified } from "../mapping/identity.ts";
import { createOrder } from "./order.ts";
import { pagingOf, type Paging } from "./paging.ts";
import { bookmark, sift, type WalkContext } from "./source.ts";

/** Slack shows no page beyond this one. */
const MAX_PAGES = 100;
const LARGEST_PAGE = 1000;
/** Passes over a listing that keeps changing, before it is left to the next poll. */
const MAX_PASSES = 3;

/** Where new entries enter. `mixed`: anywhere, so that every poll reads all pages. */
type Head = "first" | "last" | "mixed";

interface PagesPosition {
  readonly v: 1;
  /** Entries dated before it are not owed. Epoch milliseconds. */
  readonly startMs: number;
  /** The number of the deep sweep begun last: the mark of every identity it has met. */
  readonly sweep: number;
  /** When the last complete deep sweep was begun, by Slack's clock. */
  readonly deepMs?: number;
  /** When the last complete poll was begun, by Slack's clock. */
  readonly reachedMs?: number;
  readonly head?: Head;
  /** What `paging` said last, when everything it counted had been read. */
  readonly paging?: Paging;
  /** A deep sweep under way has delivered this many pages. */
  readonly deep?: { readonly openedMs: number; readonly page: number };
}

export function reachedByPages(position: unknown): number | undefined {
  return (position as PagesPosition | undefined)?.reachedMs;
}

/**
 * Walks `team.integrationLogs`, which has pages only, no time filter, and no documented order. A deep sweep reads every
 * page and learns from the dates where the head is; a poll between reads from the head while there is news. Inserts and
 * removals move entries over page edges: whenever `paging.total` and what was read disagree, all pages are read again.
 */
export async function* walkNumberedPages(
  context: WalkContext,
  from: unknown,
  known: Lookup,
  signal: AbortSignal,
): AsyncGenerator<Page, Ending, void> {
  const { client, clock, random, log, deepSweepMs } = context;
  let position: PagesPosition = (from as PagesPosition | undefined) ?? {
    v: 1,
    startMs: context.startMs(client.now()),
    sweep: 0,
  };
  const openedMs = client.now();
  if (from === undefined) yield bookmark(position);
  // Slack counts pages, not entries: larger ones reach further back.
  let largest = LARGEST_PAGE;
  let count = (position.paging?.total ?? 0) > context.pageSize * MAX_PAGES ? largest : context.pageSize;

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
    for (let restarts = 1; ; restarts++) {
      const params = { page: String(number), count: String(count), team_id: context.stream.teamId };
      const answer = await client.call(context.endpoint, params, signal);
      if (answer.kind === "halted") return answer;
      if (answer.kind !== "ok") {
        if (answer.kind === "restart" && restarts > MAX_PAGES) return stuck(answer.code);
        if (answer.kind === "too_large" && count === 1) return stuck(answer.code);
        if (answer.kind === "too_large") largest = count = Math.ceil(count / 2);
        await clock.sleep(backoffMs(restarts, random), signal);
        continue;
      }
      const paging = pagingOf(answer);
      const entries = context.identify(answer.entries);
      for (const { uid } of entries) seen?.add(uid);
      const owed = entries.filter(
        ({ timeMicros }) => !(timeMicros !== undefined && timeMicros < position.startMs * 1000),
      );
      const sifted = await sift(owed, known);
      const news = sifted.fresh.length;
      position = settle();
      const { sweep } = position;
      const records = sifted.fresh.map(({ entry }): LogRecord =>
        context.toRecord(entry, { observedMs: answer.arrivedMs, mark: sweep }),
      );
      const remember = deep ? sifted.known.map((entry) => toIdentity(entry, sweep)) : [];
      const page: Page = { records, remember, position, entries: answer.entries.length };
      return { entries, paging, news, page };
    }
  }

  /** From the head while there is news. Returns how much there was, and what `paging` says now. */
  async function* hot(seen?: Set<string>): AsyncGenerator<Page, { news: number; paging: Paging } | Halt, void> {
    let news = 0;
    let paging: Paging = {};
    const rising = position.head === "last";
    for (let number = rising ? lastKnownPage() : 1; ; number++) {
      const before = position;
      const result = await read(number, false, () => before, seen);
      if ("kind" in result) return result;
      news += result.news;
      paging = result.paging;
      yield result.page;
      const last = Math.min(MAX_PAGES, lastPage(result.paging, result.entries.length, count, number));
      if (number >= last || (!rising && result.news === 0)) return { news, paging };
    }
  }

  function lastKnownPage(): number {
    const { total, pages = 1 } = position.paging ?? {};
    return Math.max(1, Math.min(MAX_PAGES, total === undefined ? pages : Math.ceil(total / count)));
  }

  /** All pages. Returns whether it began with the first one and none was missed because an entry left. */
  async function* deep(seen: Set<string>, again: boolean): AsyncGenerator<Page, boolean | Halt, void> {
    const begun = position.deep ?? { openedMs: client.now(), page: 0 };
    const resumed = begun.page > 1;
    // Further passes of one poll are one sweep: an entry has to be missed by two polls before it is forgotten.
    if (position.deep === undefined && !again) position = { ...position, sweep: position.sweep + 1 };
    const order = createOrder();
    let size = count;
    let removed = false;
    let total: number | undefined;
    // A sweep that was broken off reads its last page again: entries may have moved over the edge meanwhile.
    for (let number = Math.max(1, begun.page), last = number; number <= last; number++) {
      const result = await read(
        number,
        true,
        () => ({ ...position, deep: { openedMs: begun.openedMs, page: number } }),
        seen,
      );
      if ("kind" in result) return result;
      const { entries, paging } = result;
      if (paging.total !== undefined && total !== undefined && paging.total < total) removed = true;
      total = paging.total ?? total;
      if (count !== size) order.breakOff();
      size = count;
      for (const entry of entries) order.observe(secondsOf(entry));
      last = lastPage(paging, entries.length, count, number);
      if (last > MAX_PAGES && count < largest) {
        count = largest;
        number = 0;
        last = 1;
        yield result.page;
        continue;
      }
      if (last > MAX_PAGES) {
        if (number === 1) log("warn", "slack_pages_beyond_reach", { method: context.endpoint.method, pages: last });
        last = MAX_PAGES;
      }
      if (number < last) yield result.page;
      else {
        const { deep: _, ...rest } = position;
        const head: Head = order.neverRises ? "first" : order.neverFalls ? "last" : "mixed";
        // A sweep that was resumed has seen a part of the order only, and is no complete one.
        position = resumed
          ? { ...rest, head: rest.head ?? head, paging }
          : { ...rest, head, paging, deepMs: begun.openedMs };
        yield { ...result.page, position, forgetBelow: position.sweep - 1 };
      }
    }
    return !resumed && !removed;
  }

  const due =
    position.deep !== undefined ||
    position.deepMs === undefined ||
    position.head === "mixed" ||
    client.now() - position.deepMs >= deepSweepMs;
  if (!due) {
    const { paging: before } = position;
    const result = yield* hot();
    if ("kind" in result) return result;
    const expected = before?.total === undefined ? undefined : before.total + result.news;
    if (expected === undefined || result.paging.total === undefined || expected === result.paging.total) {
      yield present(result.paging);
      return { kind: "present" };
    }
  }
  const seen = new Set<string>();
  const isMissing = ({ total }: Paging) => total !== undefined && seen.size < total;
  for (let pass = 1; pass <= MAX_PASSES; pass++) {
    const steady = yield* deep(seen, pass > 1);
    if (typeof steady !== "boolean") return steady;
    let paging = position.paging ?? {};
    if (!steady || isMissing(paging)) {
      // What came in at the head during the sweep accounts for most differences.
      const result = yield* hot(seen);
      if ("kind" in result) return result;
      paging = result.paging;
    }
    if (pass === MAX_PASSES || (steady && !isMissing(paging))) {
      yield present(paging);
      break;
    }
    // What has left would count for what was missed.
    if (!steady) seen.clear();
  }
  return { kind: "present" };

  /** Nothing more to deliver: only the position moves. */
  function present(paging: Paging | undefined): Page {
    position = { ...position, reachedMs: openedMs, ...(paging === undefined ? {} : { paging }) };
    return bookmark(position);
  }

  function stuck(code: string): Halt {
    const message = `${context.endpoint.method} cannot be read (${code}); it is tried again later, from where it stands`;
    return { kind: "halted", scope: "stream", reason: "stuck", code, message };
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
