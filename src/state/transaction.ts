import type { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";

import { isBusy } from "./failure.ts";

/** Runs the work in one transaction. It is durable when this returns; when it throws, nothing was changed. */
export function transact<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite has ended the transaction itself after some errors, a full disk among them.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

const TRIES = 50;
const WAIT_MS = 100;

/** Runs the work again while a reader is in the way, for ten seconds at most. */
export async function patiently<T>(work: () => T): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || tries >= TRIES) throw error;
    }
    await setTimeout(WAIT_MS);
  }
}
