import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";

import { damaged } from "./failure.ts";
import {
  identitiesOf,
  identityOf,
  LEDGER_COLUMNS,
  type LedgerRow,
  receiptChecksum,
  type ReceiptRow,
  addChecksums,
  noteChecksum,
  type NoteRow,
  noteSetSum,
  type StreamRow,
  streamChecksum,
  streamSetSum,
  TABLES,
} from "./rows.ts";
import { readStreamsOfVersion1, TABLES_OF_VERSION_1 } from "./version-1.ts";

/** Reads everything there is, and throws a `StateError` unless each row is as it was written and none is missing. */
export async function verifyContent(
  database: DatabaseSync,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const problems = database.prepare("PRAGMA integrity_check(1)").all();
  if (problems.length !== 1 || problems[0]?.["integrity_check"] !== "ok") {
    throw damaged(path, "it is damaged (SQLite's integrity check fails)");
  }
  const tables = database.prepare("SELECT sql FROM sqlite_schema ORDER BY name").all();
  const expected = schemaVersion(database) === 1 ? TABLES_OF_VERSION_1 : TABLES;
  if (JSON.stringify(tables.map(({ sql }) => sql)) !== JSON.stringify(expected)) {
    throw damaged(path, "its tables are not those of this program");
  }
  const streams = readStreams(database, path);
  readNotes(database, path);
  verifyReceipts(database, path, streams);
  await verifyLedger(database, path, streams, signal);
}

export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/** Every stream's row, its checksum and that of the set verified. */
export function readStreams(database: DatabaseSync, path: string): StreamRow[] {
  const rows = schemaVersion(database) === 1 ? readStreamsOfVersion1(database, path) : readStreamRows(database, path);
  if (new Set(rows.map(({ name }) => name)).size !== rows.length) throw damaged(path, "a stream is there twice");
  return rows;
}

function readStreamRows(database: DatabaseSync, path: string): StreamRow[] {
  const rows = database
    .prepare(
      "SELECT id, name, position, report, generation, forget_below AS forgetBelow, recent, moved, checksum " +
        "FROM streams ORDER BY id",
    )
    .all() as unknown as (StreamRow & { readonly checksum: number })[];
  for (const row of rows) {
    if (streamChecksum(row) !== row.checksum) throw damaged(path, "the checksum of a stream's position does not fit");
  }
  if (readSum(database, "streams") !== streamSetSum(rows)) {
    throw damaged(path, "the checksum over its streams does not fit: a stream is missing");
  }
  return rows;
}

/** Every note, its checksum and that of the set verified. */
export function readNotes(database: DatabaseSync, path: string): NoteRow[] {
  if (schemaVersion(database) === 1) return [];
  const rows = database.prepare("SELECT name, text, checksum FROM notes").all() as unknown as (NoteRow & {
    readonly checksum: number;
  })[];
  if (rows.some((row) => noteChecksum(row) !== row.checksum)) {
    throw damaged(path, "the checksum of a note does not fit");
  }
  if (readSum(database, "notes") !== noteSetSum(rows)) {
    throw damaged(path, "the checksum over its notes does not fit: a note is missing");
  }
  return rows;
}

function readSum(database: DatabaseSync, of: "streams" | "notes"): unknown {
  const meta = database.prepare(`SELECT ${of} AS sum FROM meta`).all();
  return meta.length === 1 ? meta[0]?.["sum"] : undefined;
}

function verifyReceipts(database: DatabaseSync, path: string, streams: readonly StreamRow[]): void {
  const counts = new Map<number, number>();
  const select = database.prepare("SELECT stream, identities, checksum FROM receipts");
  for (const { stream, identities, checksum } of select.iterate() as unknown as Iterable<ReceiptRow>) {
    if (receiptChecksum(stream, identities) !== checksum) throw damaged(path, "the checksum of a receipt does not fit");
    counts.set(stream, (counts.get(stream) ?? 0) + identitiesOf(identities).length);
  }
  assertSums(path, "a receipt", streams, ({ recent }) => recent, counts);
}

const ROWS_AT_A_TIME = 20_000;

async function verifyLedger(
  database: DatabaseSync,
  path: string,
  streams: readonly StreamRow[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const select = database.prepare(`SELECT ${LEDGER_COLUMNS} FROM ledger AS l`);
  select.setReturnArrays(true);
  const sums = new Map<number, number>();
  let rows = 0;
  for (const row of select.iterate() as unknown as Iterable<LedgerRow>) {
    if (identityOf(row) === undefined) throw damaged(path, "the checksum of a delivered entry does not fit");
    const [stream, checksum] = row;
    sums.set(stream, addChecksums(sums.get(stream) ?? 0, checksum));
    rows += 1;
    if (rows % ROWS_AT_A_TIME === 0) {
      await setImmediate();
      signal?.throwIfAborted();
    }
  }
  assertSums(path, "a delivered entry", streams, ({ moved }) => moved, sums);
}

function assertSums(
  path: string,
  what: string,
  streams: readonly StreamRow[],
  expected: (stream: StreamRow) => number,
  found: ReadonlyMap<number, number>,
): void {
  const ids = new Set(streams.map(({ id }) => id));
  const complete = streams.every((stream) => expected(stream) === (found.get(stream.id) ?? 0));
  if (!complete || [...found.keys()].some((id) => !ids.has(id))) throw damaged(path, `${what} is missing`);
}
