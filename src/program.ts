import type { Writable } from "node:stream";
import type { styleText } from "node:util";
import type { Configuration } from "./config/schema.ts";
import type { Clock, Log } from "./model.ts";
import type { RunOptions } from "./run.ts";
import type { StreamStatus } from "./telemetry/stream-status.ts";

/** A stream to write to, and what a terminal tells of itself. */
export interface Output extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command shows at the bottom of a terminal while it works: the streams, or lines of its own. */
export interface View {
  readonly statuses?: readonly StreamStatus[];
  /** None longer than the width. */
  readonly lines?: (width: number) => readonly string[];
}

/** What a command works with: all that only `main.ts` may touch, as values. */
export interface Program {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Since the process began, in milliseconds. */
  readonly uptimeMs: () => number;
  /** The proxy variables of the environment. */
  readonly proxy: Pick<RunOptions, "proxy">;
  readonly log: Log;
  /** Colours for standard error, where that is a terminal. */
  readonly style: typeof styleText;
  /** Tells what keeps the program from working: on a terminal as commands do, else as a line of the log. */
  complain(event: string, message: string, fields?: Readonly<Record<string, string | number>>): void;
  /** Draws until it is disposed, which waits for the last drawing. Where there is no terminal it does nothing. */
  draw(view: View): AsyncDisposable;
  /** Lets somebody else hear what the program says. */
  listen(log: Log): void;
  /** Fits the process to so many streams. */
  fitTo(streams: number): void;
  /** Has this done before the process ends. */
  beforeExit(close: () => PromiseLike<void>): void;
}

/** The configuration; `undefined` after everything that is wrong with it was told. */
export async function configured(
  { env, log, complain }: Pick<Program, "env" | "log" | "complain">,
  file: string | undefined,
  { stateOnly = false } = {},
): Promise<Configuration | undefined> {
  const [{ loadConfiguration }, { describeConfigurationError }] = await Promise.all([
    import("./config/load.ts"),
    import("./config/layer.ts"),
  ]);
  const loaded = loadConfiguration({ env, stateOnly, ...(file === undefined ? {} : { file }) });
  if (loaded.ok) {
    for (const message of loaded.warnings) log("warn", "configuration", { message });
    return loaded.configuration;
  }
  for (const error of loaded.errors) {
    const { where, key } = error;
    complain("configuration_error", describeConfigurationError(error), { where, key });
  }
  return undefined;
}

/** What `run` and its kin are made with. */
export async function runOptions(program: Program, configuration: Configuration): Promise<Omit<RunOptions, "once">> {
  const { createHttp } = await import("./http.ts");
  const { version, stdout, clock, random, log, proxy } = program;
  return { configuration, version, createHttp, stdout, clock, random, log, ...proxy };
}

/** Says, when it comes to that, that a stop was asked for and what happens now. */
export function tellStopping({ log }: Pick<Program, "log">, stop: AbortSignal): void {
  stop.addEventListener("abort", () => {
    const message = "What is in flight may still end; a second signal stops at once.";
    log("info", "stopping", { reason: (stop.reason as Error).message, message });
  });
}
