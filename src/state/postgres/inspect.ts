import type { Secret, StoredStream } from "../../model.ts";
import { jsonValue } from "../check-commit.ts";
import type { StateProbe } from "../probe.ts";
import { type Database, inWords, openDatabase } from "./database.ts";
import { readNote } from "./notes.ts";
import { readStreams, versionOf } from "./schema.ts";

const TIMEOUT_MS = 10_000;

/**
 * What is in the database, beside the running programs or without them; `undefined` when there are no tables. Changes
 * nothing. Rejects with a `StateError`.
 */
export function inspectPostgresState(url: Secret, tables?: string): Promise<readonly StoredStream[] | undefined> {
  return withDatabase(url, tables, storedStreams);
}

/** As `probeSqliteState` for a file. What it writes to see whether that works is taken back. */
export function probePostgresState(url: Secret, signal: AbortSignal, tables?: string): Promise<StateProbe> {
  return withDatabase(url, tables, async (database): Promise<StateProbe> => {
    signal.throwIfAborted();
    const streams = await storedStreams(database);
    if (streams === undefined) {
      await takenBack(database, "CREATE TABLE slack_otel_probe (id int)");
      return { kind: "new" };
    }
    await takenBack(database, "UPDATE slack_otel_meta SET streams = streams");
    const live = await database.query("SELECT FROM slack_otel_replicas WHERE expires > clock_timestamp() LIMIT 1");
    return { kind: live.length > 0 ? "in_use" : "ready", streams };
  });
}

/** The text of a note, in the same way; `undefined` where there is none. */
export function readPostgresNote(url: Secret, name: string, tables?: string): Promise<string | undefined> {
  return withDatabase(url, tables, async (database) =>
    (await versionOf(database)) === 0 ? undefined : readNote(database, name),
  );
}

async function storedStreams(database: Database): Promise<readonly StoredStream[] | undefined> {
  if ((await versionOf(database)) === 0) return undefined;
  const streams = await readStreams(database);
  const counts = await database.query("SELECT stream, count(*) AS identities FROM slack_otel_ledger GROUP BY stream");
  const identities = new Map(counts.map((row) => [row["stream"], Number(row["identities"])]));
  return streams.map(({ id, name, position, report }) => ({
    name,
    position: jsonValue(position),
    report: jsonValue(report),
    identities: identities.get(id) ?? 0,
  }));
}

async function withDatabase<T>(
  url: Secret,
  tables: string | undefined,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ url, timeoutMs: TIMEOUT_MS, ...(tables !== undefined && { tables }) });
  try {
    return await inWords(database, work(database));
  } finally {
    await database.close();
  }
}

async function takenBack(database: Database, text: string): Promise<void> {
  const done = new Error("taken back");
  await database
    .transaction(async (query) => {
      await query(text);
      throw done;
    })
    .catch((error: unknown) => {
      if (error !== done) throw error;
    });
}
