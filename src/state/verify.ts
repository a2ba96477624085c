/**
 * Reads a state file without changing a byte of it, and refuses what is not exactly what this program wrote.
 */
import { constants } from "node:fs";
import { copyFile, open, rm, stat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";

import { damaged, explained, unsuitable } from "./failure.ts";
import {
  APPLICATION_ID,
  identitiesOf,
  identityOf,
  LEDGER_COLUMNS,
  type LedgerRow,
  receiptChecksum,
  type ReceiptRow,
  SCHEMA_VERSION,
  type StreamRow,
  streamChecksum,
  streamSetChecksum,
  TABLES,
} from "./rows.ts";

/** Throws a `StateError` unless the file is a whole and sound state. Call it under the lock: no commit may be going on. */
export async function verify(path: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await assertRegularFile(path);
    if (!(await hasHotJournal(path))) return await verifyAtRest(path, path, signal);
    // The last commit was cut short, and SQLite will undo it in the file itself: see on a copy first what that gives.
    const copy = `${path}.check`;
    await removeDatabase(copy);
    try {
      await copyFile(path, copy, constants.COPYFILE_FICLONE);
      await copyFile(`${path}-journal`, `${copy}-journal`);
      const database = new DatabaseSync(copy);
      try {
        database.prepare("SELECT count(*) FROM sqlite_schema").get();
      } finally {
        database.close();
      }
      await verifyAtRest(copy, path, signal);
    } finally {
      await removeDatabase(copy);
    }
  } catch (error) {
    throw explained(path, error);
  }
}

export async function removeDatabase(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}-journal`, { force: true });
}

async function assertRegularFile(path: string): Promise<void> {
  const found = await stat(path);
  if (found.isDirectory()) {
    throw unsuitable(path, "it is a folder", 'Give the path of a file in "state", or move the folder away.');
  }
  if (!found.isFile()) throw unsuitable(path, "it is not a regular file", 'Give the path of a file in "state".');
  if (found.size === 0) throw damaged(path, "it is empty, which this program never leaves behind");
}

/** Whether a journal is there that SQLite would roll back, or try to. https://sqlite.org/fileformat.html#hot_journals */
export async function hasHotJournal(path: string): Promise<boolean> {
  try {
    const file = await open(`${path}-journal`, "r");
    try {
      const first = new Uint8Array(1);
      const { bytesRead } = await file.read(first, 0, 1, 0);
      return bytesRead === 1 && first[0] !== 0;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

async function verifyAtRest(path: string, name: string, signal: AbortSignal | undefined): Promise<void> {
  await verifyHeader(path, name);
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    await verifyContent(database, name, signal);
  } catch (error) {
    // The copy is of no interest to anybody: speak of the file itself.
    throw explained(name, error);
  } finally {
    database.close();
  }
}

const HEADER_BYTES = 100;

/** https://sqlite.org/fileformat.html#the_database_header */
async function verifyHeader(path: string, name: string): Promise<void> {
  const file = await open(path, "r");
  let header: Buffer;
  let sizeBytes: number;
  try {
    sizeBytes = (await file.stat()).size;
    header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
  } finally {
    await file.close();
  }
  if (!header.toString("latin1").startsWith("SQLite format 3\0")) throw damaged(name, "it is not an SQLite database");
  if (sizeBytes < HEADER_BYTES) throw damaged(name, `it was cut short after ${sizeBytes} bytes`);
  const applicationId = header.readUInt32BE(68);
  const schemaVersion = header.readUInt32BE(60);
  if (applicationId !== APPLICATION_ID) {
    throw unsuitable(
      name,
      "it is an SQLite database, but not one of this program",
      'Give another path in "state", or put the right file back.',
    );
  }
  if (schemaVersion > SCHEMA_VERSION) {
    throw unsuitable(
      name,
      `it was written by a newer version of this program (schema ${schemaVersion}, this one knows ${SCHEMA_VERSION})`,
      "Run that version, or a newer one.",
    );
  }
  if (schemaVersion < SCHEMA_VERSION) throw damaged(name, `its schema version is ${schemaVersion}`);
  if (header[18] !== 1 || header[19] !== 1) {
    throw damaged(name, "its header does not name a rollback journal: it is damaged, or was switched to WAL mode");
  }
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const pages = header.readUInt32BE(28);
  if (header.readUInt32BE(24) !== header.readUInt32BE(92)) throw damaged(name, "its header contradicts itself");
  if (sizeBytes !== pages * pageBytes) {
    throw damaged(name, `it has ${sizeBytes} bytes where its header says ${pages * pageBytes}`);
  }
}

async function verifyContent(database: DatabaseSync, path: string, signal: AbortSignal | undefined): Promise<void> {
  const problems = database.prepare("PRAGMA integrity_check(1)").all();
  if (problems.length !== 1 || problems[0]?.["integrity_check"] !== "ok") {
    throw damaged(path, "it is damaged (SQLite's integrity check fails)");
  }
  const tables = database.prepare("SELECT sql FROM sqlite_schema ORDER BY name").all();
  if (JSON.stringify(tables.map(({ sql }) => sql)) !== JSON.stringify(TABLES)) {
    throw damaged(path, "its tables are not those of this program");
  }
  const streams = readStreams(database, path);
  verifyReceipts(database, path, streams);
  await verifyLedger(database, path, new Set(streams.map(({ id }) => id)), signal);
}

/** Every stream's row, its checksum and that of the set verified. */
export function readStreams(database: DatabaseSync, path: string): StreamRow[] {
  const rows = database
    .prepare(
      "SELECT id, name, position, generation, forget_below AS forgetBelow, recent, checksum FROM streams ORDER BY id",
    )
    .all() as unknown as (StreamRow & { readonly checksum: number })[];
  for (const row of rows) {
    if (streamChecksum(row) !== row.checksum) throw damaged(path, `the checksum of a stream's position does not fit`);
  }
  const meta = database.prepare("SELECT checksum FROM meta").all();
  if (meta.length !== 1 || meta[0]?.["checksum"] !== streamSetChecksum(rows)) {
    throw damaged(path, "the checksum over its streams does not fit: a stream is missing");
  }
  if (new Set(rows.map(({ name }) => name)).size !== rows.length) throw damaged(path, "a stream is there twice");
  return rows;
}

