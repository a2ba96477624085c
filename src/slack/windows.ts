import type { Identified } from "../mapping/identity.ts";
import type { Ending, LogRecord, Lookup, Page } from "../model.ts";
import { walkListing } from "./listing.ts";
import { bookmark, sift, undated, type Sifted, type WalkContext } from "./source.ts";

/** Seconds of Slack's time. `low` is undefined where the log is read from its beginning. */
interface WindowPosition {
  readonly v: 1;
  /** Everything before it is delivered. Inclusive, and already set back by the look-back. */
  readonly low?: number;
  /** Where the windows that were drained end: the look-back is not taken off it. Positions of version 0.1 have none. */
  readonly reached?: number;
  /** A window that was begun: read down to `before`, inclusive. */
  readonly window?: { readonly high: number; readonly before: number };
}

export function reachedByWindows(position: unknown, lookBackMs: number): number | undefined {
  const { low, reached, window } = (position ?? {}) as Partial<WindowPosition>;
  if (reached !== undefined) return reached * 1000;
  if (low === undefined) return undefined;
  return window === undefined ? low * 1000 + lookBackMs : low * 1000;
}

/** No Audit Logs API entry is older than March 2018; asking for an earlier bound may be refused. */
const AUDIT_LOGS_BEGIN_SECONDS = 1_519_862_400;

/**
 * Walks the Audit Logs API: closed windows [low, high], newest first inside. Both bounds go with every call, for a
 * cursor forgets them. The mark moves only when a window is drained, and then to `look_back` before the window was
 * opened: what turns up late, but within the look-back, lies in the next window.
 */
export async function* walkWindows(
  context: WalkContext,
  from: unknown,
  known: Lookup,
  signal: AbortSignal,
): AsyncGenerator<Page, Ending, void> {
  const { lookBackMs, untilMs = Number.POSITIVE_INFINITY } = context;
  const lookBackSeconds = Math.ceil(lookBackMs / 1000);
  let position = (from as WindowPosition | undefined) ?? firstPosition(context);
  if (from === undefined) yield bookmark(position);
  for (let resumed = position.window !== undefined; ; resumed = false) {
    const low = position.low;
    // Not after Slack's now: a bound in the future is refused.
    const high = position.window?.high ?? Math.floor(Math.min(context.client.now(), untilMs) / 1000);
    if (high < (low ?? 0)) return { kind: "present" };
    let before = position.window?.before ?? high;
    // Slack shows the newest first. Should an answer rise, nothing but the window's own bounds is relied on.
    let falls = true;
    let lowest = Number.POSITIVE_INFINITY;
    const walk = walkListing(
      {
        ...context,
        ahead: true,
        params: () => ({ oldest: low === undefined ? undefined : String(low), latest: String(before) }),
      },
      signal,
    );
    // The look-back must not reach before the first run's start.
    const done = {
      v: 1,
      low: Math.max(high - lookBackSeconds, low ?? 0),
      reached: Math.max(high, position.reached ?? 0),
    } satisfies WindowPosition;
    let step = await walk.next();
    try {
      for (; step.done !== true; step = await walk.next()) {
        const page = step.value;
        const entries = context.identify(page.entries);
        for (const entry of entries) {
          const seconds = secondsOf(entry);
          if (seconds > lowest) falls = false;
          if (seconds < lowest) lowest = seconds;
        }
        if (!falls) before = high;
        else if (lowest >= (low ?? 0)) before = Math.min(before, lowest);
        const at: WindowPosition = page.last ? done : { ...position, window: { high, before } };
        const owed = entries.filter((entry) => !(secondsOf(entry) < (low ?? 0)));
        const sifted = await sift(owed, known);
        yield {
          records: toRecords(context, sifted, { high, observedMs: page.arrivedMs }),
          remember: undated(sifted.known, high),
          position: at,
          entries: page.entries.length,
          ...(page.last ? { forgetBelow: done.low } : {}),
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

function firstPosition({ startMs, client }: WalkContext): WindowPosition {
  const start = Math.floor(startMs(client.now()) / 1000);
  return start <= AUDIT_LOGS_BEGIN_SECONDS ? { v: 1 } : { v: 1, low: start, reached: start };
}

function toRecords(
  { toRecord }: WalkContext,
  { fresh }: Sifted,
  { high, observedMs }: { high: number; observedMs: number },
): LogRecord[] {
  return fresh.map(({ entry, versions }) => {
    const time = secondsOf(entry);
    // Another content came under this id before: the content decides.
    const taken = versions.length > 0 && entry.alternateUid !== undefined;
    const mark = Number.isNaN(time) ? high : time;
    return toRecord(entry, { observedMs, mark, ...(taken ? { uid: entry.alternateUid } : {}) });
  });
}

/** NaN for an entry without a usable time. */
function secondsOf({ timeMicros }: Identified): number {
  return timeMicros === undefined ? Number.NaN : Math.floor(timeMicros / 1_000_000);
}
