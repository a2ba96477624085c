import type { Identity } from "../../model.ts";
import { addIdentity, type Identities } from "../identities.ts";
import { identityChecksum } from "../rows.ts";
import type { Database } from "./database.ts";
import { damaged } from "./failure.ts";

/** Those of the keys that are known, less what is forgotten: one request. */
export async function lookUp(
  database: Database,
  stream: number,
  keys: readonly string[],
  forgetBelow: number | null,
): Promise<Identities> {
  const found: Identities = new Map();
  if (keys.length === 0) return found;
  const rows = await database.query(
    "SELECT encode(l.key, 'hex') AS key, encode(l.version, 'hex') AS version, l.count, l.last_seconds, l.mark, l.checksum " +
      "FROM (SELECT DISTINCT decode(k, 'hex') AS key FROM unnest($2::text[]) AS k) AS k " +
      "JOIN slack_otel_ledger AS l ON l.stream = $1 AND l.key = k.key",
    [stream, arrayOf(keys)],
  );
  for (const row of rows) {
    const { count, last_seconds: lastSeconds } = row as { count: number | null; last_seconds: number | null };
    const identity: Identity = {
      key: String(row["key"]),
      version: String(row["version"]),
      ...(count !== null && { count }),
      ...(lastSeconds !== null && { lastSeconds }),
      mark: Number(row["mark"]),
    };
    if (identityChecksum(stream, identity) !== row["checksum"]) {
      throw damaged(database.where, "the checksum of a delivered entry does not fit");
    }
    if (identity.mark >= (forgetBelow ?? -Infinity)) addIdentity(found, identity);
  }
  return found;
}

/** What `UPSERT` takes: six arrays of the stream's identities, each once. */
export function upsertValues(stream: number, identities: readonly Identity[], forgetBelow: number | null): string[] {
  const distinct: Identities = new Map();
  for (const identity of identities) if (identity.mark >= (forgetBelow ?? -Infinity)) addIdentity(distinct, identity);
  // In the order of their keys: two writers could else wait for each other, and neighbours share a page.
  const rows = [...distinct.values()].flat().toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  return [
    arrayOf(rows.map(({ key }) => key)),
    arrayOf(rows.map(({ version }) => version)),
    arrayOf(rows.map(({ count }) => count)),
    arrayOf(rows.map(({ lastSeconds }) => lastSeconds)),
    arrayOf(rows.map(({ mark }) => mark)),
    arrayOf(rows.map((identity) => identityChecksum(stream, identity))),
  ];
}

/** Into the ledger of the stream that `moved` (a row with its id) names, if there is one. Parameters `first` and on. */
export function upsert(first: number): string {
  const at = (n: number) => `$${first + n}`;
  return (
    "INSERT INTO slack_otel_ledger AS l SELECT moved.id, decode(key, 'hex'), decode(version, 'hex'), count, last_seconds, " +
    `mark, checksum FROM moved, unnest(${at(0)}::text[], ${at(1)}::text[], ${at(2)}::float8[], ${at(3)}::float8[], ` +
    `${at(4)}::float8[], ${at(5)}::bigint[]) AS given (key, version, count, last_seconds, mark, checksum) ` +
    "ON CONFLICT (stream, key, version) DO UPDATE SET count = excluded.count, last_seconds = excluded.last_seconds, " +
    "mark = excluded.mark, checksum = excluded.checksum WHERE excluded.mark > l.mark"
  );
}

const ROWS_AT_A_TIME = 20_000;

/** Removes what is forgotten, whoever asks for it: what the stream's own row says decides. */
export async function removeForgotten(database: Database, stream: number): Promise<void> {
  for (;;) {
    const [row] = await database.query(
      "WITH gone AS (DELETE FROM slack_otel_ledger WHERE ctid = ANY(ARRAY(SELECT l.ctid FROM slack_otel_ledger AS l " +
        "JOIN slack_otel_streams AS s ON s.id = l.stream WHERE s.id = $1 AND l.mark < s.forget_below LIMIT $2)) " +
        "RETURNING 1) SELECT count(*) AS gone FROM gone",
      [stream, ROWS_AT_A_TIME],
    );
    if (Number(row?.["gone"]) < ROWS_AT_A_TIME) return;
  }
}

/** As PostgreSQL writes an array: of hex digits, which need no quotes unless there are none, or of numbers. */
function arrayOf(values: readonly (string | number | undefined)[]): string {
  return `{${values.map((value) => (value === undefined ? "NULL" : value === "" ? '""' : value)).join(",")}}`;
}
