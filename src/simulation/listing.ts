import { createDueQueue } from "./due-queue.ts";

/** One entry of a log whose entries never change. */
export interface Entry {
  /** The entry as it is put into an answer: JSON text, never parsed and written again. */
  readonly text: string;
  /** Its own time, in the log's unit: epoch microseconds for activities, else epoch seconds. */
  readonly at: number;
  /** Order of arrival, from 1. */
  readonly sequence: number;
  /** From when on Slack shows it. */
  readonly visibleAtMs: number;
}

/** The entries of a log. */
export interface Listing<E extends Entry> {
  add(entry: E): void;
  /** What Slack shows at `nowMs`, ascending by own time, then by arrival. Not to be changed. */
  visible(nowMs: number): readonly E[];
  /** Everything ever added, in the order of arrival. */
  readonly all: readonly E[];
}

export function createListing<E extends Entry>(): Listing<E> {
  const all: E[] = [];
  const visible: E[] = [];
  const waiting = createDueQueue<E>();
  return {
    all,
    add(entry) {
      all.push(entry);
      waiting.add(entry.visibleAtMs, entry);
    },
    visible(nowMs) {
      insertAll(visible, waiting.take(nowMs));
      return visible;
    },
  };
}

/** Entries that arrive in order are appended; a few stragglers are put in their place; many are sorted in. */
function insertAll<E extends Entry>(sorted: E[], due: E[]): void {
  if (due.length > 100) {
    for (const entry of due) sorted.push(entry);
    sorted.sort(ascending);
    return;
  }
  for (const entry of due) {
    const last = sorted.at(-1);
    if (last === undefined || ascending(last, entry) < 0) sorted.push(entry);
    else
      sorted.splice(
        firstIndex(sorted, (other) => ascending(other, entry) > 0),
        0,
        entry,
      );
  }
}

function ascending(a: Entry, b: Entry): number {
  return a.at - b.at || a.sequence - b.sequence;
}

/** The index of the first item that holds, where all that hold come after all that do not. */
export function firstIndex<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
