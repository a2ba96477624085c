import type { DatabaseSync } from "node:sqlite";

import type { Notes } from "../model.ts";
import { readNotes } from "./content.ts";
import { taken } from "./failure.ts";
import { addChecksums, noteChecksum, noteSetSum } from "./rows.ts";
import { transact } from "./transaction.ts";
import { createTurns } from "./turns.ts";

/** The notes of a state file. `guarded` runs work on the database, `closed` ends the waits for a turn. */
export function createNotes({
  database,
  path,
  guarded,
  closed,
}: {
  readonly database: DatabaseSync;
  readonly path: string;
  readonly guarded: <T>(work: () => T) => Promise<T>;
  readonly closed: AbortSignal;
}): Notes {
  const rows = readNotes(database, path);
  const texts = new Map(rows.map(({ name, text }) => [name, text]));
  let sum = noteSetSum(rows);
  const put = database.prepare("INSERT OR REPLACE INTO notes (name, text, checksum) VALUES (?, ?, ?)");
  const putSum = database.prepare("UPDATE meta SET notes = ? WHERE notes = ?");
  const turn = createTurns();

  const write = (name: string, text: string): void => {
    const checksum = noteChecksum({ name, text });
    const old = texts.get(name);
    const without = old === undefined ? sum : addChecksums(sum, -noteChecksum({ name, text: old }));
    const after = addChecksums(without, checksum);
    transact(database, () => {
      if (putSum.run(after, sum).changes !== 1) throw taken(path);
      put.run(name, text, checksum);
    });
    texts.set(name, text);
    sum = after;
  };

  return {
    read: (name) =>
      guarded(() => {
        const text = texts.get(name);
        return text === undefined ? undefined : (JSON.parse(text) as string);
      }),
    write: (name, text) => guarded(() => write(name, JSON.stringify(text))),
    async exclusively(name, signal, work) {
      const release = await turn(name, AbortSignal.any([signal, closed]));
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
