import type { DatabaseSync } from "node:sqlite";

import type { Commit, Store, StreamState } from "../model.ts";
import { checkCommit, type CommitTexts, jsonValue } from "./check-commit.ts";
import { lastingClaim } from "./claims.ts";
import type { CommitPoint } from "./commit-point.ts";
import { readStreams } from "./content.ts";
import { explained, taken } from "./failure.ts";
import { createGroups } from "./groups.ts";
import { openLedger, prepareLedger } from "./ledger.ts";
import { createNotes } from "./notes.ts";
import { addChecksums, type StreamRow, streamChecksum, streamSetSum } from "./rows.ts";
import { patiently, transact } from "./transaction.ts";
import { createTurns } from "./turns.ts";

/** With more streams than these, their commits go into transactions together. */
const FEW_STREAMS = 50;

/** The store over a state file that was verified, is of this version, is locked and can be written. */
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
  const insert = insertStream(database);
  const update = database.prepare(
    "UPDATE streams SET position = ?, report = ?, generation = ?, forget_below = ?, recent = ?, moved = ?, " +
      "checksum = ? WHERE id = ? AND generation = ? AND checksum = ?",
  );
  const statements = prepareLedger(database);
  const updateSet = database.prepare("UPDATE meta SET streams = ? WHERE streams = ?");
  const rows = new Map<string, StreamRow>();
  let setSum = 0;
  let lastId = 0;
  const closed = new AbortController();
  const turn = createTurns();
  let held = 0;
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

  const addRow = (row: StreamRow): void => {
    rows.set(row.name, row);
    setSum = addChecksums(setSum, streamSetSum([row]));
    lastId = Math.max(lastId, row.id);
  };
  readStreams(database, path).forEach(addRow);

  /** All that wait go in one transaction; with few streams there is nobody to wait for, and each goes at once. */
  const groups = createGroups((works) => guarded(() => transact(database, works)));
  const inTransaction = async (work: () => () => void): Promise<void> => {
    if (held > FEW_STREAMS) return groups.run(work);
    await guarded(() => transact(database, work)());
  };

  /** Claimed, and not in the file yet. */
  const coming = new Set<string>();
  let inserting: Promise<void> | undefined;

  const rowOf = async (name: string): Promise<StreamRow> => {
    for (;;) {
      const found = rows.get(name);
      if (found !== undefined) return found;
      coming.add(name);
      inserting ??= inTransaction(insertComing).finally(() => (inserting = undefined));
      await inserting;
    }
  };

  /** All at once: the sum over the set of streams is written once for them. */
  const insertComing = (): (() => void) => {
    const added = [...coming].map((name, index): StreamRow => {
      const counts = { generation: 0, forgetBelow: null, recent: 0, moved: 0 };
      return { id: lastId + 1 + index, name, position: null, report: null, ...counts };
    });
    if (updateSet.run(addChecksums(setSum, streamSetSum(added)), setSum).changes !== 1) throw taken(path);
    added.forEach(insert);
    return () => {
      for (const row of added) {
        addRow(row);
        coming.delete(row.name);
      }
    };
  };

  /** Only if it is still as this instance left it. */
  const replace = (before: StreamRow, after: StreamRow): void => {
    const { position, report, generation, forgetBelow, recent, moved } = after;
    const values = [position, report, generation, forgetBelow, recent, moved, streamChecksum(after)];
    const { changes } = update.run(...values, before.id, before.generation, streamChecksum(before));
    if (changes !== 1) throw taken(path);
  };

  const open = async (name: string): Promise<StreamState> => {
    let row = await rowOf(name);
    const ledger = await guarded(() => openLedger(statements, path, row));

    const write =
      (change: Commit, { position, report }: CommitTexts) =>
      (): (() => void) => {
        reached("position-begun", name);
        const forgetBelow = highest(row.forgetBelow, change.forgetBelow ?? null);
        const { settle, ...counts } = ledger.write(change.remember, forgetBelow, recentAtMost / held);
        const texts = { position: position ?? row.position, report: report ?? row.report };
        const after = { ...row, ...texts, generation: row.generation + 1, forgetBelow, ...counts };
        replace(row, after);
        reached("position-written", name);
        return () => {
          row = after;
          rows.set(name, row);
          settle();
          reached("position-committed", name);
        };
      };

    return {
      get position() {
        return jsonValue(row.position);
      },
      get report() {
        return jsonValue(row.report);
      },
      known: (keys) => guarded(() => ledger.lookUp(keys)),
      commit: async (change) => {
        const texts = checkCommit(change);
        await inTransaction(write(change, texts));
      },
    };
  };

  return {
    isNew,
    claim: async (name, signal) => {
      const pass = await turn(name, AbortSignal.any([signal, closed.signal]));
      try {
        const state = await open(name);
        held += 1;
        return lastingClaim(state, () => {
          held -= 1;
          pass();
        });
      } catch (error) {
        pass();
        throw error;
      }
    },
    notes: createNotes({ database, path, guarded, closed: closed.signal }),
    close: async () => {
      failure ??= new Error("The store is closed");
      closed.abort(failure);
      if (database.isOpen) database.close();
      release();
    },
  };
}

/** Adds a row for a stream; the sum over the set of streams is the caller's. */
export function insertStream(database: DatabaseSync): (row: StreamRow) => void {
  const insert = database.prepare(
    "INSERT INTO streams (id, name, position, report, generation, forget_below, recent, moved, checksum) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  return (row) => {
    const { id, name, position, report, generation, forgetBelow, recent, moved } = row;
    insert.run(id, name, position, report, generation, forgetBelow, recent, moved, streamChecksum(row));
  };
}

function highest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
