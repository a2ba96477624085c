import type { LogRecord } from "../model.ts";
import type { DeadLetterReason } from "../pipeline/dead-letters.ts";

/** A dead letter as it is read from its file. */
export interface Letter {
  readonly stream: string;
  readonly reason: DeadLetterReason;
  readonly record: LogRecord;
  /** Its line, without the newline. */
  readonly line: Buffer;
}

/** Reads a line of a dead-letter file; `undefined` for what is none, a torn one for example. */
export function createReadLetter(readRecord: (request: unknown) => LogRecord): (line: Buffer) => Letter | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return (line) => {
    try {
      const { uid, stream, reason, record: request } = JSON.parse(decoder.decode(line)) as Record<string, unknown>;
      const record = readRecord(request);
      if (record.uid !== uid || typeof stream !== "string" || typeof reason !== "string") return undefined;
      return { stream, reason: reason as DeadLetterReason, record, line };
    } catch {
      return undefined;
    }
  };
}
