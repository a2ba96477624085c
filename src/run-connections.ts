import type { Files, ListFiles } from "./config/files.ts";
import type { ConnectionSettings } from "./config/slack-settings.ts";
import {
  createConnection,
  openingsOf,
  type Connection,
  type ConnectionOptions,
  type FileFault,
  type Opening,
} from "./connections.ts";
import { runConnection, type ConnectionRun } from "./run-connection.ts";

/** Files with tokens come and go: they are looked for this often. */
const FILES_MS = 10_000;

export interface ConnectionsRun
  extends ConnectionOptions, Pick<ConnectionRun, "sources" | "once" | "supervisor" | "runStream"> {
  readonly settings: readonly ConnectionSettings[];
  readonly files: Files;
  readonly listFiles: ListFiles;
  readonly onConnection?: (connection: Connection) => void;
  /** Told of a defect. */
  readonly onFailure: (error: unknown) => void;
  /** Told once, when every connection has had its first answer from Slack and streams are known. */
  readonly onStart: (streams: number) => void;
}

/**
 * Runs every connection of the configuration, each by itself: one whose token is refused, or whose file is gone, stops no
 * other. `once`: resolves when the streams of each are known or its token is refused. Else when the signal ends it.
 */
export async function runConnections(
  options: ConnectionsRun,
  signal: AbortSignal,
): Promise<{ readonly refused: number }> {
  const { settings, once, clock } = options;
  const opened = createOpened(options, signal);
  async function keepLooking(): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(FILES_MS, signal).catch(() => undefined);
      if (!signal.aborted) opened.look();
    }
  }
  opened.look();
  const hasFiles = settings.some(({ token_files }) => token_files !== undefined);
  if (!once && hasFiles) await keepLooking();
  const refused = await opened.ended();
  // Slack has not answered anybody.
  if (signal.aborted && opened.answers() === 0) throw signal.reason;
  return { refused };
}

interface Open {
  readonly opening: Opening;
  readonly stop: AbortController;
  readonly ended: Promise<"known" | "refused">;
  /** Absent before Slack's first answer. `streams`: how many there are, but where the token is refused. */
  answer?: { readonly streams: number | undefined };
}

/** The connections that are open, by what the supervisor knows them by: the file, the name, or where there is one, `slack`. */
function createOpened(options: ConnectionsRun, signal: AbortSignal) {
  const { settings, supervisor, log } = options;
  const open = new Map<string, Open>();
  let faults: readonly FileFault[] = [];
  let isFirstLook = true;
  let isStarted = false;
  let isEmpty = false;

  function start(): void {
    const answers = [...open.values()].map(({ answer }) => answer);
    const known = answers.flatMap((answer) => answer?.streams ?? []);
    if (isStarted || isFirstLook || known.length === 0 || answers.includes(undefined)) return;
    isStarted = true;
    options.onStart(known.reduce((sum, streams) => sum + streams, 0));
  }

  function openOne(opening: Opening, owner: string): void {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const connection = createConnection(opening, options, either);
    options.onConnection?.(connection);
    const unlessStopped = (error: unknown) => {
      if (!either.aborted || error !== either.reason) options.onFailure(error);
    };
    if (!options.once) connection.rotation?.keep().catch(unlessStopped);
    const onAnswer = (streams: number | undefined) => {
      one.answer = { streams };
      start();
    };
    const one: Open = {
      opening,
      stop,
      ended: runConnection({ ...options, connection, owner, onAnswer }, either).catch((error: unknown) => {
        unlessStopped(error);
        return "known";
      }),
    };
    open.set(owner, one);
  }

  function close(owner: string, { opening, stop }: Open): void {
    const message =
      "Its token's file is gone, so its streams are stopped. They go on where they stand if it comes back.";
    log("warn", "connection_removed", { connection: opening.name, path: opening.path, message });
    stop.abort(new Error(message));
    open.delete(owner);
    supervisor.assign(owner, []);
  }

  function tellFaults(found: readonly FileFault[]): void {
    for (const { path, problem, remedy } of found) {
      if (faults.some((known) => known.path === path && known.problem === problem)) continue;
      log("error", "token_file_unreadable", { path, message: `${problem}; ${remedy}` });
    }
    faults = found;
  }

  function tellEmpty(): void {
    const patterns = settings.flatMap(({ token_files }) => token_files ?? []);
    if (open.size === 0 && !isEmpty) {
      const message = "No file with a token is there: put one there, it is noticed by itself.";
      log("warn", "no_token_files", { path: patterns.join(" "), message });
    }
    isEmpty = open.size === 0;
  }

  return {
    /** Opens what is new, and closes what is gone. */
    look() {
      const found = openingsOf(settings, options.files, options.listFiles, (path) => open.get(path)?.opening);
      tellFaults(found.faults);
      const owners = new Map(found.openings.map((opening) => [opening.path ?? opening.name ?? "slack", opening]));
      for (const [owner, one] of open) if (!owners.has(owner)) close(owner, one);
      for (const [owner, opening] of owners) {
        if (open.has(owner)) continue;
        if (!isFirstLook) log("info", "connection_added", { connection: opening.name, path: opening.path });
        openOne(opening, owner);
      }
      tellEmpty();
      isFirstLook = false;
      start();
    },
    answers: () => [...open.values()].filter(({ answer }) => answer !== undefined).length,
    /** Resolves with how many connections could not be read with, files without a usable token among them. */
    async ended(): Promise<number> {
      const results = await Promise.all([...open.values()].map(({ ended }) => ended));
      return results.filter((result) => result === "refused").length + faults.length + (open.size === 0 ? 1 : 0);
    },
  };
}
