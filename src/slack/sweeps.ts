import type { Ending, Halt, Identity, LogRecord, Lookup, Page } from "../model.ts";
import type { Identified } from "../mapping/identity.ts";
import { countDelta } from "./count-delta.ts";
import { walkListing, type ListingPage } from "./listing.ts";
import { createOrder, type Order } from "./order.ts";
import { bookmark, forgottenBelow, sift, type Sifted, type WalkContext } from "./source.ts";

/** Times are milliseconds of Slack's clock. */
interface SweepPosition {
  readonly v: 1;
  /** Rows last used before it are remembered and not sent. */
  readonly startMs: number;
  /** The deep sweep that was begun last; the mark of every identity it has met. */
  readonly sweep: number;
  /** When the last complete deep sweep was begun. */
  readonly deepMs?: number;
  /** When the last complete hot sweep was begun: the next one reaches the look-back behind it. */
  readonly hotMs?: number;
  /** A deep sweep under way. The cursor may have expired by the time it is used; then the sweep begins again. */
  readonly deep?: { readonly openedMs: number; readonly cursor?: string };
}

export function reachedBySweeps(position: unknown): number | undefined {
  return (position as SweepPosition | undefined)?.hotMs;
}

type Walk<T> = AsyncGenerator<Page, T | Halt, void>;

/**
 * Sweeps over `team.accessLogs`, whose rows are rewritten far from the head. Hot: the head, every poll, down to the
 * look-back behind the sweep before. Deep: every row of the listing, now and then; no old row ends it. Rows are judged
 * by their stored versions alone, never by the clock, and `before` is not used: which column it compares is not known.
 */
export async function* walkSweeps(
  context: WalkContext,
  from: unknown,
  known: Lookup,
  signal: AbortSignal,
): AsyncGenerator<Page, Ending, void> {
  const { client, clock } = context;
  let position: SweepPosition = (from as SweepPosition | undefined) ?? {
    v: 1,
    startMs: context.startMs(client.now()),
    sweep: 0,
  };
  if (from === undefined) yield bookmark(position);
  const sweeping = createSweeping(context, known, signal);

  async function* hot(): Walk<number> {
    const openedMs = client.now();
    const end = yield* sweeping.sweep({
      position: () => position,
      until: (position.hotMs ?? position.deep?.openedMs ?? openedMs) - context.lookBackMs,
      ahead: false,
      advance: (page) => {
        if (page.last || page.stopped) position = { ...position, hotMs: openedMs };
      },
    });
    return end;
  }

  async function* deep(again: boolean): Walk<number> {
    const begun = position.deep ?? { openedMs: client.now() };
    // Two sweeps of one poll count as one.
    const sweep = position.deep === undefined && !again ? position.sweep + 1 : position.sweep;
    position = { ...position, sweep, deep: begun };
    let hotAt = clock.monotonic();
    const walk = sweeping.sweep({
      position: () => position,
      ...(begun.cursor === undefined ? {} : { cursor: begun.cursor }),
      ahead: true,
      advance: (page) => {
        const { deep: _, ...rest } = position;
        position = page.last
          ? { ...rest, deepMs: begun.openedMs, hotMs: Math.max(rest.hotMs ?? 0, begun.openedMs) }
          : { ...rest, deep: { openedMs: begun.openedMs, ...cursorOf(page) } };
      },
    });
    let step = await walk.next();
    try {
      for (; step.done !== true; step = await walk.next()) {
        yield step.value;
        // A long deep sweep must not hold up what happens now.
        if (position.deep === undefined || clock.monotonic() - hotAt < context.intervalMs) continue;
        const end = yield* hot();
        if (typeof end !== "number") return end;
        hotAt = clock.monotonic();
      }
    } finally {
      await walk.return(0);
    }
    return step.value;
  }

  const resumed = position.deep !== undefined && position.hotMs !== undefined;
  if (resumed || !isDeepDue(position, context)) {
    const end = yield* hot();
    if (typeof end !== "number") return end;
  }
  // Rows that move while a long listing is read can slip from one page to another: what the head shows afterwards
  // tells, and one more sweep finds them.
  for (let sweeps = 0; sweeps < 2 && (sweeps > 0 || isDeepDue(position, context)); sweeps++) {
    const fromHead = position.deep === undefined;
    const pages = yield* deep(sweeps > 0);
    if (typeof pages !== "number") return pages;
    if (pages === 1 && fromHead) break;
    const before = sweeping.fresh();
    const end = yield* hot();
    if (typeof end !== "number") return end;
    if (sweeping.fresh() === before) break;
  }
  return { kind: "present" };
}

