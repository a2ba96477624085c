import type { DatabaseSync } from "node:sqlite";

import { readStreams, schemaVersion } from "./content.ts";
import { SCHEMA_VERSION, streamSetSum, TABLES } from "./rows.ts";
import { insertStream } from "./streams.ts";
import { patiently, transact } from "./transaction.ts";

/**
 * Brings a verified state of an older version to this one, in one transaction: after a crash it is the old one as a
 * whole. `written` is called before the transaction's end.
 */
export async function migrate(database: DatabaseSync, path: string, written: () => void): Promise<void> {
  if (schemaVersion(database) === SCHEMA_VERSION) return;
  await patiently(() =>
    transact(database, () => {
      const rows = readStreams(database, path);
      database.exec("DROP TABLE streams; DROP TABLE meta");
      const present = new Set(
        database
          .prepare("SELECT sql FROM sqlite_schema")
          .all()
          .map(({ sql }) => sql),
      );
      for (const table of TABLES) if (!present.has(table)) database.exec(table);
      const insert = insertStream(database);
      for (const row of rows) insert(row);
      database.prepare("INSERT INTO meta (id, streams, notes) VALUES (1, ?, 0)").run(streamSetSum(rows));
      database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      written();
    }),
  );
}
