import { open, rm } from "node:fs/promises";

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** Makes the file with mode 0600, SQLite alone would take 0644; one that is there already is not opened. */
export async function createPrivately(path: string): Promise<void> {
  try {
    await (await open(path, "wx", 0o600)).close();
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
}

/** Makes new names last. Some network file systems cannot, and say so. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    if (!hasCode(error, "EINVAL", "ENOTSUP")) throw error;
  } finally {
    await folder.close();
  }
}

/** Whether a journal is there that SQLite would roll back, or try to. https://sqlite.org/fileformat.html#hot_journals */
export async function hasHotJournal(path: string): Promise<boolean> {
  try {
    const file = await open(`${path}-journal`, "r");
    try {
      const first = new Uint8Array(1);
      const { bytesRead } = await file.read(first, 0, 1, 0);
      return bytesRead === 1 && first[0] !== 0;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

export async function removeDatabase(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}-journal`, { force: true });
}
