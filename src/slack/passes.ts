import type { Halt, Identity, LogRecord, Page } from "../model.ts";
import type { Identified } from "../mapping/identity.ts";
import { createOrder, type Order } from "./order.ts";
import { listingOf, withListingOf, type ChangeType, type ListingState, type PagesPosition } from "./pages-position.ts";
import { MAX_PAGES, type NumberedPage, type PageReader } from "./page-reader.ts";
import type { Paging } from "./paging.ts";
import type { WalkContext } from "./source.ts";

export interface PassesOptions {
  readonly context: WalkContext;
  readonly pages: PageReader;
  /** Where the walk stands: each page that is read moves it. */
  readonly at: { position: PagesPosition };
  /** What is read: this kind of change, or the whole log. */
  readonly kind: ChangeType | undefined;
}

/** The ways through one listing. `seen` collects the identities that are met. */
export interface Passes {
  listing(): ListingState;
  setListing(state: ListingState): void;
  /** From the head while there is news, and as far back as late entries may stand. */
  hot(seen?: Set<string>): AsyncGenerator<Page, Hot | Halt, void>;
  /**
   * All pages. It is for the caller to say, once nothing is missing, that everything `paging` counts has been read.
   * `again`: another pass of the same poll.
   */
  deep(seen: Set<string>, again: boolean): AsyncGenerator<Page, Swept | Halt, void>;
}

export interface Hot {
  /** How many entries were new. */
  readonly news: number;
  readonly paging: Paging;
}

export interface Swept {
  /** It began with the first page, and none was missed because an entry left. */
  readonly isSteady: boolean;
  /** None came either. */
  readonly isStill: boolean;
  /** When it was begun, by Slack's clock. */
  readonly openedMs: number;
  readonly paging: Paging;
  /** Of all that Slack shows; nothing when the pass was resumed, and has seen a part of it. */
  readonly order: Order | undefined;
}

interface Read extends NumberedPage {
  readonly page: Page;
}

