import { realpath } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";

import type { StoredStream } from "../model.ts";
import { jsonValue } from "./check-commit.ts";
import { readNotes, readStreams } from "./content.ts";
import { explained } from "./failure.ts";
import { hasCode, hasHotJournal } from "./file.ts";
import { assertOurs } from "./header.ts";
import { assertRegularFile, withSettledCopy } from "./verify.ts";

/** Commits of a running instance last milliseconds. */
const BUSY_MS = 5000;

/**
 * What is in the state file, beside a running instance or without one; `undefined` when there is none. Takes no lock
 * that a writer would notice for long, and changes nothing. Rejects with a `StateError` when the file cannot be read or
 * its positions cannot be trusted.
 */
export function inspectSqliteState(path: string): Promise<readonly StoredStream[] | undefined> {
  return looking(path, (database) => {
    const count = database.prepare("SELECT count(*) AS moved FROM ledger WHERE stream = ?");
    return readStreams(database, path).map(({ id, name, position, report, recent }) => ({
      name,
      position: jsonValue(position),
      report: jsonValue(report),
      identities: recent + Number(count.get(id)?.["moved"]),
    }));
  });
}

/** The text of a note, in the same way. */
export async function readSqliteNote(path: string, name: string): Promise<string | undefined> {
  const note = await looking(path, (database) => readNotes(database, path).find((other) => other.name === name));
  return note === undefined ? undefined : (JSON.parse(note.text) as string);
}

async function looking<T>(path: string, look: (database: DatabaseSync) => T): Promise<T | undefined> {
  try {
    // The journal is beside the file itself.
    const file = await realpath(path);
    await assertRegularFile(file);
    try {
      return read(file, path, look);
    } catch (error) {
      // An instance was killed within a commit, which cannot be undone by a reader.
      if (!(await hasHotJournal(file))) throw error;
      return await withSettledCopy(file, `${file}.inspect`, (copy) => read(copy, path, look));
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw explained(path, error);
  }
}

function read<T>(path: string, name: string, look: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  try {
    database.exec("BEGIN");
    const pragma = (what: string): number => Number(database.prepare(`PRAGMA ${what}`).get()?.[what]);
    assertOurs(pragma("application_id"), pragma("user_version"), name);
    return look(database);
  } finally {
    database.close();
  }
}
