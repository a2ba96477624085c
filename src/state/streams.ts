import type { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";

import type { Commit, Store, StreamState } from "../model.ts";
import { explained, isBusy, taken } from "./failure.ts";
import { assertIdentity, positionText } from "./identity.ts";
import { openLedger } from "./ledger.ts";
import type { CommitPoint } from "./commit-point.ts";
import { type StreamRow, streamChecksum, streamSetChecksum } from "./rows.ts";
import { readStreams } from "./verify.ts";

/** How many identities all streams together may hold in memory: some 200 bytes each. */
const RECENT_AT_MOST = 32_000;

const BUSY_TRIES = 50;
const BUSY_WAIT_MS = 100;

export function createStore({
  database,
  path,
  isNew,
  release,
  reached,
}: {
  readonly database: DatabaseSync;
  readonly path: string;
  readonly isNew: boolean;
  readonly release: () => void;
  readonly reached: (point: CommitPoint, stream: string) => void;
}): Store {
  const insert = database.prepare("INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?, ?)");
  const update = database.prepare(
    "UPDATE streams SET position = ?, generation = ?, forget_below = ?, recent = ?, checksum = ? " +
      "WHERE id = ? AND generation = ? AND checksum = ?",
  );
  const updateSet = database.prepare("UPDATE meta SET checksum = ?");
  const states = new Map<string, StreamState>();
  let failure: unknown;

  /** Runs synchronous work, waiting while a reader is in the way. After any other failure the store is done with. */
  const guarded = async <T>(work: () => T): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      if (failure !== undefined) throw failure;
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || tries >= BUSY_TRIES) throw (failure = explained(path, error));
      }
      await setTimeout(BUSY_WAIT_MS);
    }
  };

  const transaction = <T>(work: () => T): T => {
    database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      database.exec("COMMIT");
      return result;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  };

  const rowOf = (name: string): StreamRow => {
    const rows = readStreams(database, path);
    const found = rows.find((row) => row.name === name);
    if (found !== undefined) return found;
    const id = Math.max(0, ...rows.map((row) => row.id)) + 1;
    const row: StreamRow = { id, name, position: null, generation: 0, forgetBelow: null, recent: 0 };
    insert.run(id, name, null, 0, null, 0, streamChecksum(row));
    updateSet.run(streamSetChecksum([...rows, row]));
    return row;
  };

  const open = (name: string): StreamState => {
    let row = transaction(() => rowOf(name));
    const ledger = openLedger(database, path, row);

    const commit = (change: Commit, position: string | null): void => {
      const { after, settle } = transaction(() => {
        reached("position-begun", name);
        const forgetBelow = highest(row.forgetBelow, change.forgetBelow ?? null);
        const { recent, settle } = ledger.write(change.remember, forgetBelow, Math.floor(RECENT_AT_MOST / states.size));
        const after = { ...row, position, generation: row.generation + 1, forgetBelow, recent };
        const { changes } = update.run(
          position,
          after.generation,
          forgetBelow,
          recent,
          streamChecksum(after),
          row.id,
          row.generation,
          streamChecksum(row),
        );
        if (changes !== 1) throw taken(path);
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
        change.remember.forEach(assertIdentity);
        const position = change.position === undefined ? row.position : positionText(change.position);
        await guarded(() => commit(change, position));
      },
    };
  };

  return {
    isNew,
    open: async (name) => {
      const state = states.get(name) ?? (await guarded(() => open(name)));
      states.set(name, state);
      return state;
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
