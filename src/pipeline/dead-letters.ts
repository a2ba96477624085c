import { mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { StateError, type Cause, type Clock, type LogRecord } from "../model.ts";

/** `partial`: some records of the batch were rejected, and the receiver does not say which. */
export type DeadLetterReason = "rejected" | "too_large" | "server_error" | "partial";

export interface DeadLetter {
  readonly record: LogRecord;
  readonly reason: DeadLetterReason;
  readonly cause: Cause;
}

export interface DeadLetters {
  /** Resolves when the lines are on the disk. Rejects with a `StateError`: what cannot be set aside is not settled. */
  write(letters: readonly DeadLetter[]): Promise<void>;
}

export interface DeadLetterFileOptions {
  /** A folder; made at the first letter. */
  readonly path: string;
  readonly stream: string;
  readonly destination: string;
  readonly clock: Clock;
  /** The record as JSON text, one line. */
  readonly encode: (record: LogRecord) => string;
}

/** One file of JSON lines a stream, appended and synced. Letters hold payload, so only the owner may read them. */
export function createDeadLetterFile(options: DeadLetterFileOptions): DeadLetters {
  const { path, stream, destination, clock, encode } = options;
  const file = join(path, `${stream.replaceAll(/[^A-Za-z0-9_-]/g, "_")}.jsonl`);
  return {
    async write(letters) {
      const time = new Date(clock.now()).toISOString();
      const lines = letters.map(({ record, reason, cause }) => {
        const head = { uid: record.uid, stream, time, reason, status: cause.statusCode, message: cause.message };
        return `${JSON.stringify({ ...head, destination }).slice(0, -1)},"record":${encode(record)}}\n`;
      });
      try {
        await mkdir(path, { recursive: true, mode: 0o700 });
        await append(file, lines.join(""));
      } catch (error) {
        throw cannotWrite(file, error);
      }
    },
  };
}

/** Whether dead letters could be written, tried before anything is read from Slack. Rejects with a `StateError`. */
export async function probeDeadLetters(path: string): Promise<void> {
  const file = join(path, ".probe");
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await append(file, "");
    await unlink(file);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

async function append(file: string, text: string): Promise<void> {
  const handle = await open(file, "a", 0o600);
  try {
    await handle.appendFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function cannotWrite(file: string, error: unknown): StateError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return new StateError(
    `dead letters cannot be written to ${file} (${code}): make the folder writable and free space on its disk, or set dead_letters.path`,
    { cause: error },
  );
}
