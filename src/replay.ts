import { stat } from "node:fs/promises";
import { closeRefused } from "./backfill/close-refused.ts";
import { timeMsOf } from "./backfill/stretch-tracker.ts";
import { SettingsError } from "./destinations/destination-kind.ts";
import { codeOf } from "./durable-file.ts";
import { StateError, type Cause, type Destination, type LogRecord } from "./model.ts";
import { createReadRecord } from "./otlp/decode.ts";
import { toJsonLine } from "./otlp/encode.ts";
import { letterLine, type DeadLetters } from "./pipeline/dead-letters.ts";
import { isolating, type Refusal } from "./pipeline/isolate.ts";
import { withRetry } from "./pipeline/retry.ts";
import { createReadLetter, type Letter } from "./replay/read-letter.ts";
import { isLeft, linesOf, takeFile, type TakenFile } from "./replay/taken-file.ts";
import { createDestination, type RunOptions, type StopSignals } from "./run.ts";
import { isBusy } from "./state/failure.ts";
import { acquireLock } from "./state/lock.ts";

const NEWLINE = Buffer.from("\n");

export interface ReplayOptions extends RunOptions {
  /** Files of dead letters, as they were written. */
  readonly files: readonly string[];
}

interface Outcome {
  sent: number;
  /** Refused again, and back in the file. */
  kept: number;
  /** Not tried, and back in the file. */
  left: number;
  /** Entry times of what was taken, by stream; epoch milliseconds. */
  readonly taken: Map<string, number[]>;
  refusal?: Refusal | undefined;
}

/**
 * Sends dead letters again, with the same uid, time and body. What is taken leaves its file, what is refused again stays
 * in it with the new reason, and a crash in the middle repeats at most one batch. Resolves with the exit code: 1 where a
 * letter is left for another reason than a stop. Rejects with a `SettingsError` (2), a `StateError` (3), a
 * `ClosedPipeError` (1) or a defect.
 */
export async function replay(options: ReplayOptions, { stop, abort }: StopSignals): Promise<0 | 1> {
  const { files, log } = options;
  for (const file of files) await examine(file);
  const destination = options.destination ?? (await createDestination(options));
  await using _closing = { [Symbol.asyncDispose]: () => destination.close() };
  log("info", "started", { destination: destination.name, to: destination.description });
  let exitCode: 0 | 1 = 0;
  const taken = new Map<string, readonly number[]>();
  for (const file of files) {
    if (stop.aborted) break;
    const outcome = await replayFile(file, destination, options, { stop, abort });
    const { sent, kept, left, refusal } = outcome;
    log(kept + left > 0 ? "warn" : "info", "replayed", { file, sent, kept, left, error: refusal?.cause.message });
    if (kept > 0 || refusal !== undefined) exitCode = 1;
    for (const [stream, times] of outcome.taken) taken.set(stream, [...(taken.get(stream) ?? []), ...times]);
    if (refusal !== undefined) break;
  }
  if (taken.size > 0) await closeRefused(taken, { ...options, state: options.configuration.state }, abort);
  return exitCode;
}

/** Nothing is sent before every line of every file was found to be a letter. */
async function examine(file: string): Promise<void> {
  const readLetter = createReadLetter(createReadRecord());
  try {
    if (!(await stat(file)).isFile()) throw new SettingsError(file, "is no file");
    for await (const { bytes, number } of linesOf(file)) if (readLetter(bytes) === undefined) throw torn(file, number);
  } catch (error) {
    if (error instanceof StateError || error instanceof SettingsError) throw error;
    if (codeOf(error) !== "ENOENT") throw unreadable(file, error);
    if (!(await isLeft(file))) throw new SettingsError(file, "there is no such file");
  }
}

async function replayFile(
  file: string,
  destination: Destination,
  options: ReplayOptions,
  signals: StopSignals,
): Promise<Outcome> {
  using _lock = await lock(file, signals.stop);
  const total: Outcome = { sent: 0, kept: 0, left: 0, taken: new Map() };
  const taken = await takeFile(file);
  if (taken === undefined) return total;
  const replaying: Replaying = { file, taken, destination, options, total, ...signals };
  const deliver = createDeliver(replaying);
  try {
    for await (const { letters, end } of batchesOf(replaying)) {
      total.refusal = await deliver(letters, end);
      if (total.refusal !== undefined || signals.stop.aborted) break;
    }
  } finally {
    total.left += await taken.giveBack();
  }
  return total;
}

async function lock(file: string, signal: AbortSignal): Promise<Disposable> {
  try {
    return { [Symbol.dispose]: await acquireLock(file, 0, signal) };
  } catch (error) {
    if (!(error instanceof StateError) || !isBusy(error.cause)) throw error;
    throw new StateError(`dead letters ${file}: another replay is sending them`, { cause: error });
  }
}

