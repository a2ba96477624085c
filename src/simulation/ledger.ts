import type { Showing } from "./answer.ts";

export type LogName = Showing["log"];

/** An entry (of `access_logs`: one version of a row) that a client was given. */
export interface ShownEntry {
  /** Names the entry, or the row, inside its log. */
  readonly id: number;
  /** As it was shown. */
  readonly text: string;
  /** The workspace or organisation that the answer spoke for. */
  readonly view: string;
  readonly firstShownMs: number;
  readonly lastShownMs: number;
  readonly times: number;
}

/** What was shown to whom and when (S31): what a test holds a forwarder to. Only whole answers count. */
export interface Ledger {
  readonly shown: (log: LogName) => readonly ShownEntry[];
  /** Of each row of `access_logs` the version shown last. */
  readonly lastVersions: () => readonly ShownEntry[];
  /**
   * How many records the entries shown have to become: for each view and text, the most copies that stood in one
   * answer, since equal entries of one answer are separate and of two answers the same.
   */
  readonly distinct: (
    log: LogName,
  ) => readonly { readonly view: string; readonly text: string; readonly copies: number }[];
}

interface Mutable {
  id: number;
  text: string;
  view: string;
  firstShownMs: number;
  lastShownMs: number;
  times: number;
}

interface Book {
  readonly entries: Map<string, Mutable>;
  readonly last: Map<string, Mutable>;
  readonly copies: Map<string, Map<string, number>>;
}

export function createLedger(): Ledger & { record(showing: Showing, atMs: number): void } {
  const books = new Map<LogName, Book>();
  const bookOf = (log: LogName): Book => {
    const book = books.get(log) ?? { entries: new Map(), last: new Map(), copies: new Map() };
    books.set(log, book);
    return book;
  };
  return {
    record({ log, view, items }, atMs) {
      const { entries, last, copies } = bookOf(log);
      const inAnswer = new Map<string, number>();
      const inView = copies.get(view) ?? new Map<string, number>();
      copies.set(view, inView);
      for (const { id, text } of items) {
        const row = `${view} ${id}`;
        const key = log === "access_logs" ? `${row} ${text}` : row;
        const known = entries.get(key) ?? { id, text, view, firstShownMs: atMs, lastShownMs: atMs, times: 0 };
        known.lastShownMs = atMs;
        known.times++;
        entries.set(key, known);
        if (log === "access_logs") last.set(row, known);
        const count = (inAnswer.get(text) ?? 0) + 1;
        inAnswer.set(text, count);
        if (count > (inView.get(text) ?? 0)) inView.set(text, count);
      }
    },
    shown: (log) => [...bookOf(log).entries.values()],
    lastVersions: () => [...bookOf("access_logs").last.values()],
    distinct: (log) =>
      [...bookOf(log).copies].flatMap(([view, texts]) => [...texts].map(([text, copies]) => ({ view, text, copies }))),
  };
}