export function createPasses({ context, pages, at, kind }: PassesOptions): Passes {
  const { client, log, endpoint, lookBackMs } = context;
  /** What `paging` said last. */
  let latest: Paging | undefined;
  const listing = (): ListingState => listingOf(at.position, kind);
  const setListing = (state: ListingState) => void (at.position = withListingOf(at.position, kind, state));

  /** Reads one page, and sets `state` once it is there. */
  async function read(
    number: number,
    { deep, seen }: { readonly deep?: ListingState; readonly seen: Set<string> | undefined },
  ): Promise<Read | Halt> {
    const isDeep = deep !== undefined;
    const result = await pages.read(number, kind, isDeep && number > 1 ? "deep" : "live");
    if ("kind" in result) return result;
    const { entries, paging, sifted, sent, arrivedMs } = result;
    latest = paging;
    for (const { uid } of entries) seen?.add(uid);
    if (isDeep) setListing(deep);
    const { position } = at;
    const records = sifted.fresh.map(({ entry }): LogRecord =>
      context.toRecord(entry, { observedMs: arrivedMs, mark: position.sweep }),
    );
    const remember = isDeep ? sifted.known.map((entry) => toIdentity(entry, position.sweep)) : [];
    return { ...result, page: { records, remember, position, entries: sent } };
  }

  function lastKnownPage(): number {
    const { total, pages: last = 1 } = latest ?? listing().paging ?? {};
    return Math.max(1, Math.min(MAX_PAGES, total === undefined ? last : Math.ceil(total / pages.size)));
  }

  /** Pages one after the other, while `goesOn` says so of the one that was read. */
  async function* readOn(
    from: number,
    step: 1 | -1,
    seen: Set<string> | undefined,
    goesOn: (result: Read, number: number) => boolean,
  ): AsyncGenerator<Page, Hot | Halt, void> {
    let news = 0;
    for (let number = from; number > 0; number += step) {
      const result = await read(number, { seen });
      if ("kind" in result) return result;
      news += result.sifted.fresh.length;
      yield result.page;
      if (!goesOn(result, number)) break;
    }
    return { news, paging: latest ?? {} };
  }

  function isBeforeEnd({ paging, entries }: Read, number: number): boolean {
    return number < Math.min(MAX_PAGES, lastPage(paging, entries.length, pages.size, number));
  }

  /** Whether it shows an entry so old that none can turn up behind it any more. */
  function isSettled({ entries }: Read): boolean {
    const { reachedMs = Infinity } = at.position;
    return reachedMs === Infinity || entries.some((entry) => (secondsOf(entry) + 1) * 1000 <= reachedMs - lookBackMs);
  }

  async function* hot(seen?: Set<string>): AsyncGenerator<Page, Hot | Halt, void> {
    if (listing().head !== "last")
      return yield* readOn(
        1,
        1,
        seen,
        (result, number) => isBeforeEnd(result, number) && !(result.sifted.fresh.length === 0 && isSettled(result)),
      );
    let news = 0;
    // Pages that turn out to be too large are read smaller, and smaller ones have other numbers.
    for (let size = 0; size !== pages.size;) {
      ({ size } = pages);
      const last = lastKnownPage();
      let isBack = false;
      const ahead = yield* readOn(last, 1, seen, (result, number) => {
        if (number === last) isBack = isSettled(result);
        return isBeforeEnd(result, number);
      });
      if ("kind" in ahead) return ahead;
      const behind = yield* readOn(isBack ? 0 : last - 1, -1, seen, (result) => !isSettled(result));
      if ("kind" in behind) return behind;
      news += ahead.news + behind.news;
    }
    return { news, paging: latest ?? {} };
  }

  async function* deep(seen: Set<string>, again: boolean): AsyncGenerator<Page, Swept | Halt, void> {
    const { openedMs, page: from } = listing().deep ?? { openedMs: client.now(), page: 0 };
    const resumed = from > 1;
    // Further passes of one poll are one sweep, and so are those of the kinds of changes in the log.
    if (kind === undefined && listing().deep === undefined && !again)
      at.position = { ...at.position, sweep: at.position.sweep + 1 };
    const order = createOrder();
    let { size } = pages;
    let oldest: string | undefined;
    let removed = false;
    let isStill = true;
    let total: number | undefined;
    // A sweep that was broken off reads its last page again: entries may have moved over the edge meanwhile.
    for (let number = Math.max(1, from); ; number++) {
      const result = await read(number, { deep: { ...listing(), deep: { openedMs, page: number } }, seen });
      if ("kind" in result) return result;
      const { entries, paging } = result;
      if (paging.total !== undefined && total !== undefined && paging.total < total) removed = true;
      if (total !== undefined && paging.total !== total) isStill = false;
      total = paging.total ?? total;
      if (number === 1) oldest = entries[0]?.uid;
      if (pages.size !== size) order.breakOff();
      ({ size } = pages);
      for (const entry of entries) order.observe(secondsOf(entry));
      const last = lastPage(paging, entries.length, size, number);
      if (last > MAX_PAGES && pages.enlarge()) {
        number = 0;
        order.breakOff();
        yield result.page;
        continue;
      }
      if (last > MAX_PAGES && number === 1 && !again)
        log("warn", "slack_pages_beyond_reach", { method: endpoint.method, change_type: kind, pages: last });
      if (number < Math.min(last, MAX_PAGES)) {
        yield result.page;
        continue;
      }
      let { page } = result;
      if (order.neverFalls && !order.neverRises && number > 1 && oldest !== undefined) {
        // Where the oldest left, all others moved over page edges, and no total tells of it if another came in as well.
        yield page;
        const again = await read(1, { seen });
        if ("kind" in again) return again;
        ({ page } = again);
        if (!again.entries.some(({ uid }) => uid === oldest)) removed = true;
      }
      const { deep: _, ...state } = listing();
      const head = order.neverRises ? "first" : order.neverFalls ? "last" : "mixed";
      // A sweep that was resumed has seen a part of the order only.
      setListing({ ...state, head: resumed ? (state.head ?? head) : head });
      yield { ...page, position: at.position };
      return { isSteady: !resumed && !removed, isStill, openedMs, paging, order: resumed ? undefined : order };
    }
  }

  return { listing, setListing, hot, deep };
}

/** Whether a listing has more than Slack shows of it. */
export function isBeyondReach({ total, pages: last = 0 }: Paging, { reach }: PageReader): boolean {
  return total === undefined ? last > MAX_PAGES : total > reach;
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
