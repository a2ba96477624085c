import type { Backfill } from "../backfill/document.ts";
import { covered, holesUntil } from "../coverage/coverage.ts";
import { lastHour } from "../coverage/document.ts";
import { isoMs } from "../coverage/hole-record.ts";
import { HOLE_REASONS, type Hole } from "../coverage/hole.ts";
import type { Intervals } from "../coverage/interval.ts";
import type { Standing, Status } from "../status.ts";

/**
 * The status for machines: one JSON document. Keys are added in later versions, and none changes its meaning. Times are
 * RFC 3339; null is what is not known, or a bound that is not there.
 */
export function renderJson({ path, atMs, exists, asked, streams }: Status, version: string): string {
  const document = {
    version,
    at: isoMs(atMs),
    state: { path, exists },
    ...(asked === undefined ? {} : { asked: { from: isoMs(asked.fromMs), to: isoMs(asked.toMs) } }),
    streams: streams.map((standing) => streamOf(standing, atMs)),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function streamOf(standing: Standing, atMs: number) {
  const { stream, reachedMs, coverage, document, position, identities, backfill, verdict } = standing;
  const { trouble, walkedMs, everyMs } = document ?? {};
  return {
    stream,
    source: stream.slice(0, stream.indexOf("/")),
    reached: timeOf(reachedMs),
    settled: coverage === undefined ? null : timeOf(Math.max(0, coverage.reachedMs - coverage.lookBackMs)),
    age_seconds: reachedMs === undefined ? null : Math.max(0, Math.round((atMs - reachedMs) / 1000)),
    records: {
      delivered: document?.delivered ?? null,
      last_hour: document === undefined ? null : lastHour(document, atMs),
      dead_lettered: document?.deadLettered ?? null,
    },
    last_walk: timeOf(walkedMs),
    next_turn: walkedMs === undefined || everyMs === undefined ? null : timeOf(walkedMs + everyMs),
    last_error:
      trouble === undefined
        ? null
        : {
            side: trouble.side,
            error: trouble.error,
            message: trouble.message,
            since: isoMs(trouble.sinceMs),
            over: timeOf(trouble.overMs),
          },
    covered: coverage === undefined ? null : timesOf(covered(coverage)),
    holes: coverage === undefined ? null : holesUntil(coverage, atMs).map((hole) => holeOf(hole, hole.toMs >= atMs)),
    backfill: backfillOf(backfill),
    ...(verdict === undefined
      ? {}
      : {
          verdict: {
            kind: verdict.kind,
            holes: verdict.holes.map((hole) => holeOf(hole, false)),
            ahead: timesOf(verdict.ahead),
          },
        }),
    identities,
    position: position ?? null,
  };
}

/** The stretch that is under way or was broken off. */
function backfillOf(backfill: Backfill | undefined) {
  const { document, progress } = backfill ?? {};
  if (document?.stretch === undefined) return null;
  const { fromMs, toMs } = document.stretch;
  return { from: boundOf(fromMs), to: isoMs(toMs), records: progress?.records ?? 0, calls: progress?.calls ?? 0 };
}

function holeOf({ fromMs, toMs, reason, records }: Hole, isOpen: boolean) {
  return {
    from: boundOf(fromMs),
    to: isOpen ? null : isoMs(toMs),
    reason,
    message: HOLE_REASONS[reason],
    records: records ?? null,
  };
}

function timesOf(times: Intervals) {
  return times.map(({ fromMs, toMs }) => ({ from: boundOf(fromMs), to: isoMs(toMs) }));
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : isoMs(ms);
}

/** From the beginning of Slack's log there is no time. */
function boundOf(ms: number): string | null {
  return ms === 0 ? null : isoMs(ms);
}
