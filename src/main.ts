#!/usr/bin/env node
import { styleText } from "node:util";
import { setFlagsFromString } from "node:v8";
import packageJson from "../package.json" with { type: "json" };
import { parseCommandLine } from "./cli.ts";
import { systemClock } from "./clock.ts";
import { explain, type ExitCode } from "./explain.ts";
import type { Log, LogLevel } from "./model.ts";
import type { Program, View } from "./program.ts";
import { createStop, type Stop } from "./stop.ts";
import { createLog } from "./telemetry/log.ts";
import { createProgress } from "./telemetry/progress.ts";

/** How long the last lines may take to leave through a pipe that nobody reads. */
const LAST_LINES_MS = 1_000;
/** From so many streams on, what they hold is most of the memory. */
const MANY_STREAMS = 200;

const { stdout, stderr, env } = process;
const isTerminal = stderr.isTTY && env["TERM"] !== "dumb";
/** What is drawn while a command works. */
let view: View = {};
const write = (text: string) => void stderr.write(text);
const style: typeof styleText = (format, text) => styleText(format, text, { stream: stderr });
const progress = isTerminal
  ? createProgress({
      write,
      style,
      size: () => ({ columns: stderr.columns, rows: stderr.rows }),
      clock: systemClock,
      statuses: () => view.statuses ?? [],
      lines: (width) => view.lines?.(width),
    })
  : undefined;
/** Who else hears of what the program says. */
const listeners: Log[] = [];
/** What has to be done before the process ends. */
const closings: (() => PromiseLike<void>)[] = [];
const say = createLog({
  write: progress === undefined ? write : progress.above(write),
  format: isTerminal ? "text" : "json",
  style,
  level: logLevel(),
  clock: systemClock,
});
const log: Log = (level, event, fields) => {
  say(level, event, fields);
  for (const listen of listeners) listen(level, event, fields);
};

const program: Program = {
  version: packageJson.version,
  env,
  stdout,
  stderr,
  clock: systemClock,
  random: Math.random,
  uptimeMs: () => performance.now(),
  proxy: proxyVariables(),
  log,
  style,
  complain,
  draw(wanted) {
    view = wanted;
    const drawing = new AbortController();
    const drawn = progress?.follow(drawing.signal);
    return {
      async [Symbol.asyncDispose]() {
        drawing.abort();
        await drawn;
      },
    };
  },
  listen: (listener) => void listeners.push(listener),
  fitTo(streams) {
    // V8 lets a heap grow to more than twice what lives in it, and its young generation with the first polls, which of
    // many idle streams is most of the memory. On a backlog of few of them the earlier collections would cost a fifth
    // more CPU.
    if (streams < MANY_STREAMS) return;
    setFlagsFromString("--heap-growing-percent=25");
    setFlagsFromString("--semi-space-growth-factor=1");
  },
  beforeExit: (close) => void closings.push(close),
};

async function main(): Promise<ExitCode> {
  const invocation = parseCommandLine(process.argv.slice(2));
  switch (invocation.kind) {
    case "help":
      stdout.write(invocation.text);
      return 0;
    case "version":
      stdout.write(`${program.version}\n`);
      return 0;
    case "usage_error":
      complain("usage_error", invocation.message);
      return 2;
    case "schema": {
      const { jsonSchemaText } = await import("./config/json-schema.ts");
      stdout.write(jsonSchemaText());
      return 0;
    }
    case "run":
      return untilStopped(async (stop) => (await import("./commands/run.ts")).runCommand(invocation, program, stop));
    case "check":
      return untilStopped(async (stop) =>
        (await import("./commands/check.ts")).checkCommand(invocation, program, stop),
      );
    case "status":
      return untilStopped(async () => (await import("./commands/status.ts")).statusCommand(invocation, program));
    case "backfill":
      return untilStopped(async (stop) =>
        (await import("./commands/backfill.ts")).backfillCommand(invocation, program, stop),
      );
    case "replay":
      return untilStopped(async (stop) =>
        (await import("./commands/replay.ts")).replayCommand(invocation, program, stop),
      );
    case "migrate":
      return untilStopped(async (stop) =>
        (await import("./commands/migrate.ts")).migrateCommand(invocation, program, stop),
      );
    case "demo":
      return untilStopped(async (stop) => (await import("./commands/demo.ts")).demoCommand(invocation, program, stop));
    default:
      return invocation satisfies never;
  }
}

/** Runs a command that SIGTERM and SIGINT end, explains what it throws, and ends the process. */
async function untilStopped(command: (stop: Stop) => Promise<ExitCode>): Promise<ExitCode> {
  using stop = createStop(systemClock);
  const onSignal = (name: NodeJS.Signals) => stop.request(name);
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  const over = stop.over.then((): ExitCode => {
    log("warn", "stopped", {
      exit_code: 0,
      message: "Something did not let go in time and was left. The state is safe.",
    });
    return 0;
  });
  const ended = Promise.race([command(stop), over]).catch((error: unknown) => {
    const { exitCode, message } = explain(error);
    complain(exitCode === 2 ? "configuration_error" : "failed", message, { exit_code: exitCode });
    return exitCode;
  });
  return leave(await ended);
}

/** Ends the process: whatever is still open, a connection or an unread pipe, must not hold it up. */
async function leave(exitCode: ExitCode): Promise<never> {
  await Promise.all(closings.map((close) => close()));
  const unwritten = [stdout, stderr].filter(({ writableLength }) => writableLength > 0);
  const written = unwritten.map((stream) => new Promise<void>((resolve) => stream.write("", () => resolve())));
  if (written.length > 0) {
    await Promise.race([Promise.all(written), systemClock.sleep(LAST_LINES_MS, new AbortController().signal)]);
  }
  process.exit(exitCode);
}

/** Tells what keeps the program from working: on a terminal as commands do, else as a line of the log. */
function complain(event: string, message: string, fields: Readonly<Record<string, string | number>> = {}): void {
  if (progress === undefined) log("error", event, { ...fields, message });
  else progress.above(write)(`slack-otel: ${message}\n`);
}

function logLevel(): LogLevel {
  const wanted = env["OTEL_LOG_LEVEL"]?.toLowerCase();
  return (["debug", "info", "warn", "error"] as const).find((known) => known === wanted) ?? "info";
}

function proxyVariables(): Program["proxy"] {
  const http = env["http_proxy"] ?? env["HTTP_PROXY"];
  const https = env["https_proxy"] ?? env["HTTPS_PROXY"];
  const no = env["no_proxy"] ?? env["NO_PROXY"];
  if (!http && !https) return {};
  return { proxy: { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(no ? { no } : {}) } };
}

process.on("uncaughtException", (error) => {
  const { exitCode, message } = explain(error);
  complain("failed", message, { exit_code: exitCode });
  process.exit(exitCode);
});
// A reader that went away is told to whoever writes; of help it has had enough, and stderr has nobody to tell.
stdout.on("error", () => undefined);
stderr.on("error", () => undefined);

// Until it is known. Nothing is awaited at the top level: commands are modules that import modules of this one, and would
// wait for it in turn.
process.exitCode = 1;
void main().then((exitCode) => {
  process.exitCode = exitCode;
});
