import { constants } from "node:fs";
import { copyFile, stat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";

import { verifyContent } from "./content.ts";
import { damaged, explained, unsuitable } from "./failure.ts";
import { hasHotJournal, removeDatabase } from "./file.ts";
import { verifyHeader } from "./header.ts";

/**
 * Throws a `StateError` unless the file is a whole and sound state, exactly as this program writes it. Does not change
 * a byte of it. Call it under the lock: no commit may be going on.
 */
export async function verify(path: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await assertRegularFile(path);
    if (!(await hasHotJournal(path))) return await verifyAtRest(path, path, signal);
    await withSettledCopy(path, `${path}.check`, (copy) => verifyAtRest(copy, path, signal));
  } catch (error) {
    throw explained(path, error);
  }
}

/**
 * When the last commit was cut short, SQLite undoes it in the file itself as soon as it opens it. This shows on a copy
 * what that would give.
 */
export async function withSettledCopy<T>(
  path: string,
  copy: string,
  use: (copy: string) => T | Promise<T>,
): Promise<T> {
  await removeDatabase(copy);
  try {
    await copyFile(path, copy, constants.COPYFILE_FICLONE);
    await copyFile(`${path}-journal`, `${copy}-journal`, constants.COPYFILE_FICLONE);
    const database = new DatabaseSync(copy);
    try {
      database.prepare("SELECT count(*) FROM sqlite_schema").get();
    } finally {
      database.close();
    }
    return await use(copy);
  } finally {
    await removeDatabase(copy);
  }
}

export async function assertRegularFile(path: string): Promise<void> {
  const found = await stat(path);
  if (found.isDirectory()) {
    throw unsuitable(path, "it is a folder", 'Give the path of a file in "state", or move the folder away.');
  }
  if (!found.isFile()) throw unsuitable(path, "it is not a regular file", 'Give the path of a file in "state".');
  if (found.size === 0) throw damaged(path, "it is empty, which this program never leaves behind");
}

/** `name` is what messages call the file. */
async function verifyAtRest(path: string, name: string, signal: AbortSignal | undefined): Promise<void> {
  await verifyHeader(path, name);
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    await verifyContent(database, name, signal);
  } finally {
    database.close();
  }
}
