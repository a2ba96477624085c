/**
 * Puts whatever goes wrong with the state file into words: what is wrong with which file, and what to do.
 */
import { StateError } from "../model.ts";

/** What SQLite throws: `errcode` is the extended result code (https://sqlite.org/rescode.html). */
interface SqliteError extends Error {
  readonly errcode: number;
}

const BUSY = 5;
const NOT_A_DATABASE = 26;

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

export function isBusy(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === BUSY;
}

export function isNotDatabase(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === NOT_A_DATABASE;
}

/** The content of the file cannot be trusted. It is left as it is. */
export function damaged(path: string, problem: string, cause?: unknown): StateError {
  return new StateError(
    `State file ${path}: ${problem}. It was left as it is. Put a good copy back; or move it and ${path}-journal ` +
      'aside and start anew: set "start" far enough back, or run "slack-otel backfill", to cover the time since the ' +
      "last delivery.",
    { cause },
  );
}

/** The file is somebody else's, or not for this version. It is left as it is. */
export function unsuitable(path: string, problem: string, remedy: string, cause?: unknown): StateError {
  return new StateError(`State file ${path}: ${problem}. It was left as it is. ${remedy}`, { cause });
}

/** Two programs use one state. */
export function taken(path: string, cause?: unknown): StateError {
  return new StateError(
    `State file ${path}: another instance is using it. Only one may run on one state: stop the other one, or give ` +
      'this one a state file of its own (in Kubernetes: one replica, "concurrencyPolicy: Forbid").',
    { cause },
  );
}

/** An error of SQLite or of the file system, as a `StateError`. Anything else is a defect and comes back as it is. */
export function explained(path: string, error: unknown): unknown {
  if (error instanceof StateError) return error;
  if (isSqliteError(error)) return explainedSqlite(path, error);
  if (error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error) {
    return explainedSystem(path, error.code, error);
  }
  return error;
}

function explainedSqlite(path: string, error: SqliteError): StateError {
  const unusable = (problem: string, remedy: string): StateError =>
    new StateError(`State file ${path}: ${problem} (SQLite code ${error.errcode}). ${remedy}`, { cause: error });
  switch (error.errcode & 0xff) {
    case BUSY:
    case 6:
      return unusable(
        "another program keeps it locked",
        "Close whatever has it open for writing, or for one long read.",
      );
    case 3:
    case 23:
    case 14:
      return unusable("it cannot be opened", WRITABLE);
    case 8:
      return unusable("it, or its folder, is read-only", WRITABLE);
    case 10:
      return unusable("reading or writing failed", "Check the disk and the volume, then start again.");
    case 13:
      return unusable("the disk is full", FREE);
    case 1:
      return damaged(path, `SQLite can make nothing of it (${error.message})`, error);
    case 11:
      return damaged(path, "it is damaged", error);
    case NOT_A_DATABASE:
      return damaged(path, "it is not an SQLite database", error);
    default:
      return unusable(`SQLite failed: ${error.message}`, "Check the disk and the volume, then start again.");
  }
}

const WRITABLE =
  "The user this program runs as must own the file and be able to write to its folder, and the volume must be mounted " +
  "for writing.";
const FREE = "Make room on the volume, then start again: nothing is lost.";

function explainedSystem(path: string, code: string, error: Error): StateError {
  const unusable = (problem: string, remedy: string): StateError =>
    new StateError(`State file ${path}: ${problem} (${code}). ${remedy}`, { cause: error });
  switch (code) {
    case "EACCES":
    case "EPERM":
      return unusable("no permission", WRITABLE);
    case "EROFS":
      return unusable("the volume is read-only", WRITABLE);
    case "ENOSPC":
    case "EDQUOT":
      return unusable("the disk is full", FREE);
    case "ENOENT":
    case "ENOTDIR":
      return unusable("its folder does not exist", "Create the folder, or mount the volume, or correct the path.");
    default:
      return unusable("the file system failed", "Check the disk and the volume, then start again.");
  }
}

/** The disk has too little room for one commit. */
export function tooLittleRoom(path: string, neededBytes: number): StateError {
  return new StateError(
    `State file ${path}: the disk is full, or nearly: one commit may need ${Math.ceil(neededBytes / 1024)} KiB. ${FREE}`,
  );
}