function verifyReceipts(database: DatabaseSync, path: string, streams: readonly StreamRow[]): void {
  const counts = new Map<number, number>();
  const select = database.prepare("SELECT stream, identities, checksum FROM receipts");
  for (const { stream, identities, checksum } of select.iterate() as unknown as Iterable<ReceiptRow>) {
    if (receiptChecksum(stream, identities) !== checksum) throw damaged(path, "the checksum of a receipt does not fit");
    counts.set(stream, (counts.get(stream) ?? 0) + identitiesOf(identities).length);
  }
  const complete = streams.every(({ id, recent }) => recent === (counts.get(id) ?? 0));
  const ids = new Set(streams.map(({ id }) => id));
  if (!complete || [...counts.keys()].some((id) => !ids.has(id))) throw damaged(path, "a receipt is missing");
}

const ROWS_AT_A_TIME = 20_000;

async function verifyLedger(
  database: DatabaseSync,
  path: string,
  streamIds: ReadonlySet<number>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const select = database.prepare(`SELECT ${LEDGER_COLUMNS} FROM ledger AS l`);
  select.setReturnArrays(true);
  let rows = 0;
  for (const row of select.iterate() as unknown as Iterable<LedgerRow>) {
    if (!streamIds.has(row[0]) || identityOf(row) === undefined) {
      throw damaged(path, "the checksum of a delivered entry does not fit");
    }
    rows += 1;
    if (rows % ROWS_AT_A_TIME === 0) {
      await setImmediate();
      signal?.throwIfAborted();
    }
  }
}
