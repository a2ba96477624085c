import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { appendLines, codeOf, makeFolder } from "../durable-file.ts";
import { StateError, type Cause, type Clock, type LogRecord } from "../model.ts";

/** `partial`: some records of the batch were rejected, and the receiver does not say which. */
export type DeadLetterReason = "rejected" | "too_large" | "too_old" | "server_error" | "partial";

export interface DeadLetter {
  readonly record: LogRecord;
  readonly reason: DeadLetterReason;
  readonly cause: Cause;
}

export interface DeadLetters {
  /** Why no letter may be added: the folder has grown to its limit. Resolves with nothing where there is room. */
  full(): Promise<Cause | undefined>;
  /** Resolves when the lines are on the disk. Rejects with a `StateError`: what cannot be set aside is not settled. */
  write(letters: readonly DeadLetter[]): Promise<void>;
}

export interface DeadLetterFileOptions {
  /** A folder; made at the first letter. */
  readonly path: string;
  /** No letter is added once all files of the folder together have so many bytes. */
  readonly maxBytes: number;
  readonly stream: string;
  readonly destination: string;
  readonly clock: Clock;
  /** The record as JSON text, one line. */
  readonly encode: (record: LogRecord) => string;
}

/** One file of JSON lines a stream, appended and synced. Letters hold payload, so only the owner may read them. */
export function createDeadLetterFile(options: DeadLetterFileOptions): DeadLetters {
  const { path, maxBytes, stream, destination, clock, encode } = options;
  const file = join(path, `${stream.replaceAll(/[^A-Za-z0-9_-]/g, "_")}.jsonl`);
  return {
    async full() {
      const bytes = await bytesIn(path);
      if (bytes < maxBytes) return undefined;
      const message = `${path} holds ${bytes} bytes of dead letters, the limit is ${maxBytes}: replay them, move them away, or raise dead_letters.max_bytes`;
      return { message };
    },
    async write(letters) {
      const time = new Date(clock.now()).toISOString();
      const lines = letters.map((letter) => letterLine(letter, { stream, destination, time, encode }));
      try {
        await makeFolder(path);
        await appendLines(file, lines.join(""));
      } catch (error) {
        throw cannotWrite(file, error);
      }
    },
  };
}

export interface LetterFacts {
  readonly stream: string;
  readonly destination: string;
  /** RFC 3339. */
  readonly time: string;
  readonly encode: (record: LogRecord) => string;
}

/** A letter as a line of its file. */
export function letterLine({ record, reason, cause }: DeadLetter, facts: LetterFacts): string {
  const { stream, time, destination, encode } = facts;
  const head = { uid: record.uid, stream, time, reason, status: cause.statusCode, message: cause.message, destination };
  return `${JSON.stringify(head).slice(0, -1)},"record":${encode(record)}}\n`;
}

/** Whether dead letters could be written, tried before anything is read from Slack. Rejects with a `StateError`. */
export async function probeDeadLetters(path: string): Promise<void> {
  const file = join(path, ".probe");
  try {
    await makeFolder(path);
    await appendLines(file, "");
    // Another program that shares the folder may just have taken it away.
    await rm(file, { force: true });
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

function cannotWrite(file: string, error: unknown): StateError {
  return new StateError(
    `dead letters cannot be written to ${file} (${codeOf(error)}): make the folder writable and free space on its disk, or set dead_letters.path`,
    { cause: error },
  );
}

async function bytesIn(folder: string): Promise<number> {
  try {
    const names = await readdir(folder);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch (error) {
    // Not made yet, or a file was taken away just now: the next letter asks again.
    if (codeOf(error) === "ENOENT") return 0;
    throw cannotWrite(folder, error);
  }
}
