import { addPartial, addRefused, addUnread, beginCoverage, told } from "../coverage/coverage.ts";
import type { Interval } from "../coverage/interval.ts";
import type { LogRecord } from "../model.ts";
import type { Tracker } from "../pipeline/tracker.ts";
import type { StretchReport } from "./document.ts";

export interface StretchTracker extends Tracker {
  readonly progress: StretchReport;
  called(): void;
  /** An entry older than the stretch was met. */
  metOlder(): void;
  /** Entries of the stretch that a page showed, sent before or not. Epoch milliseconds. */
  met(timesMs: readonly number[]): void;
}

/** Counts what a stretch has brought, beside its position, so that it goes on counting after a break. */
export function createStretchTracker(before: StretchReport): StretchTracker {
  let progress = before;
  let stored = before;
  // Holes are kept as those of a stream are: few, and none forgotten.
  let coverage = { ...beginCoverage(0, 0, "start"), holes: before.holes };

  function update(changes: Partial<StretchReport>): void {
    progress = { ...progress, ...changes };
  }

  function missed(change: (holes: typeof coverage) => typeof coverage): void {
    coverage = { ...coverage, ...told(change(coverage)) };
    update({ holes: coverage.holes });
  }

  return {
    get progress() {
      return progress;
    },
    called: () => update({ calls: progress.calls + 1 }),
    metOlder() {
      if (progress.older === undefined) update({ older: true });
    },
    met(timesMs) {
      for (const ms of timesMs) {
        if (ms < (progress.oldestMs ?? Number.POSITIVE_INFINITY)) update({ oldestMs: ms });
        if (ms > (progress.newestMs ?? Number.NEGATIVE_INFINITY)) update({ newestMs: ms });
      }
    },
    begun() {},
    settled({ outcome, records, rejected }) {
      if (outcome === "accepted") update({ records: progress.records + records.length });
      if (outcome === "accepted" && rejected === 0) return;
      const times = records.map(timeMsOf).filter((ms) => ms !== undefined);
      if (times.length === 0) return;
      const time: Interval = { fromMs: Math.min(...times), toMs: Math.max(...times) + 1 };
      missed((holes) => (outcome === "accepted" ? addPartial(holes, time, rejected, 0) : addRefused(holes, times, 0)));
    },
    page({ unread }) {
      if (unread !== undefined) missed((holes) => addUnread(holes, unread, unread.reason, 0));
    },
    ended() {},
    report() {
      if (progress === stored) return {};
      stored = progress;
      return { report: progress };
    },
    isDue: () => false,
    // What a backfill could not deliver was missing before, and is told already.
    untold: () => [],
    told() {},
  };
}

/** `undefined`: the entry has no usable time. */
export function timeMsOf({ log: { hrTime } }: LogRecord): number | undefined {
  return hrTime[0] === 0 ? undefined : hrTime[0] * 1000 + Math.floor(hrTime[1] / 1e6);
}
