import type { Coverage } from "../coverage/coverage.ts";
import type { Interval, Intervals } from "../coverage/interval.ts";
import { momentMs, type Moment } from "../config/moment.ts";
import type { SourceName, Stream, StreamState } from "../model.ts";
import { isOptional } from "../pipeline/follow.ts";
import { needsTeamId, type StreamOutcome } from "../streams.ts";
import { backfillKey, finished, parseBackfill, type BackfillDocument, type Stretch } from "./document.ts";
import { missing, stretchesOf } from "./plan.ts";
import { readStretch, type ReadStretchOptions } from "./read-stretch.ts";

/** What is asked for. */
export interface Wanted {
  readonly from?: Moment;
  readonly to?: Moment;
  /** Only what coverage says is missing. */
  readonly holes: boolean;
  /** None: every source of the configuration. */
  readonly sources: readonly SourceName[];
}

export interface BackfillStreamOptions extends ReadStretchOptions {
  readonly wanted: Wanted;
  /** What the live stream has covered; `undefined` where it has not begun. */
  readonly coverageOf: (stream: string) => Coverage | undefined;
}

/**
 * Reads what is wanted of one stream, stretch by stretch, each from where it was broken off. The live position is
 * neither read nor moved. Rejects only for a `StateError` or a defect.
 */
export async function backfillStream(
  stream: Stream,
  options: BackfillStreamOptions,
  signal: AbortSignal,
): Promise<StreamOutcome> {
  const { store, client, log, configuration } = options;
  const outcome = (result: StreamOutcome["result"]): StreamOutcome => ({
    stream: stream.name,
    result,
    reachedMs: undefined,
    nowMs: client.now(),
  });
  try {
    await using claim = await store.claim(backfillKey(stream.name), signal);
    const { state } = claim;
    let document = parseBackfill(state.report, stream.name);
    const stretches = stretchesOf(wantedTimes(stream, document, options), document);
    if (stretches.length === 0) log("info", "nothing_to_backfill", { stream: stream.name });
    for (const time of stretches) {
      document = await begin(state, document, time);
      const stretch = document.stretch as Stretch;
      const { ending, holes } = await readStretch(stream, stretch, options, signal);
      if (needsTeamId(stream, ending)) return outcome("needs_workspaces");
      if (ending.kind !== "present") {
        const isLeftOut =
          ending.kind === "halted" && isOptional(ending, configuration.sources[stream.source]?.listed ?? true);
        return outcome(isLeftOut ? "left_out" : "failed");
      }
      document = finished(document, stretch, holes);
      await state.commit({ remember: [], report: document });
    }
    return outcome("complete");
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    return outcome("behind");
  }
}

function wantedTimes(stream: Stream, document: BackfillDocument, options: BackfillStreamOptions): Intervals {
  const { wanted, client, coverageOf } = options;
  const nowMs = client.now();
  const fromMs = wanted.from === undefined ? 0 : momentMs(wanted.from, nowMs);
  const toMs = wanted.to === undefined ? nowMs : Math.min(nowMs, momentMs(wanted.to, nowMs));
  if (fromMs >= toMs) return [];
  const time: Interval = { fromMs, toMs };
  if (!wanted.holes) return [time];
  const coverage = coverageOf(stream.name);
  return coverage === undefined ? [] : missing(coverage, document, time, wanted.from !== undefined);
}

/** A stretch that was broken off goes on, another begins. */
async function begin(
  state: StreamState,
  document: BackfillDocument,
  time: Interval | Stretch,
): Promise<BackfillDocument> {
  if ("serial" in time) return document;
  const serial = document.serial + 1;
  const begun: BackfillDocument = { ...document, serial, stretch: { ...time, serial } };
  await state.commit({ remember: [], report: begun });
  return begun;
}
