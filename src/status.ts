import { afterBackfills, backfillsOf, isStream, type Backfill } from "./backfill/document.ts";
import { backfillState } from "./backfill/place.ts";
import type { Configuration } from "./config/schema.ts";
import { judge, type Coverage, type Verdict } from "./coverage/coverage.ts";
import { parseDocument, type StreamDocument } from "./coverage/document.ts";
import type { Interval } from "./coverage/interval.ts";
import { SOURCE_NAMES, type StoredStream } from "./model.ts";
import { sourceDefinitions } from "./slack/sources/index.ts";
import { describeState, inspectState } from "./state/index.ts";

/** How one stream stands, from the state alone. Times are epoch milliseconds. */
export interface Standing {
  readonly stream: string;
  /** Up to when everything but the holes is delivered; unknown before the first complete walk. */
  readonly reachedMs: number | undefined;
  /** What backfills have delivered is in it. `undefined`: an earlier version wrote the state, and kept no record. */
  readonly coverage: Coverage | undefined;
  readonly document: StreamDocument | undefined;
  readonly position: unknown;
  readonly identities: number;
  /** A backfill that is under way, or was broken off. */
  readonly backfill?: Backfill;
  /** Whether anything of the time asked for is missing. */
  readonly verdict?: Verdict;
}

export interface Status {
  readonly path: string;
  readonly atMs: number;
  /** There may be no state yet. */
  readonly exists: boolean;
  readonly asked?: Interval;
  readonly streams: readonly Standing[];
}

/**
 * How every stream stands: read from the state, beside a running `run` or without one. Nothing is asked of Slack or the
 * destination. Rejects with a `StateError` where the state cannot be read or trusted.
 */
export async function status(
  { state, sources }: Configuration,
  atMs: number,
  asked: Interval | undefined,
): Promise<Status> {
  const path = describeState(state);
  const stored = await inspectState(state);
  const backfills = backfillsOf(await inspectState(backfillState(state)));

  function standing({ name, position, report, identities }: StoredStream): Standing {
    const document = parseDocument(report, name);
    const source = SOURCE_NAMES.find((source) => name.startsWith(`${source}/`));
    const lookBackMs = source === undefined ? undefined : sources[source]?.look_back;
    const reachedMs = source === undefined ? undefined : sourceDefinitions[source].reachedMs(position, lookBackMs ?? 0);
    const backfill = backfills.get(name);
    const coverage =
      backfill === undefined || document?.coverage === undefined
        ? document?.coverage
        : afterBackfills(document.coverage, backfill.document);
    return {
      stream: name,
      reachedMs: reachedMs !== undefined && Number.isFinite(reachedMs) ? reachedMs : undefined,
      coverage,
      document,
      position,
      identities,
      ...(backfill?.document.stretch === undefined ? {} : { backfill }),
      ...(asked === undefined || coverage === undefined ? {} : { verdict: judge(coverage, asked, atMs) }),
    };
  }

  const streams = (stored ?? [])
    .filter(isStream)
    .map(standing)
    .toSorted((a, b) => order(a.stream) - order(b.stream));
  return { path, atMs, exists: stored !== undefined, streams, ...(asked === undefined ? {} : { asked }) };
}

/** As the sources are in the configuration. */
function order(stream: string): number {
  return SOURCE_NAMES.findIndex((source) => stream.startsWith(`${source}/`));
}
