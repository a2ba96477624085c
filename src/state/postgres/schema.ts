import { crc32 } from "node:zlib";

import { addChecksums } from "../rows.ts";
import type { Database, Row } from "./database.ts";
import { damaged, newerSchema } from "./failure.ts";

/**
 * Each entry brings the tables to the next version; what is here is never changed, only added to.
 *
 * `replicas` are the running programs: one whose `expires` has passed may be deleted by any other, which frees what it
 * held. `token` grows with each holder of a stream, and a commit names the one it was given.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    "CREATE TABLE slack_otel_meta (id int PRIMARY KEY CHECK (id = 1), version int NOT NULL, streams bigint NOT NULL)",
    "INSERT INTO slack_otel_meta VALUES (1, 0, 0)",
    "CREATE TABLE slack_otel_replicas (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, " +
      "wanted int NOT NULL, waiting int NOT NULL, expires timestamptz NOT NULL)",
    "CREATE TABLE slack_otel_streams (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, " +
      "position text, report text, generation bigint NOT NULL, forget_below float8, checksum bigint NOT NULL, " +
      "token bigint NOT NULL, holder bigint REFERENCES slack_otel_replicas ON DELETE SET NULL) WITH (fillfactor = 50)",
    "CREATE TABLE slack_otel_ledger (stream bigint NOT NULL, key bytea NOT NULL, version bytea NOT NULL, count float8, " +
      "last_seconds float8, mark float8 NOT NULL, checksum bigint NOT NULL, PRIMARY KEY (stream, key, version))",
    "CREATE TABLE slack_otel_notes (name text PRIMARY KEY, text text NOT NULL, checksum bigint NOT NULL)",
    "CREATE TABLE slack_otel_turns (name text PRIMARY KEY, " +
      "holder bigint NOT NULL REFERENCES slack_otel_replicas ON DELETE CASCADE)",
  ],
  ["CREATE TABLE slack_otel_throttles (place text PRIMARY KEY, expires timestamptz NOT NULL)"],
];
const VERSION = MIGRATIONS.length;

/** Any number that other programs are unlikely to lock: "sotl". */
const LOCK = 0x736f746c;

/**
 * Makes the tables, or brings them to this version, in one transaction and one program at a time. Whether they are new.
 * Rejects with a `StateError` when they are of a newer version.
 */
export async function prepareSchema(database: Database): Promise<boolean> {
  if ((await versionOf(database)) === VERSION) return false;
  return database.transaction(async (query) => {
    await query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
    const before = await versionOf({ query, where: database.where });
    for (const statements of MIGRATIONS.slice(before)) for (const statement of statements) await query(statement);
    await query("UPDATE slack_otel_meta SET version = $1", [VERSION]);
    return before === 0;
  });
}

/** 0: there are no tables yet. Rejects with a `StateError` for tables of a newer version. */
export async function versionOf({ query, where }: Pick<Database, "query" | "where">): Promise<number> {
  // Read as a table: what the functions for it say may be remembered from before another program made it.
  const there = await query("SELECT FROM pg_class WHERE relname = 'slack_otel_meta' AND pg_table_is_visible(oid)");
  if (there.length === 0) return 0;
  const [meta] = await query("SELECT version FROM slack_otel_meta");
  const version = Number(meta?.["version"]);
  if (!(version > 0)) throw damaged(where, "its version is missing");
  if (version > VERSION) throw newerSchema(where, version, VERSION);
  return version;
}

export interface StreamRow {
  readonly id: number;
  readonly name: string;
  /** JSON; `null` until the first is kept. */
  readonly position: string | null;
  readonly report: string | null;
  readonly generation: number;
  readonly forgetBelow: number | null;
  readonly token: number;
}

export const STREAM_COLUMNS = "id, name, position, report, generation, forget_below, checksum, token, holder";

/** Throws a `StateError` when the row is not as it was written. */
export function toStreamRow(where: string, row: Row): StreamRow {
  const stream = {
    id: Number(row["id"]),
    name: String(row["name"]),
    position: row["position"] as string | null,
    report: row["report"] as string | null,
    generation: Number(row["generation"]),
    forgetBelow: row["forget_below"] as number | null,
    token: Number(row["token"]),
  };
  if (streamChecksum(stream) !== row["checksum"]) {
    throw damaged(where, `the checksum of the position of ${stream.name} does not fit`);
  }
  return stream;
}

export function streamChecksum(row: Omit<StreamRow, "id" | "token">): number {
  const { name, position, report, generation, forgetBelow } = row;
  return crc32(JSON.stringify([name, position, report, generation, forgetBelow]));
}

/** Every stream, by name; its checksum and that of the set verified. */
export async function readStreams(database: Database): Promise<readonly StreamRow[]> {
  const rows = await database.query(
    `SELECT m.streams AS set, ${STREAM_COLUMNS.replace("id", "s.id")} FROM slack_otel_meta AS m ` +
      "LEFT JOIN slack_otel_streams AS s ON true ORDER BY name",
  );
  const streams = rows.flatMap((row) => (row["id"] === null ? [] : [toStreamRow(database.where, row)]));
  const sum = streams.reduce((sum, { name }) => addChecksums(sum, crc32(name)), 0);
  if (rows[0]?.["set"] !== sum) {
    throw damaged(database.where, "the checksum over its streams does not fit: a stream is missing");
  }
  return streams;
}

/** Makes the rows of those streams that have none. */
export async function addStreams(database: Database, names: readonly string[]): Promise<void> {
  const added = names.map((name) => ({
    name,
    own: crc32(name),
    checksum: streamChecksum({ name, position: null, report: null, generation: 0, forgetBelow: null }),
  }));
  await database.query(
    "WITH given AS (SELECT * FROM json_to_recordset($1::json) AS g (name text, own bigint, checksum bigint)), " +
      "added AS (INSERT INTO slack_otel_streams (name, generation, checksum, token) " +
      "SELECT name, 0, checksum, 0 FROM given ORDER BY name ON CONFLICT DO NOTHING RETURNING name) " +
      "UPDATE slack_otel_meta SET streams = (streams + (SELECT sum(own) FROM given JOIN added USING (name))) % 4294967296 " +
      "WHERE EXISTS (SELECT FROM added)",
    [JSON.stringify(added)],
  );
}
