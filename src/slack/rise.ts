import type { Identified } from "../mapping/identity.ts";

/**
 * How many entries back the order may be disturbed before it is false. One that turned up late moves all behind it on,
 * and a cursor that counts entries shows the last ones again then, with the late one among them.
 */
const UNSETTLED = 1_000;

/** How far a listing that ought to rise can be relied on. Times are epoch microseconds. */
export interface Rise {
  /** The next entries shown. One that is not fresh was delivered before, so that its place is of no matter. */
  observe(entries: readonly Identified[], isFresh: (entry: Identified) => boolean): void;
  /** The listing begins again. */
  breakOff(): void;
  /** A fresh entry was far out of its place: what came before says nothing of what is still to come. */
  isFalse(): boolean;
  /** Where a walk that breaks off may go on: at the last entry, or where the order was not disturbed yet. */
  reached(): number;
  /** Everything before it is shown again under a false order only. Absent where nothing speaks for the order yet. */
  settled(): number | undefined;
}

/** `from`: everything before it is behind the walk. `isFalse`: what an earlier walk found of the same listing. */
export function createRise(from: number, isFalse = false): Rise {
  // Trusted only when a rise was seen within one answer: a newest-first listing of one entry a page never falls within
  // one, and rises from one to the next when newer entries come in.
  let rises = false;
  let isDisturbed = false;
  let highest = from;
  let furthest = from;
  let settled = from;
  let recent = 0;
  const pages: { readonly entries: number; readonly highest: number }[] = [];

  function settle(entries: number): void {
    pages.push({ entries, highest: furthest });
    recent += entries;
    for (let [oldest] = pages; oldest !== undefined && recent - oldest.entries >= UNSETTLED; [oldest] = pages) {
      recent -= oldest.entries;
      settled = Math.max(settled, oldest.highest);
      pages.shift();
    }
  }

  return {
    observe(entries, isFresh) {
      let before = Number.POSITIVE_INFINITY;
      for (const entry of entries) {
        const { timeMicros } = entry;
        if (timeMicros === undefined) continue;
        if (timeMicros > before) rises = true;
        if (timeMicros < highest && !isFalse && isFresh(entry)) {
          isDisturbed = true;
          isFalse = timeMicros < settled;
        }
        highest = Math.max(highest, timeMicros);
        furthest = Math.max(furthest, highest);
        before = timeMicros;
      }
      settle(entries.length);
    },
    breakOff: () => void (highest = from),
    isFalse: () => isFalse,
    reached: () => (!rises ? from : isDisturbed ? settled : furthest),
    settled: () => (rises && !isFalse ? settled : undefined),
  };
}
