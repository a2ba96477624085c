/**
 * What is in the state file, and the checksum of each row: SQLite's pages carry none, and `integrity_check` does not
 * see a bit that flipped inside a value.
 */
import { crc32 } from "node:zlib";

import type { Identity } from "../model.ts";

/** "sotl": tells our files from other SQLite databases. */
export const APPLICATION_ID = 0x736f746c;
export const SCHEMA_VERSION = 2;
export const PAGE_BYTES = 4096;

/**
 * As `sqlite_schema` gives them back, ordered by name. Numbers of ours are REAL: every finite one comes back exactly.
 * `receipts` holds the identities of the latest commits, `ledger` those that were moved out of there. `meta` holds what
 * shows that a row of `streams` or `notes` is missing.
 */
export const TABLES = [
  "CREATE TABLE ledger (stream INTEGER NOT NULL, key BLOB NOT NULL, version BLOB NOT NULL, count REAL, " +
    "last_seconds REAL, mark REAL NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (stream, key, version)) " +
    "STRICT, WITHOUT ROWID",
  "CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), streams INTEGER NOT NULL, notes INTEGER NOT NULL) STRICT",
  "CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE probe (filler BLOB NOT NULL) STRICT",
  "CREATE TABLE receipts (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, identities TEXT NOT NULL, " +
    "checksum INTEGER NOT NULL) STRICT",
  "CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL, position TEXT, report TEXT, " +
    "generation INTEGER NOT NULL, forget_below REAL, recent INTEGER NOT NULL, moved INTEGER NOT NULL, " +
    "checksum INTEGER NOT NULL) STRICT",
] as const;

export interface StreamRow {
  readonly id: number;
  readonly name: string;
  /** JSON; `null` until the first position is kept. */
  readonly position: string | null;
  /** JSON; `null` until the first report is kept. */
  readonly report: string | null;
  /** Grows by one with each commit: whoever finds another one than it left has company. */
  readonly generation: number;
  /** Identities with a lower mark are forgotten, whether their rows are gone yet or not. */
  readonly forgetBelow: number | null;
  /** How many identities its rows in `receipts` hold together. */
  readonly recent: number;
  /** The sum of the checksums of its rows in `ledger`, modulo 2^32: one that vanished, or is an old one, is noticed. */
  readonly moved: number;
}

export function streamChecksum(row: StreamRow): number {
  const { id, name, position, report, generation, forgetBelow, recent, moved } = row;
  return crc32(JSON.stringify([id, name, position, report, generation, forgetBelow, recent, moved]));
}

/** Over the set of streams: a row that vanished is noticed. */
export function streamSetSum(rows: readonly StreamRow[]): number {
  return rows.reduce((sum, { id, name }) => addChecksums(sum, crc32(JSON.stringify([id, name]))), 0);
}

/** `text` is JSON: a text of any characters comes back as it was. */
export interface NoteRow {
  readonly name: string;
  readonly text: string;
}

export function noteChecksum({ name, text }: NoteRow): number {
  return crc32(JSON.stringify([name, text]));
}

/** Over the set of notes: one that vanished, or is an old one, is noticed. */
export function noteSetSum(rows: readonly NoteRow[]): number {
  return rows.reduce((sum, row) => addChecksums(sum, noteChecksum(row)), 0);
}

/** Modulo 2^32. */
export function addChecksums(a: number, b: number): number {
  return (a + b) >>> 0;
}

export interface ReceiptRow {
  readonly stream: number;
  readonly identities: string;
  readonly checksum: number;
}

export function receiptChecksum(streamId: number, identities: string): number {
  return crc32(identities, streamId);
}

type ReceiptItem = readonly [
  key: string,
  version: string,
  count: number | null,
  lastSeconds: number | null,
  mark: number,
];

export function receiptText(identities: readonly Identity[]): string {
  return JSON.stringify(
    identities.map(({ key, version, count, lastSeconds, mark }): ReceiptItem => [
      key,
      version,
      count ?? null,
      lastSeconds ?? null,
      mark,
    ]),
  );
}

export function identitiesOf(receiptText: string): Identity[] {
  return (JSON.parse(receiptText) as ReceiptItem[]).map((item) => toIdentity(...item));
}

function toIdentity(...[key, version, count, lastSeconds, mark]: ReceiptItem): Identity {
  return { key, version, ...(count !== null && { count }), ...(lastSeconds !== null && { lastSeconds }), mark };
}

export function identityChecksum(streamId: number, identity: Identity): number {
  const { key, version, count, lastSeconds, mark } = identity;
  return crc32(`${streamId} ${key} ${version} ${count ?? ""} ${lastSeconds ?? ""} ${mark}`);
}

/** A row of `SELECT` `LEDGER_COLUMNS`, as an array. */
export type LedgerRow = readonly [stream: number, checksum: number, ...identity: ReceiptItem];
export const LEDGER_COLUMNS =
  "l.stream, l.checksum, lower(hex(l.key)), lower(hex(l.version)), l.count, l.last_seconds, l.mark";

/** `undefined`: the checksum does not fit. */
export function identityOf([stream, checksum, ...item]: LedgerRow): Identity | undefined {
  const identity = toIdentity(...item);
  return identityChecksum(stream, identity) === checksum ? identity : undefined;
}
