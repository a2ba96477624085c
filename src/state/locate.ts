import { lstat, mkdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { damaged, explained, unsuitable } from "./failure.ts";
import { hasCode, hasHotJournal, syncFolder } from "./file.ts";

export interface Located {
  /** Links resolved: two names of one file must not give two locks. */
  readonly path: string;
  readonly exists: boolean;
}

/** Where the state file is, or would be. Makes the last level of its folder. */
export async function locate(path: string): Promise<Located> {
  const absolute = resolve(path);
  try {
    await makeFolder(dirname(absolute));
  } catch (error) {
    throw explained(absolute, error);
  }
  return find(absolute);
}

/** As `locate` with the folder there, and makes nothing. */
export async function find(absolute: string): Promise<Located> {
  try {
    if (await isThere(absolute)) return { path: await realpath(absolute), exists: true };
    const link = await lstat(absolute).catch(() => undefined);
    if (link !== undefined) {
      throw unsuitable(
        absolute,
        "it is a link to a file that does not exist",
        "Put that file back or mount its volume; or remove the link.",
      );
    }
    const missing = join(await realpath(dirname(absolute)), basename(absolute));
    if (await hasHotJournal(missing)) {
      throw damaged(missing, `the file is gone, but its journal ${missing}-journal is there`);
    }
    return { path: missing, exists: false };
  } catch (error) {
    throw explained(absolute, error);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Only the last level: a missing tree is more likely a volume that is not mounted. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await syncFolder(dirname(path));
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
}
