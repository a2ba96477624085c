import type { Identity, Secret } from "../../model.ts";
import type { Copied } from "../copy.ts";
import { type Database, inWords, openDatabase } from "./database.ts";
import { lookUp } from "./ledger.ts";
import { readStreams } from "./schema.ts";

const TIMEOUT_MS = 30_000;
const KEYS_AT_A_TIME = 5_000;

/** Everything in the database. Nobody else may write to it meanwhile. `tables`: see `DatabaseOptions`. */
export async function readPostgresState(url: Secret, tables?: string): Promise<Copied> {
  const asking = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
    const database = await openDatabase({ url, timeoutMs: TIMEOUT_MS, ...(tables !== undefined && { tables }) });
    try {
      return await inWords(database, work(database));
    } finally {
      await database.close();
    }
  };

  async function* identities(id: number, forgetBelow: number | null): AsyncGenerator<readonly Identity[]> {
    for (let after = ""; ;) {
      const page = await asking(async (database) => {
        const rows = await database.query(
          "SELECT DISTINCT encode(key, 'hex') AS key FROM slack_otel_ledger WHERE stream = $1 AND key > decode($2, 'hex') " +
            "ORDER BY 1 LIMIT $3",
          [id, after, KEYS_AT_A_TIME],
        );
        const keys = rows.map(({ key }) => String(key));
        return { keys, found: await lookUp(database, id, keys, forgetBelow) };
      });
      const last = page.keys.at(-1);
      if (last === undefined) return;
      yield [...page.found.values()].flat();
      after = last;
    }
  }

  return asking(async (database) => {
    const streams = await readStreams(database);
    const notes = await database.query("SELECT name, text FROM slack_otel_notes ORDER BY name");
    return {
      streams: streams.map(({ id, name, forgetBelow }) => ({
        name,
        forgetBelow: forgetBelow ?? undefined,
        identities: { [Symbol.asyncIterator]: () => identities(id, forgetBelow) },
      })),
      notes: notes.map(({ name, text }) => ({ name: String(name), text: JSON.parse(String(text)) as string })),
    };
  });
}
