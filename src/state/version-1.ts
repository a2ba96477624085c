/** What the first version of this program kept: no report, no notes, and one checksum over the list of streams. */
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";

import { damaged } from "./failure.ts";
import type { StreamRow } from "./rows.ts";

export const TABLES_OF_VERSION_1 = [
  "CREATE TABLE ledger (stream INTEGER NOT NULL, key BLOB NOT NULL, version BLOB NOT NULL, count REAL, " +
    "last_seconds REAL, mark REAL NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (stream, key, version)) " +
    "STRICT, WITHOUT ROWID",
  "CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), checksum INTEGER NOT NULL) STRICT",
  "CREATE TABLE probe (filler BLOB NOT NULL) STRICT",
  "CREATE TABLE receipts (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, identities TEXT NOT NULL, " +
    "checksum INTEGER NOT NULL) STRICT",
  "CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL, position TEXT, generation INTEGER NOT NULL, " +
    "forget_below REAL, recent INTEGER NOT NULL, moved INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT",
] as const;

type RowOfVersion1 = Omit<StreamRow, "report"> & { readonly checksum: number };

/** Every stream's row, as one of today; its checksum and that of the set verified. */
export function readStreamsOfVersion1(database: DatabaseSync, path: string): StreamRow[] {
  const rows = database
    .prepare(
      "SELECT id, name, position, generation, forget_below AS forgetBelow, recent, moved, checksum FROM streams ORDER BY id",
    )
    .all() as unknown as RowOfVersion1[];
  for (const { id, name, position, generation, forgetBelow, recent, moved, checksum } of rows) {
    if (crc32(JSON.stringify([id, name, position, generation, forgetBelow, recent, moved])) !== checksum) {
      throw damaged(path, "the checksum of a stream's position does not fit");
    }
  }
  const meta = database.prepare("SELECT checksum FROM meta").all();
  if (meta.length !== 1 || meta[0]?.["checksum"] !== crc32(JSON.stringify(rows.map(({ id, name }) => [id, name])))) {
    throw damaged(path, "the checksum over its streams does not fit: a stream is missing");
  }
  return rows.map((row) => ({ ...row, report: null }));
}
