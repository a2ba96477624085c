import { open } from "node:fs/promises";

import { damaged, unsuitable } from "./failure.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./rows.ts";

const HEADER_BYTES = 100;

/**
 * Reads the header without SQLite, which takes files that end too early, or whose counters differ, for good ones.
 * `name` is what messages call the file. https://sqlite.org/fileformat.html#the_database_header
 */
export async function verifyHeader(path: string, name: string): Promise<void> {
  const file = await open(path, "r");
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
    const { size } = await file.stat();
    verifyKind(header, name);
    verifySize(header, size, name);
  } finally {
    await file.close();
  }
}

function verifyKind(header: Buffer, name: string): void {
  if (!header.toString("latin1").startsWith("SQLite format 3\0")) throw damaged(name, "it is not an SQLite database");
  assertOurs(header.readUInt32BE(68), header.readUInt32BE(60), name);
  if (header[18] !== 1 || header[19] !== 1) {
    throw damaged(name, "it is damaged, or was switched to WAL mode: its header does not name a rollback journal");
  }
}

function verifySize(header: Buffer, sizeBytes: number, name: string): void {
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expectedBytes = header.readUInt32BE(28) * pageBytes;
  if (header.readUInt32BE(24) !== header.readUInt32BE(92)) throw damaged(name, "its header contradicts itself");
  if (sizeBytes !== expectedBytes) {
    throw damaged(name, `it has ${sizeBytes} bytes where its header says ${expectedBytes}`);
  }
}

export function assertOurs(applicationId: number, schemaVersion: number, name: string): void {
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
  if (schemaVersion < 1) throw damaged(name, `its schema version is ${schemaVersion}`);
}
