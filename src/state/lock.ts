import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";

import { explained, isBusy, isNotDatabase, taken, unsuitable } from "./failure.ts";
import { createPrivately } from "./file.ts";

const TRY_AGAIN_MS = 100;

/**
 * Locks the state against a second writer, and readers not at all: the lock is an exclusive transaction on an empty
 * database beside it, which the system ends with the process, SIGKILL included. The file stays: deleting it would let
 * two instances lock two files of one name.
 *
 * Never open the lock file by other means while it is held: closing any descriptor of it drops POSIX locks.
 */
export async function acquireLock(path: string, waitMs: number, signal: AbortSignal | undefined): Promise<() => void> {
  const lockPath = `${path}.lock`;
  signal?.throwIfAborted();
  try {
    await createPrivately(lockPath);
    // SQLite opens what it may not write for reading, and then takes no lock, without an error.
    await access(lockPath, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw explained(path, error);
  }
  for (let waitedMs = 0; ; waitedMs += TRY_AGAIN_MS) {
    try {
      const database = new DatabaseSync(lockPath);
      try {
        database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
        return () => {
          if (database.isOpen) database.close();
        };
      } catch (error) {
        database.close();
        throw error;
      }
    } catch (error) {
      if (isNotDatabase(error)) {
        throw unsuitable(lockPath, "it is no lock file of this program", "Remove it: a lock file is empty.", error);
      }
      if (!isBusy(error)) throw explained(lockPath, error);
      if (waitedMs >= waitMs) throw taken(path, error);
    }
    try {
      await setTimeout(TRY_AGAIN_MS, undefined, { ...(signal && { signal }) });
    } catch {
      signal?.throwIfAborted();
    }
  }
}
