import type { Database } from "./database.ts";
import type { Member } from "./shares.ts";
import { STREAM_COLUMNS, type StreamRow, toStreamRow } from "./schema.ts";

/** What a replica tells the others of itself. */
export interface Standing {
  readonly wanted: number;
  readonly waiting: number;
}

/** Makes a replica known. It lives until its lease, by the database's clock, is over and another one finds that. */
export async function join(database: Database, name: string, leaseMs: number): Promise<number> {
  const [row] = await database.query(
    "INSERT INTO slack_otel_replicas (name, wanted, waiting, expires) " +
      "VALUES ($1, 0, 0, clock_timestamp() + $2::float8 * interval '1 ms') RETURNING id",
    [name, leaseMs],
  );
  return Number(row?.["id"]);
}

/** Frees all that the replica holds. */
export async function leave(database: Database, id: number): Promise<void> {
  await database.query("DELETE FROM slack_otel_replicas WHERE id = $1", [id]);
}

/** Renews the lease. `false`: it was over, and another replica has taken note of that. */
export async function renew(
  database: Database,
  id: number,
  { wanted, waiting }: Standing,
  leaseMs: number,
): Promise<boolean> {
  const rows = await database.query(
    "UPDATE slack_otel_replicas SET wanted = $2, waiting = $3, " +
      "expires = clock_timestamp() + $4::float8 * interval '1 ms' WHERE id = $1 RETURNING id",
    [id, wanted, waiting, leaseMs],
  );
  return rows.length === 1;
}

/** Removes the replicas whose lease is over, and tells of those that live. */
export async function survey(database: Database): Promise<readonly Member[]> {
  await database.query("DELETE FROM slack_otel_replicas WHERE expires < clock_timestamp()");
  const rows = await database.query(
    "SELECT r.id, r.wanted, r.waiting, count(s.id) AS held FROM slack_otel_replicas AS r " +
      "LEFT JOIN slack_otel_streams AS s ON s.holder = r.id GROUP BY r.id ORDER BY r.id",
  );
  return rows.map((row) => ({
    id: Number(row["id"]),
    wanted: Number(row["wanted"]),
    waiting: Number(row["waiting"]),
    held: Number(row["held"]),
  }));
}

/** Takes up to so many of the streams that nobody holds, each with a new token. */
export async function take(
  database: Database,
  id: number,
  names: readonly string[],
  atMost: number,
): Promise<readonly StreamRow[]> {
  const rows = await database.query(
    "UPDATE slack_otel_streams SET holder = $1, token = token + 1 WHERE id IN (SELECT id FROM slack_otel_streams " +
      "WHERE name IN (SELECT json_array_elements_text($2::json)) AND holder IS NULL ORDER BY name LIMIT $3 " +
      `FOR UPDATE SKIP LOCKED) RETURNING ${STREAM_COLUMNS}`,
    [id, JSON.stringify(names), atMost],
  );
  return rows.map((row) => toStreamRow(database.where, row));
}

/** Those of the streams that nobody holds. */
export async function freeOf(database: Database, names: readonly string[]): Promise<readonly string[]> {
  const rows = await database.query(
    "SELECT name FROM slack_otel_streams WHERE holder IS NULL AND name IN (SELECT json_array_elements_text($1::json))",
    [JSON.stringify(names)],
  );
  return rows.map(({ name }) => String(name));
}

/** Frees what the database says the replica holds, but for these streams, by their ids. */
export async function freeAllBut(database: Database, id: number, held: readonly number[]): Promise<void> {
  await database.query(
    "UPDATE slack_otel_streams SET holder = NULL WHERE holder = $1 " +
      "AND id NOT IN (SELECT value::bigint FROM json_array_elements_text($2::json))",
    [id, JSON.stringify(held)],
  );
}

/** Gives a stream back, if it is still held with this token. */
export async function giveBack(database: Database, id: number, stream: StreamRow): Promise<void> {
  await database.query("UPDATE slack_otel_streams SET holder = NULL WHERE id = $1 AND token = $2 AND holder = $3", [
    stream.id,
    stream.token,
    id,
  ]);
}
