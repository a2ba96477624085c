import { within, without, type Hole } from "../coverage/hole.ts";
import { subtract, union, type Interval, type Intervals } from "../coverage/interval.ts";
import { fill, type Coverage } from "../coverage/coverage.ts";
import { StateError, type StoredStream } from "../model.ts";

/** A stretch under way, or broken off. `serial` names the place of its position: no two of a stream share one. */
export interface Stretch extends Interval {
  readonly serial: number;
}

/** What a stream's backfills have done. */
export interface BackfillDocument {
  readonly v: 1;
  /** Times that were read to the end and delivered, but for the holes. */
  readonly covered: Intervals;
  readonly holes: readonly Hole[];
  /** The highest so far. */
  readonly serial: number;
  readonly stretch?: Stretch;
}

/** How far a stretch has come. It is stored beside the stretch's position. */
export interface StretchReport {
  readonly v: 1;
  readonly records: number;
  readonly calls: number;
  readonly holes: readonly Hole[];
  /** The times of the entries met so far that lie in the stretch, epoch milliseconds. */
  readonly oldestMs?: number;
  readonly newestMs?: number;
  /** An entry older than the stretch was met: Slack still keeps that time. */
  readonly older?: true;
}

export interface Backfill {
  readonly document: BackfillDocument;
  /** Of the stretch under way. */
  readonly progress: StretchReport | undefined;
}

const NOTHING: BackfillDocument = { v: 1, covered: [], holes: [], serial: 0 };
const BEGUN: StretchReport = { v: 1, records: 0, calls: 0, holes: [] };

/** Throws a `StateError` for what a later version wrote. */
export function parseBackfill(report: unknown, stream: string): BackfillDocument {
  return isWritten(report, stream) ? (report as BackfillDocument) : NOTHING;
}

/** Throws a `StateError` for what a later version wrote. */
export function parseStretch(report: unknown, stream: string): StretchReport {
  return isWritten(report, stream) ? (report as StretchReport) : BEGUN;
}

function isWritten(report: unknown, stream: string): boolean {
  if (report === undefined || report === null) return false;
  if ((report as { readonly v?: unknown }).v === 1) return true;
  throw new StateError(
    `The backfills of ${stream} were written by a newer version of this program. They were left as they are. Run that version, or a newer one.`,
  );
}

/** What they are stored under. No stream's name holds a space: none is taken for it, where they share one state. */
const PREFIX = "backfill ";

export function backfillKey(stream: string): string {
  return PREFIX + stream;
}

/** Where a stretch has its position and its identities. */
export function stretchKey(stream: string, { serial }: Pick<Stretch, "serial">): string {
  return `${PREFIX}${stream} ${serial}`;
}

/** Whether it is a stream's own state, and not that of its backfills. */
export function isStream({ name }: StoredStream): boolean {
  return !name.includes(" ");
}

/** What the state of backfills holds, by stream. */
export function backfillsOf(stored: readonly StoredStream[] = []): ReadonlyMap<string, Backfill> {
  const reports = new Map(stored.map(({ name, report }) => [name, report]));
  const streams = stored.flatMap(({ name }) => /^backfill (\S+)$/.exec(name)?.[1] ?? []);
  return new Map(
    streams.map((name) => {
      const report = reports.get(backfillKey(name));
      const document = parseBackfill(report, name);
      const { stretch } = document;
      const progress = stretch === undefined ? undefined : parseStretch(reports.get(stretchKey(name, stretch)), name);
      return [name, { document, progress }];
    }),
  );
}

/** The coverage with what backfills have delivered, and with their better reason where they could not. */
export function afterBackfills(coverage: Coverage, { covered, holes }: BackfillDocument): Coverage {
  const filled = fill(coverage, subtract(covered, union(holes)));
  const found = holes.flatMap((hole) => within([hole], union(filled.holes)));
  return found.length === 0
    ? filled
    : { ...filled, holes: [...without(filled.holes, union(found)), ...found].toSorted(byTime) };
}

/** The stretch was read to its end. What was refused at these times before, and not again, is delivered. */
export function finished(document: BackfillDocument, time: Interval, holes: readonly Hole[]): BackfillDocument {
  const { stretch: _, ...rest } = document;
  return {
    ...rest,
    covered: union(rest.covered, [time]),
    holes: [...without(rest.holes, [time]), ...holes].toSorted(byTime),
  };
}

function byTime(a: Hole, b: Hole): number {
  return a.fromMs - b.fromMs;
}
