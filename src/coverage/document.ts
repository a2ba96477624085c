import { StateError } from "../model.ts";
import type { Coverage } from "./coverage.ts";

/** The last thing that went wrong with a stream. */
export interface Trouble {
  readonly side: "slack" | "destination";
  /** Slack's error code, or what the destination said. */
  readonly error: string;
  readonly message: string;
  /** When it began, epoch milliseconds of our clock. */
  readonly sinceMs: number;
  /** Absent: it is not over. */
  readonly overMs?: number;
}

/** What is stored about a stream beside its position, for people. Small JSON; times are epoch milliseconds. */
export interface StreamDocument {
  readonly v: 1;
  /** Absent: it is not known yet what the stream has covered. */
  readonly coverage?: Coverage;
  /** When the last walk began, and how long after it the next one is to begin. */
  readonly walkedMs?: number;
  readonly everyMs: number;
  /** Records since the stream began. */
  readonly delivered: number;
  readonly deadLettered: number;
  /** Records of the last hour, by the time they were delivered: the start of a slot and how many, in order. */
  readonly recent: readonly (readonly [slotMs: number, records: number])[];
  readonly trouble?: Trouble;
}

/** `undefined`: none was stored yet. Throws a `StateError` for one of a later version. */
export function parseDocument(report: unknown, stream: string): StreamDocument | undefined {
  if (report === undefined || report === null) return undefined;
  if ((report as Partial<StreamDocument>).v === 1) return report as StreamDocument;
  throw new StateError(
    `The state of ${stream} was written by a newer version of this program. It was left as it is. Run that version, or a newer one.`,
  );
}

const SLOT_MS = 5 * 60_000;
const HOUR_MS = 60 * 60_000;

export function countRecent(
  recent: StreamDocument["recent"],
  records: number,
  nowMs: number,
): StreamDocument["recent"] {
  const slotMs = Math.floor(nowMs / SLOT_MS) * SLOT_MS;
  const kept = recent.filter(([startMs]) => startMs > slotMs - HOUR_MS && startMs <= slotMs);
  const last = kept.at(-1);
  return last?.[0] === slotMs ? [...kept.slice(0, -1), [slotMs, last[1] + records]] : [...kept, [slotMs, records]];
}
/** Records delivered in the hour before. */
export function lastHour({ recent }: StreamDocument, nowMs: number): number {
  return recent.filter(([slotMs]) => slotMs > nowMs - HOUR_MS).reduce((sum, [, records]) => sum + records, 0);
}
