import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { LogLevel } from "../../src/model.ts";

/** The program, as Node is given it: its source, or the built one that is named. */
export const MAIN = process.env["SLACK_OTEL_PROGRAM"] ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** What Node has compiled once is not compiled again by every command of every test. */
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/commands", import.meta.url));
const PATIENCE_MS = 45_000;

/** One line of what the program says about itself. */
export interface LogLine {
  readonly time: string;
  readonly level: LogLevel;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Ended {
  readonly code: number | null;
  /** The signal that ended it, where none was caught. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly log: readonly LogLine[];
}

export interface CommandOptions {
  /** The whole environment, but for the path. */
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** `held`: nobody reads it but the test, through `stdout`. */
  readonly stdout?: "collected" | "held";
  /** Another user to run as, which only root can ask for. */
  readonly uid?: number;
}

export interface Command extends AsyncDisposable {
  readonly pid: number;
  readonly stdout: Readable;
  /** The lines so far that are JSON. */
  readonly log: readonly LogLine[];
  /** The first line of an event, past or to come. Rejects when the program ends before. */
  until(event: string, which?: (line: LogLine) => boolean): Promise<LogLine>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the program has ended and everything it wrote was read. */
  readonly ended: Promise<Ended>;
}

/** Starts the program as a user does, in a process of its own. The end of the test ends it. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): Command {
  const { env = {}, folder, stdout: reading = "collected", uid } = options;
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(folder === undefined ? {} : { cwd: folder }),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const { stdout, stderr } = child;
  const log: LogLine[] = [];
  const text = { stdout: "", stderr: "" };
  const waiting = new Set<(line: LogLine) => void>();
  let rest = "";
  stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.flatMap(parse)) {
      log.push(line);
      for (const look of waiting) look(line);
    }
  });
  if (reading === "collected") {
    stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text.stdout += chunk;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    const end = (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal, ...text, log });
    // With stdout held, "close" would wait for a reader that may never come.
    if (reading === "collected") child.once("close", end);
    else
      child.once("exit", (code, signal) =>
        stderr.closed ? end(code, signal) : stderr.once("close", () => end(code, signal)),
      );
  });
  return {
    pid: child.pid ?? 0,
    stdout,
    log,
    ended,
    signal: (name) => void child.kill(name),
    until(event, which = () => true) {
      return new Promise<LogLine>((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(timer);
          waiting.delete(look);
          act();
        };
        const look = (line: LogLine) => {
          if (line.event === event && which(line)) settle(() => resolve(line));
        };
        const fail = (why: string) => settle(() => reject(new Error(`${why} ${event}; it said:\n${text.stderr}`)));
        const timer = setTimeout(() => fail("waited in vain for"), PATIENCE_MS);
        waiting.add(look);
        for (const line of log) look(line);
        void ended.then(() => fail("the program ended before"));
      });
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      stdout.destroy();
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Runs the program to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  await using command = startCommand(args, options);
  return await command.ended;
}

/** Reads a line as JSON; nothing for a line that is none. */
function parse(line: string): LogLine[] {
  try {
    return [JSON.parse(stripVTControlCharacters(line)) as LogLine];
  } catch {
    return [];
  }
}
