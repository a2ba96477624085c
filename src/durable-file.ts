import { mkdir, open, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

const NEWLINE = 0x0a;

/**
 * Appends whole lines to a file that only its owner may read, and resolves when they and the file's name are on the
 * disk. A line that a crash tore before is ended first, so that it spoils none of these. What cannot be written whole is
 * taken back as far as possible. Rejects with the system's error.
 *
 * Another process may rename the file away at any time: lines that went into the renamed file may be there and are
 * written again under the name.
 */
export async function appendLines(path: string, lines: string | Uint8Array): Promise<void> {
  for (;;) {
    const handle = await open(path, "a+", 0o600);
    try {
      const { size, ino } = await handle.stat();
      try {
        if (size > 0 && !(await endsWithNewline(handle, size))) await handle.appendFile("\n");
        await handle.appendFile(lines);
        await handle.sync();
      } catch (error) {
        await handle.truncate(size).catch(() => undefined);
        throw error;
      }
      if (size === 0) await syncFolder(dirname(path));
      if (await isFile(path, ino)) return;
    } finally {
      await handle.close();
    }
  }
}

/** Takes away a last line that a crash tore. Resolves with how many bytes that were. */
export async function cutTornLine(path: string): Promise<number> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r+");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const whole = await endOfLastLine(handle, size);
    if (whole < size) {
      await handle.truncate(whole);
      await handle.sync();
    }
    return size - whole;
  } finally {
    await handle.close();
  }
}

/** Makes a folder, and those above it, that only their owner may look into. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Makes new names last. Some network file systems cannot, and say so. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    if (!["EINVAL", "ENOTSUP"].includes(codeOf(error))) throw error;
  } finally {
    await folder.close();
  }
}

/** The system's word for what went wrong, such as `ENOSPC`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

/** Looked for from the end, in pieces. */
async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  const piece = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0; end -= piece.length) {
    const start = Math.max(0, end - piece.length);
    const { bytesRead } = await handle.read(piece, 0, end - start, start);
    const at = piece.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at >= 0) return start + at + 1;
  }
  return 0;
}

async function endsWithNewline(handle: FileHandle, size: number): Promise<boolean> {
  const last = new Uint8Array(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] === NEWLINE;
}

async function isFile(path: string, ino: number): Promise<boolean> {
  try {
    return (await stat(path)).ino === ino;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
