/** Puts what goes wrong with the database into words: what is wrong, where, and what to do. Never quotes the URL. */
import { StateError } from "../../model.ts";

/** Five characters: https://www.postgresql.org/docs/current/errcodes-appendix.html. So has EPIPE, which is the system's. */
function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || "syscall" in error || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** The server is away, or will be back: the same request may succeed later, and may have succeeded before. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof StateError) return false;
  const state = sqlStateOf(error);
  // Connection exceptions, resources (too many connections), shutdown, serialization, read-only standby, cancelled.
  if (state !== undefined) return /^(?:08|53|57|40|25006|58)/.test(state);
  return "syscall" in error || PASSING.test(error.message);
}

/** What pg says without a code. */
const PASSING =
  /^(?:Connection terminated|Query read timeout|timeout exceeded|timeout expired|Client has encountered a connection error|The server does not support SSL|Client network socket disconnected|read E|write E|connect E|Client was closed)/;

export const isForeignKeyViolation = (error: unknown): boolean => sqlStateOf(error) === "23503";

/** `where` is the database as people know it, without secrets. */
export function explained(where: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const unusable = (problem: string, remedy: string): StateError =>
    new StateError(`State in PostgreSQL at ${where}: ${problem}. ${remedy}`, { cause: error });
  const state = sqlStateOf(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  switch (state) {
    case "28P01":
    case "28000":
      return unusable(`the user or its password is refused (${state})`, 'Correct "state.postgres.url".');
    case "3D000":
      return unusable("the database does not exist (3D000)", "Create it, or correct its name in the URL.");
    case "42501":
      return unusable("no permission (42501)", GRANTS);
    case "53300":
      return unusable("it has no connection left (53300)", "Raise max_connections, or run fewer replicas.");
    case "53100":
      return unusable("its disk is full (53100)", "Make room there, then start again: nothing is lost.");
    case "25006":
      return unusable("it takes no writes (25006): it is a standby", "Name the primary in the URL.");
    case undefined:
      break;
    default:
      return unusable(`the database refused a request (${state})`, "Look into the database's own log.");
  }
  if (code !== undefined && /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code)) {
    return unusable(
      `its TLS certificate is not accepted (${code})`,
      "Name the authority's file by sslrootcert=… in the URL.",
    );
  }
  if (/does not support SSL/.test(error.message)) {
    return unusable("it speaks no TLS", "Turn TLS on there, or give sslmode=disable in the URL.");
  }
  if (isPassing(error)) {
    return unusable(
      `it cannot be reached (${code ?? "no answer in time"})`,
      "Check that it runs and that host and port in the URL are right; nothing was sent.",
    );
  }
  return error;
}

const GRANTS =
  "The user must be able to create tables in the schema it works in: grant it CREATE there, or let another create the " +
  "tables and grant it all rights on them.";

export function damaged(where: string, problem: string): StateError {
  return new StateError(
    `State in PostgreSQL at ${where}: ${problem}. It was left as it is. Put a good backup back; or drop the tables ` +
      'slack_otel_* and start anew: set "start" far enough back, or run "slack-otel backfill", to cover the time since ' +
      "the last delivery.",
  );
}

export function newerSchema(where: string, found: number, known: number): StateError {
  return new StateError(
    `State in PostgreSQL at ${where}: it is of a newer version of this program (schema ${found}, this one knows ` +
      `${known}). It was left as it is. Run that version, or a newer one.`,
  );
}
