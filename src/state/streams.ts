import type { DatabaseSync } from "node:sqlite";

import type { Commit, Store, StreamState } from "../model.ts";
import { checkCommit } from "./check-commit.ts";
import type { CommitPoint } from "./commit-point.ts";
import { readStreams } from "./content.ts";
import { explained, taken } from "./failure.ts";
import { openLedger } from "./ledger.ts";
import { type StreamRow, streamChecksum, streamSetChecksum } from "./rows.ts";
import { patiently, transact } from "./transaction.ts";

/** The store over a state file that was verified, is locked and can be written. */
export function createStore({
  database,
  path,
  isNew,
  release,
  recentAtMost,
  reached,
}: {
  readonly database: DatabaseSync;
  readonly path: string;
  readonly isNew: boolean;
  readonly release: () => void;
  readonly recentAtMost: number;
  readonly reached: (point: CommitPoint, stream: string) => void;
}): Store {
  const insert = database.prepare("INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const update = database.prepare(
    "UPDATE streams SET position = ?, generation = ?, forget_below = ?, recent = ?, moved = ?, checksum = ? " +
      "WHERE id = ? AND generation = ? AND checksum = ?",
  );
  const updateSet = database.prepare("UPDATE meta SET checksum = ?");
  const states = new Map<string, Promise<StreamState>>();
  let failure: unknown;

  /** After any failure the store is done with. */
  const guarded = async <T>(work: () => T): Promise<T> => {
    try {
      return await patiently(() => {
        if (failure !== undefined) throw failure;
        return work();
      });
    } catch (error) {
      failure ??= explained(path, error);
      throw failure;
    }
  };

  const rowOf = (name: string): StreamRow => {
    const rows = readStreams(database, path);
    const found = rows.find((row) => row.name === name);
    if (found !== undefined) return found;
    const id = Math.max(0, ...rows.map((row) => row.id)) + 1;
    const row: StreamRow = { id, name, position: null, generation: 0, forgetBelow: null, recent: 0, moved: 0 };
    insert.run(id, name, null, 0, null, 0, 0, streamChecksum(row));
    updateSet.run(streamSetChecksum([...rows, row]));
    return row;
  };

  /** Only if it is still as this instance left it. */
  const replace = (before: StreamRow, after: StreamRow): void => {
    const { position, generation, forgetBelow, recent, moved } = after;
    const values = [position, generation, forgetBelow, recent, moved, streamChecksum(after)];
    const { changes } = update.run(...values, before.id, before.generation, streamChecksum(before));
    if (changes !== 1) throw taken(path);
  };

  const open = (name: string): StreamState => {
    let row = transact(database, () => rowOf(name));
    const ledger = openLedger(database, path, row);

    const commit = (change: Commit, position: string | undefined): void => {
      const { after, settle } = transact(database, () => {
        reached("position-begun", name);
        const forgetBelow = highest(row.forgetBelow, change.forgetBelow ?? null);
        const { settle, ...counts } = ledger.write(change.remember, forgetBelow, recentAtMost / states.size);
        const generation = row.generation + 1;
        const after = { ...row, position: position ?? row.position, generation, forgetBelow, ...counts };
        replace(row, after);
        reached("position-written", name);
        return { after, settle };
      });
      row = after;
      settle();
      reached("position-committed", name);
    };

    return {
      get position() {
        return row.position === null ? undefined : (JSON.parse(row.position) as unknown);
      },
      known: (keys) => guarded(() => ledger.lookUp(keys)),
      commit: async (change) => {
        const position = checkCommit(change);
        await guarded(() => commit(change, position));
      },
    };
  };

  return {
    isNew,
    open: async (name) => {
      const state = states.get(name) ?? guarded(() => open(name));
      states.set(name, state);
      return await state;
    },
    close: async () => {
      failure ??= new Error("The store is closed");
      if (database.isOpen) database.close();
      release();
    },
  };
}

function highest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