function isDeepDue({ deep, deepMs }: SweepPosition, { client, deepSweepMs }: WalkContext): boolean {
  return deep !== undefined || deepMs === undefined || client.now() - deepMs >= deepSweepMs;
}

function cursorOf({ nextCursor }: ListingPage): { cursor?: string } {
  return nextCursor === undefined ? {} : { cursor: nextCursor };
}

interface SweepOptions {
  readonly position: () => SweepPosition;
  readonly cursor?: string;
  /** Stop at a page without news that reaches before this time. Absent: only at the listing's end. Milliseconds. */
  readonly until?: number;
  readonly ahead: boolean;
  /** Moves the position on, before the page is yielded with it. */
  readonly advance: (page: ListingPage & { readonly stopped: boolean }) => void;
}

/** Walks the listing once and yields what is new; returns how many pages there were. */
function createSweeping(context: WalkContext, known: Lookup, signal: AbortSignal) {
  let fresh = 0;

  async function* sweep({ position, cursor, until, ahead, advance }: SweepOptions): Walk<number> {
    const deep = until === undefined;
    const columns = { first: createOrder(), last: createOrder() };
    const walk = walkListing(
      {
        ...context,
        params: () => ({ team_id: context.stream.teamId }),
        ahead,
        priority: deep ? "deep" : "live",
        ...(cursor === undefined ? {} : { cursor }),
      },
      signal,
    );
    let pages = 0;
    let step = await walk.next();
    try {
      for (; step.done !== true; step = await walk.next()) {
        const page = step.value;
        pages += 1;
        const entries = context.identify(page.entries);
        if (page.restarted) for (const column of Object.values(columns)) column.breakOff();
        for (const entry of entries) {
          columns.first.observe(entry.firstSeconds ?? Number.NaN);
          columns.last.observe(entry.lastSeconds ?? Number.NaN);
        }
        const sifted = await sift(entries, known);
        fresh += sifted.fresh.length;
        const stopped = until !== undefined && sifted.fresh.length === 0 && reaches(columns, until / 1000);
        advance({ ...page, stopped });
        const now = position();
        yield {
          ...split(context, sifted, now, page.arrivedMs, deep),
          position: now,
          entries: page.entries.length,
          ...(deep && page.last ? { forgetBelow: forgottenBelow(now.sweep) } : {}),
        };
        if (stopped) return pages;
      }
    } finally {
      await walk.return({ kind: "end" });
    }
    return step.value.kind === "halted" ? step.value : pages;
  }

  return { sweep, fresh: () => fresh };
}

/** Whether all rows below are older than `seconds`. Not, when neither column of times says how the listing is sorted. */
function reaches({ first, last }: { first: Order; last: Order }, seconds: number): boolean {
  if (last.neverRises) return last.smallest < seconds;
  return first.neverRises && first.smallest < seconds;
}

function split(
  { toRecord, isOwnAccess = () => false }: WalkContext,
  sifted: Sifted,
  { startMs, sweep }: SweepPosition,
  observedMs: number,
  deep: boolean,
): { records: LogRecord[]; remember: Identity[]; skipped: number } {
  const startSeconds = startMs / 1000;
  const shown = new Set([...sifted.known, ...sifted.fresh.map(({ entry }) => entry)].map(({ version }) => version));
  const records: LogRecord[] = [];
  const remember: Identity[] = [];
  let skipped = 0;
  for (const { entry, versions } of sifted.fresh) {
    if (isOwnAccess(entry.entry)) {
      skipped += 1;
      remember.push(toIdentity(entry, sweep));
    } else if (entry.lastSeconds !== undefined && entry.lastSeconds < startSeconds)
      remember.push(toIdentity(entry, sweep));
    else {
      const delta = countDelta(entry, versions, shown, startSeconds);
      records.push(toRecord(entry, { observedMs, mark: sweep, ...(delta === undefined ? {} : { countDelta: delta }) }));
    }
  }
  if (deep) for (const entry of sifted.known) remember.push(toIdentity(entry, sweep));
  return { records, remember, skipped };
}

function toIdentity({ key, version, count, lastSeconds }: Identified, mark: number): Identity {
  return {
    key,
    version,
    mark,
    ...(count === undefined ? {} : { count }),
    ...(lastSeconds === undefined ? {} : { lastSeconds }),
  };
}
