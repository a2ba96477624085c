import type { Ending, Lookup, Page } from "../model.ts";
import { walkListing } from "./listing.ts";
import { createRise } from "./rise.ts";
import { bookmark, sift, undated, type WalkContext } from "./source.ts";

/** Microseconds of Slack's time. `low` 0: from the beginning of the log. */
interface ForwardPosition {
  readonly v: 1;
  /** Everything before it is delivered. Inclusive, and already set back by the look-back. */
  readonly low: number;
  /** When the last complete walk was opened: the look-back is not taken off it. Positions of version 0.1 have none. */
  readonly reached?: number;
  /**
   * A walk that was begun at `opened` and has delivered everything up to `at`. `falls`: what it was shown does not rise,
   * so that it may have to be read from the low bound again, and forgets nothing any more.
   */
  readonly walk?: { readonly opened: number; readonly at: number; readonly falls?: true };
}

export function reachedForward(position: unknown, lookBackMs: number): number | undefined {
  const { low, reached, walk } = (position ?? {}) as Partial<ForwardPosition>;
  if (low === undefined) return undefined;
  if (reached !== undefined) return Math.max(reached, walk?.at ?? 0) / 1000;
  return walk === undefined ? low / 1000 + lookBackMs : Math.max(low, walk.at) / 1000;
}

/**
 * Walks `admin.apps.activities.list` forward in microseconds, trace and debug rows included. Slack's defaults (`info`
 * and newest first) are never relied on. The mark moves when a walk is complete, to `look_back` before the walk was
 * opened: an entry that turned up behind the walk lies after it. A walk that breaks off goes on from the last entry; from
 * where all before was settled, if an entry was out of its place since; and if one was further out of its place, from
 * the low bound, as on any newest-first listing. What lies before the settled part and the look-back is forgotten.
 */
export async function* walkForward(
  context: WalkContext,
  from: unknown,
  known: Lookup,
  signal: AbortSignal,
): AsyncGenerator<Page, Ending, void> {
  const { client, lookBackMs, minLevel, untilMs = Number.POSITIVE_INFINITY } = context;
  let position = (from as ForwardPosition | undefined) ?? firstPosition(context);
  if (from === undefined) yield bookmark(position);
  for (let resumed = position.walk !== undefined; ; resumed = false) {
    const low = position.low;
    const opened = position.walk?.opened ?? Math.floor(Math.min(client.now(), untilMs)) * 1000;
    if (opened < low) return { kind: "present" };
    let at = position.walk?.at ?? low;
    const rise = createRise(at, position.walk?.falls);
    const walk = walkListing(
      {
        ...context,
        ahead: true,
        params: () => ({
          min_date_created: at > 0 ? String(at) : undefined,
          max_date_created: context.untilMs === undefined ? undefined : String(opened),
          min_log_level: minLevel,
          sort_direction: "asc",
        }),
      },
      signal,
    );
    // One from the future is read again until its time has passed the low bound, and known for as long. What was forgotten
    // under a false order has a mark that is dropped by now.
    const markOf = (timeMicros = opened) => (rise.isFalse() ? Math.max(timeMicros, opened) : timeMicros);
    const done: ForwardPosition = {
      v: 1,
      low: Math.max(low, opened - lookBackMs * 1000),
      reached: Math.max(opened, position.reached ?? 0),
    };
    let step = await walk.next();
    try {
      for (; step.done !== true; step = await walk.next()) {
        const page = step.value;
        const entries = context.identify(page.entries);
        const owed = entries.filter(({ timeMicros }) => timeMicros === undefined || timeMicros >= low);
        const sifted = await sift(owed, known);
        if (page.restarted) rise.breakOff();
        rise.observe(entries, (entry) => sifted.fresh.some((fresh) => fresh.entry === entry));
        // Nothing that is dated after Slack's own now moves the mark.
        if (rise.isFalse()) at = low;
        else at = Math.min(rise.reached(), Math.max(at, Math.floor(client.now()) * 1000));
        const now: ForwardPosition = page.last
          ? done
          : { ...position, walk: { opened, at, ...(rise.isFalse() ? { falls: true } : {}) } };
        const settled = rise.settled();
        // What lies before all of these is not read again, so a long backlog leaves little to remember.
        const passed = settled === undefined ? undefined : Math.min(settled, at, done.low);
        const forgetBelow = page.last ? done.low : passed;
        yield {
          records: sifted.fresh.map(({ entry }) =>
            context.toRecord(entry, { observedMs: page.arrivedMs, mark: markOf(entry.timeMicros) }),
          ),
          remember: undated(sifted.known, opened),
          position: now,
          entries: page.entries.length,
          ...(forgetBelow === undefined ? {} : { forgetBelow }),
        };
      }
    } finally {
      await walk.return({ kind: "end" });
    }
    if (step.value.kind === "halted") return step.value;
    if (!resumed) return { kind: "present" };
    position = done;
  }
}

function firstPosition({ startMs, client }: WalkContext): ForwardPosition {
  const start = Math.floor(startMs(client.now())) * 1000;
  return { v: 1, low: start, reached: start };
}
