import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, lstat, open, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { StateError, type StoredStream } from "../model.ts";
import { explained } from "./failure.ts";
import { inspectSqliteState } from "./inspect.ts";
import { find } from "./locate.ts";
import { acquireLock } from "./lock.ts";
import { assertRoom } from "./room.ts";
import { verify } from "./verify.ts";

/**
 * `new`: there is none yet, and one could be made. `in_use`: a running instance has it, and so can write it. `ready`:
 * sound, and no instance has it.
 */
export type StateProbe =
  | { readonly kind: "new" }
  | { readonly kind: "in_use" | "ready"; readonly streams: readonly StoredStream[] };

/** What a commit may need at once. */
const ROOM = 262_144;

/**
 * Whether `run` could work with this state file. Neither it nor what is in it is changed, and none is made. Rejects with
 * a `StateError` where `run` would, but for a running instance.
 */
export async function probeSqliteState(path: string, signal: AbortSignal): Promise<StateProbe> {
  const file = resolve(path);
  const folder = dirname(file);
  try {
    // `run` makes the last level of the path, no more.
    const named = await lstat(folder).catch(() => undefined);
    if (named === undefined) return await probeNew(dirname(folder));
    const { path: found } = await find(file);
    const streams = await inspectSqliteState(found);
    if (streams === undefined) return await probeNew(folder);
    const release = await lockOrBusy(found, signal);
    if (release === undefined) return { kind: "in_use", streams };
    try {
      await verify(found, signal);
      await access(found, constants.R_OK | constants.W_OK);
      await probeFolder(dirname(found));
      await assertRoom(found);
    } finally {
      release();
    }
    return { kind: "ready", streams };
  } catch (error) {
    throw explained(file, error);
  }
}

async function lockOrBusy(file: string, signal: AbortSignal): Promise<(() => void) | undefined> {
  try {
    return await acquireLock(file, 0, signal);
  } catch (error) {
    if (error instanceof StateError && /another instance/.test(error.message)) return undefined;
    throw error;
  }
}

async function probeNew(folder: string): Promise<StateProbe> {
  await probeFolder(folder);
  return { kind: "new" };
}

/** Permission bits do not tell of a read-only or a full disk. */
async function probeFolder(folder: string): Promise<void> {
  const file = `${folder}/.slack-otel-${randomBytes(8).toString("hex")}`;
  try {
    const handle = await open(file, "wx", 0o600);
    try {
      await handle.writeFile(randomBytes(ROOM));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } finally {
    await rm(file, { force: true });
  }
}
