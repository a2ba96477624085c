import { DatabaseSync } from "node:sqlite";

import type { Store } from "../model.ts";
import type { CommitPoint } from "./commit-point.ts";
import { createDatabase } from "./create.ts";
import { explained } from "./failure.ts";
import { locate } from "./locate.ts";
import { acquireLock } from "./lock.ts";
import { migrate } from "./migrate.ts";
import { assertRoom } from "./room.ts";
import { createStore } from "./streams.ts";
import { patiently, transact } from "./transaction.ts";
import { verify } from "./verify.ts";

export interface SqliteStoreOptions {
  readonly path: string;
  /** Ends the wait for the lock and the check of a large file. */
  readonly signal?: AbortSignal;
  /** How long to wait for another instance to end. */
  readonly lockWaitMs?: number;
  /** How many identities all streams together may hold in memory: some 200 bytes each. */
  readonly recentAtMost?: number;
  /** Tests end the process in it. */
  readonly reached?: (point: CommitPoint | "store-created" | "migration-written", stream?: string) => void;
  /** Tests make the file full. */
  readonly maxPages?: number;
}

/**
 * Opens the state file, or makes it when there is none (`isNew`); one of an older version is brought to this one, in one
 * transaction. Rejects with a `StateError`, the file untouched, when
 * it is not a whole state of this program, when another instance has it, or when it cannot be written.
 */
export async function openSqliteStore({
  path,
  signal,
  lockWaitMs = 3000,
  recentAtMost = 32_000,
  reached = () => {},
  maxPages,
}: SqliteStoreOptions): Promise<Store> {
  const located = await locate(path);
  const release = await acquireLock(located.path, lockWaitMs, signal);
  let database: DatabaseSync | undefined;
  try {
    // Once more: it may have been made while we waited.
    const { path: file, exists } = await locate(path);
    if (exists) {
      await verify(file, signal);
    } else {
      await createDatabase(file);
      reached("store-created");
    }
    database = openDatabase(file, maxPages);
    await probe(database, file);
    await migrate(database, file, () => reached("migration-written"));
    return createStore({ database, path: file, isNew: !exists, release, recentAtMost, reached });
  } catch (error) {
    database?.close();
    release();
    throw error;
  }
}

/** Holds the ledger of most; what does not fit is written before the commit, which costs syncs, not memory. */
const CACHE_KIB = 16_384;
/** Readers hold the file for milliseconds at a time. */
const BUSY_MS = 100;

function openDatabase(path: string, maxPages: number | undefined): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { timeout: BUSY_MS });
    database.exec(`PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KIB}`);
    if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`);
    return database;
  } catch (error) {
    throw explained(path, error);
  }
}

/** A position and then some. */
const FILLER_BYTES = 16_384;

/**
 * Finds out before anything is sent whether a commit can succeed: an empty transaction does even on a full or read-only
 * disk. The row is removed again, so its pages are free for the commits to come.
 */
async function probe(database: DatabaseSync, path: string): Promise<void> {
  try {
    const write = (sql: string) => patiently(() => transact(database, () => database.exec(sql)));
    await write(`INSERT INTO probe (filler) VALUES (randomblob(${FILLER_BYTES}))`);
    await write("DELETE FROM probe");
    await assertRoom(path);
  } catch (error) {
    throw explained(path, error);
  }
}
