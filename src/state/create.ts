import { rename } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { explained } from "./failure.ts";
import { createPrivately, removeDatabase, syncFolder } from "./file.ts";
import { APPLICATION_ID, PAGE_BYTES, SCHEMA_VERSION, TABLES } from "./rows.ts";

/**
 * Makes an empty state. It is complete and on disk before it gets its name: SQLite would take the empty file that a
 * crash leaves behind for a new database.
 */
export async function createDatabase(path: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await removeDatabase(temporary);
    await createPrivately(temporary);
    const database = new DatabaseSync(temporary);
    try {
      database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA synchronous = FULL; BEGIN IMMEDIATE`);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
      for (const table of TABLES) database.exec(table);
      database.exec("INSERT INTO meta (id, streams, notes) VALUES (1, 0, 0)");
      database.exec("COMMIT");
    } finally {
      database.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await removeDatabase(temporary).catch(() => {});
    throw explained(path, error);
  }
}
