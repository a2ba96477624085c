import { open, readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { appendLines, codeOf, syncFolder } from "../durable-file.ts";
import { StateError } from "../model.ts";

/** A line of the file that is not settled yet. */
export interface Line {
  /** Without its newline. */
  readonly bytes: Buffer;
  /** From 1, counted from where reading began. */
  readonly number: number;
  /** Where the next line begins: bytes from the start of the file. */
  readonly end: number;
}

/** A file of dead letters, taken out of the way of whoever writes further ones. */
export interface TakenFile {
  lines(): AsyncGenerator<Line, void, void>;
  /** Up to here everything is settled; that outlasts a crash once it resolves. */
  settled(end: number): Promise<void>;
  /** Puts lines under the file's own name, behind what has come there meanwhile. */
  keep(lines: string | Uint8Array): Promise<void>;
  /** Puts back what is not settled, and takes the rest away. Resolves with how many lines were put back. */
  giveBack(): Promise<number>;
}

/** Gives the remainder of a file's lines back in pieces of about this size. */
const PIECE_BYTES = 1024 * 1024;
const NEWLINE = Buffer.from("\n");

/**
 * Renames the file, so that letters which a running program adds meanwhile are safe, and keeps how far it is settled in
 * the new name: a rename is all or nothing. What an earlier replay left behind when it was killed is put back before.
 * Resolves with `undefined` where there is no such file. Rejects with a `StateError`.
 */
export async function takeFile(path: string): Promise<TakenFile | undefined> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.replaying-`;
  try {
    const left = (await readdir(folder)).find((name) => name.startsWith(prefix) && /-\d+$/.test(name));
    if (left !== undefined) await taken(path, join(folder, left), Number(left.slice(prefix.length))).giveBack();
    const place = `${path}.replaying-0`;
    await rename(path, place);
    await syncFolder(folder);
    return taken(path, place, 0);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error instanceof StateError ? error : failed(path, error);
  }
}

/** Whether an earlier replay of the file was killed, and has left a part of it. */
export async function isLeft(path: string): Promise<boolean> {
  const names = await readdir(dirname(path)).catch(() => []);
  return names.some((name) => name.startsWith(`${basename(path)}.replaying-`));
}

function taken(path: string, firstPlace: string, firstEnd: number): TakenFile {
  let place = firstPlace;
  let settledEnd = firstEnd;
  const attempt = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    try {
      return await act();
    } catch (error) {
      throw error instanceof StateError ? error : failed(place, error);
    }
  };
  async function settled(end: number): Promise<void> {
    const next = `${path}.replaying-${end}`;
    await rename(place, next);
    await syncFolder(dirname(path));
    [place, settledEnd] = [next, end];
  }
  return {
    lines: () => linesOf(place, settledEnd),
    settled: (end) => attempt(() => settled(end)),
    keep: (lines) => attempt(() => appendLines(path, lines)),
    giveBack: () =>
      attempt(async () => {
        let count = 0;
        for await (const { lines, bytes, end } of piecesOf(linesOf(place, settledEnd))) {
          await appendLines(path, bytes);
          // A crash or a full disk further on gives none of these back twice.
          await settled(end);
          count += lines;
        }
        await unlink(place);
        await syncFolder(dirname(path));
        return count;
      }),
  };
}

async function* piecesOf(lines: AsyncIterable<Line>) {
  let piece: Buffer[] = [];
  let size = 0;
  let end = 0;
  const taken = () => ({ lines: piece.length / 2, bytes: Buffer.concat(piece), end });
  for await (const line of lines) {
    piece.push(line.bytes, NEWLINE);
    size += line.bytes.length;
    ({ end } = line);
    if (size < PIECE_BYTES) continue;
    yield taken();
    [piece, size] = [[], 0];
  }
  if (piece.length > 0) yield taken();
}

/** Every line of the file from there on, by bytes: whatever a line holds, none is lost or changed. Empty ones are left out. */
export async function* linesOf(place: string, from = 0): AsyncGenerator<Line, void, void> {
  await using handle = await open(place, "r");
  const stream = handle.createReadStream({ start: from, autoClose: false });
  let rest: Buffer[] = [];
  let end = from;
  let number = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      const bytes = Buffer.concat([...rest, chunk.subarray(start, at)]);
      [rest, start] = [[], at + 1];
      end += bytes.length + 1;
      number += 1;
      if (bytes.length > 0) yield { bytes, number, end };
    }
    rest.push(chunk.subarray(start));
  }
  const bytes = Buffer.concat(rest);
  if (bytes.length > 0) yield { bytes, number: number + 1, end: end + bytes.length };
}

function failed(path: string, error: unknown): StateError {
  return new StateError(
    `dead letters ${path}: the file system failed (${codeOf(error)}): this user must own the file and be able to write to its folder; nothing is lost`,
    { cause: error },
  );
}