interface Replaying extends StopSignals {
  readonly file: string;
  readonly taken: TakenFile;
  readonly destination: Destination;
  readonly options: ReplayOptions;
  readonly total: Outcome;
}

/** Batches as large as in a run; a letter marked `partial` is sent alone, so that it is known which are refused. */
async function* batchesOf({ file, taken, destination, options }: Replaying) {
  const { max_records, max_bytes } = options.configuration.batch;
  const maxRecords = Math.min(max_records, destination.limits.maxRecords ?? max_records);
  const maxBytes = Math.min(max_bytes, destination.limits.maxBytes ?? max_bytes);
  const readLetter = createReadLetter(createReadRecord());
  let letters: Letter[] = [];
  let bytes = 0;
  let end = 0;
  for await (const line of taken.lines()) {
    const letter = readLetter(line.bytes);
    if (letter === undefined) throw torn(file, line.number);
    const size = letter.record.sizeBytes;
    const isAlone = letter.reason === "partial" || letters[0]?.reason === "partial";
    if (letters.length > 0 && (isAlone || letters.length >= maxRecords || bytes + size > maxBytes)) {
      yield { letters, end };
      [letters, bytes] = [[], 0];
    }
    letters.push(letter);
    bytes += size;
    end = line.end;
  }
  if (letters.length > 0) yield { letters, end };
}

/**
 * Settles a batch, counting: when it resolves, what was not taken is back in the file. With a refusal of everything
 * that is what had not been tried; a stop leaves the same.
 */
function createDeliver({ taken, destination, options, total, stop, abort }: Replaying) {
  const { clock, random, log } = options;
  const streamOf = new Map<LogRecord, string>();
  const keeping: DeadLetters = {
    full: () => Promise.resolve(undefined),
    async write(letters) {
      const time = new Date(clock.now()).toISOString();
      const facts = { time, destination: destination.name, encode: toJsonLine };
      const lines = letters.map((letter) =>
        letterLine(letter, { ...facts, stream: streamOf.get(letter.record) as string }),
      );
      await taken.keep(lines.join(""));
      total.kept += letters.length;
    },
  };
  const onRetry = ({ delayMs, cause }: { readonly delayMs: number; readonly cause: Cause }) => {
    const message = "Nothing is lost: the same records are sent again until they are taken.";
    log("warn", "destination_retry", { error: cause.message, status: cause.statusCode, delay_ms: delayMs, message });
  };
  const send = withRetry(destination.send, { clock, random, attemptSignal: abort, onRetry });
  const deliver = isolating(send, keeping, { clock, random, outage: "refuse" });

  function note(records: readonly LogRecord[]): void {
    for (const record of records) {
      const stream = streamOf.get(record) as string;
      const ms = timeMsOf(record);
      if (ms === undefined) continue;
      const times = total.taken.get(stream) ?? [];
      times.push(ms);
      total.taken.set(stream, times);
    }
  }

  return async (letters: readonly Letter[], end: number): Promise<Refusal | undefined> => {
    streamOf.clear();
    for (const { record, stream } of letters) streamOf.set(record, stream);
    const records = letters.map(({ record }) => record);
    const keptBefore = total.kept;
    const unsettled = new Set(records);
    try {
      const delivery = deliver(records, stop);
      for (;;) {
        const step = await delivery.next();
        if (step.done === true) return step.value.kind === "refused" ? step.value : undefined;
        for (const record of step.value.records) unsettled.delete(record);
        if (step.value.outcome === "accepted" && step.value.rejected === 0) note(step.value.records);
      }
    } catch (error) {
      if (stop.aborted && error === stop.reason) return undefined;
      throw error;
    } finally {
      const lines = letters.filter(({ record }) => unsettled.has(record)).flatMap(({ line }) => [line, NEWLINE]);
      if (lines.length > 0) await taken.keep(Buffer.concat(lines));
      await taken.settled(end);
      total.left += unsettled.size;
      total.sent += letters.length - unsettled.size - (total.kept - keptBefore);
    }
  };
}

function unreadable(file: string, error: unknown): StateError {
  const message = `dead letters ${file} cannot be read (${codeOf(error)}): run this as the user who owns them`;
  return new StateError(message, { cause: error });
}

function torn(file: string, line: number): StateError {
  return new StateError(
    `dead letters ${file}, line ${line}: not a whole letter, as a crash in mid-write leaves it, or another kind of file. It is kept. Move that line to another file, then replay again.`,
  );
}
