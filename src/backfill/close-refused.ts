import { parseDocument } from "../coverage/document.ts";
import type { Hole } from "../coverage/hole.ts";
import { StateError, type Clock, type Log, type StoredStream } from "../model.ts";
import { inspectState, openState, type StateChoice } from "../state/index.ts";
import { afterBackfills, backfillKey, backfillsOf, finished, parseBackfill } from "./document.ts";
import { backfillState } from "./place.ts";

export interface CloseRefusedOptions {
  readonly state: StateChoice;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Closes the holes of records that the destination refused and now took: those of which as many were taken as are
 * missing. `taken`: entry times by stream, epoch milliseconds. A hole of which some are missing still stays as it is,
 * and what cannot be stored is told: `backfill --holes` finds it.
 */
export async function closeRefused(
  taken: ReadonlyMap<string, readonly number[]>,
  { state, clock, log }: CloseRefusedOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    const stored = (await inspectState(state)) ?? [];
    const place = backfillState(state);
    const backfills = backfillsOf(await inspectState(place));
    const closed = stored.flatMap((stream) => {
      const times = taken.get(stream.name) ?? [];
      const holes = refusedOf(stream, backfills).filter((hole) => isComplete(hole, times));
      return holes.length === 0 ? [] : [{ name: stream.name, holes }];
    });
    if (closed.length === 0) return;
    const store = await openState(place, { clock, log, once: true, signal });
    await using _closing = { [Symbol.asyncDispose]: () => store.close() };
    for (const { name, holes } of closed) {
      await using claim = await store.claim(backfillKey(name), signal);
      let document = parseBackfill(claim.state.report, name);
      for (const hole of holes) document = finished(document, hole, []);
      await claim.state.commit({ remember: [], report: document });
    }
  } catch (error) {
    if (!(error instanceof StateError) && !signal.aborted) throw error;
    const message = "What was sent is no hole any more, but that could not be stored; backfill --holes will find so.";
    log("warn", "holes_not_closed", { error: error instanceof StateError ? error.message : undefined, message });
  }
}

function refusedOf({ name, report }: StoredStream, backfills: ReturnType<typeof backfillsOf>): readonly Hole[] {
  const coverage = parseDocument(report, name)?.coverage;
  if (coverage === undefined) return [];
  const backfill = backfills.get(name);
  const { holes } = backfill === undefined ? coverage : afterBackfills(coverage, backfill.document);
  return holes.filter(({ reason }) => reason === "dead_letters" || reason === "partial");
}

function isComplete({ fromMs, toMs, records = Infinity }: Hole, times: readonly number[]): boolean {
  return times.filter((ms) => ms >= fromMs && ms < toMs).length >= records;
}
