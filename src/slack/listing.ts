import { backoffMs } from "../backoff.ts";
import type { Clock, Halt, Log } from "../model.ts";
import type { Page } from "./answer.ts";
import type { Endpoint, SlackClient } from "./client.ts";
import type { Priority } from "./pace.ts";

/** So many empty pages in a row, each with a cursor, are no listing any more. */
const MAX_EMPTY_PAGES = 50;
const MAX_RESTARTS_WITHOUT_PROGRESS = 10;
/** What a method may answer to a page size it does not like. */
const PAGE_SIZE_ERRORS = new Set(["invalid_limit", "invalid_args", "invalid_arguments"]);
const SMALL_PAGE = 100;

export interface ListingPage extends Page {
  /** Whether the listing ends with this page. */
  readonly last: boolean;
  /** The first page of a walk that began again: its place in the order says nothing about the page before. */
  readonly restarted: boolean;
}

export interface ListingOptions {
  readonly client: SlackClient;
  readonly endpoint: Endpoint;
  /**
   * Everything but cursor and limit, told when a walk begins and sent with every call of it: cursors forget bounds.
   * Bounds that moved on meanwhile take effect when the walk has to begin again.
   */
  readonly params: () => Readonly<Record<string, string | undefined>>;
  readonly pageSize: number;
  /** Go on from here, if Slack still takes it. */
  readonly cursor?: string;
  /** Ask for the next page while this one is delivered. Not for a walk that usually ends before the listing does. */
  readonly ahead: boolean;
  /** How urgent the pages after the first are: that one is a poll like any other. Default: live. */
  readonly priority?: Priority;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Walks a cursor listing to its end. A cursor that is refused, repeated or unreadable is dropped and the walk begins
 * again from the bounds as they are then: no cursor is ever the only position, and none of these is the end.
 */
export async function* walkListing(
  options: ListingOptions,
  signal: AbortSignal,
): AsyncGenerator<ListingPage, { readonly kind: "end" } | Halt, void> {
  const { clock, random, log, endpoint } = options;
  let pageSize = options.pageSize;
  let cursor = options.cursor;
  let restarted = false;
  let restarts = 0;
  let furthest = 0;
  let bounds = boundsOf(options);
  for (;;) {
    let pages = 0;
    const walk = followCursors(options, pageSize, cursor, signal);
    let end = await walk.next();
    try {
      for (; end.done !== true; end = await walk.next()) {
        pages += 1;
        yield { ...end.value, restarted };
        restarted = false;
      }
    } finally {
      await walk.return({ kind: "end" });
    }
    const stop = end.value;
    if (stop.kind === "end") return stop;
    cursor = undefined;
    restarted = true;
    if (stop.kind === "halted") {
      if (!PAGE_SIZE_ERRORS.has(stop.code) || pageSize <= SMALL_PAGE) return stop;
      pageSize = SMALL_PAGE;
      continue;
    }
    if (stop.kind === "too_large") {
      if (pageSize === 1) return stuck(endpoint, stop.code);
      pageSize = Math.ceil(pageSize / 2);
      continue;
    }
    const now = boundsOf(options);
    restarts = now !== bounds || pages > furthest ? 1 : restarts + 1;
    bounds = now;
    furthest = Math.max(furthest, pages);
    if (restarts > MAX_RESTARTS_WITHOUT_PROGRESS) return stuck(endpoint, stop.code);
    log("warn", "slack_walk_restarted", { method: endpoint.method, error: stop.code });
    await clock.sleep(backoffMs(restarts, random), signal);
  }
}

type Stop = { readonly kind: "end" } | { readonly kind: "restart" | "too_large"; readonly code: string } | Halt;

async function* followCursors(
  { client, endpoint, params, ahead, priority = "live" }: ListingOptions,
  pageSize: number,
  from: string | undefined,
  outer: AbortSignal,
): AsyncGenerator<Omit<ListingPage, "restarted">, Stop, void> {
  const mine = new AbortController();
  const signal = AbortSignal.any([outer, mine.signal]);
  const seen = new Set<string>();
  let empty = 0;
  const bounds = params();
  const ask = (cursor: string | undefined) =>
    client.call(
      endpoint,
      { ...bounds, limit: String(pageSize), cursor },
      signal,
      cursor === undefined ? {} : { priority },
    );
  let pending: ReturnType<typeof ask> | undefined;
  try {
    for (let cursor = from; ;) {
      const answer = await (pending ?? ask(cursor));
      pending = undefined;
      if (answer.kind !== "ok") return answer;
      const next = answer.nextCursor;
      empty = answer.entries.length === 0 ? empty + 1 : 0;
      const broken = next === undefined ? undefined : brokenCursor(next, cursor, seen, empty);
      if (next !== undefined && broken === undefined && ahead) {
        pending = ask(next);
        pending.catch(() => undefined);
      }
      yield { ...answer, last: next === undefined };
      if (next === undefined) return { kind: "end" };
      if (broken !== undefined) return { kind: "restart", code: broken };
      seen.add(next);
      cursor = next;
    }
  } finally {
    if (pending !== undefined) {
      mine.abort(new Error("the walk has ended"));
      await pending.catch(() => undefined);
    }
  }
}

function brokenCursor(next: string, current: string | undefined, seen: ReadonlySet<string>, empty: number) {
  if (next === current || seen.has(next)) return "repeated_cursor";
  return empty > MAX_EMPTY_PAGES ? "empty_pages_without_end" : undefined;
}

function boundsOf({ params }: ListingOptions): string {
  return JSON.stringify(params());
}

function stuck({ method }: Endpoint, code: string): Halt {
  const message = `${method} cannot be read to its end: walking again got no further (${code}); it is tried again later, from where it stands`;
  return { kind: "halted", scope: "stream", reason: "stuck", code, message };
}
