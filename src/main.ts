#!/usr/bin/env node
import process from "node:process";
import packageJson from "../package.json" with { type: "json" };
import { parseCommandLine, type Invocation } from "./cli.ts";
import { systemClock } from "./clock.ts";
import { createHttp } from "./http.ts";
import { StateError, type LogLevel } from "./model.ts";
import type { RunOptions } from "./run.ts";
import { createStop, DEADLINE_GRACE_MS, type Stop } from "./stop.ts";
import { createLog } from "./telemetry/log.ts";
import { createProgress, type Progress } from "./telemetry/progress.ts";
import type { StreamStatus } from "./telemetry/stream-report.ts";

type RunInvocation = Extract<Invocation, { kind: "run" }>;

/** 0 done · 1 a stream could not be completed, or a defect · 2 usage or configuration · 3 state. */
type ExitCode = 0 | 1 | 2 | 3;

async function main(): Promise<ExitCode> {
  const invocation = parseCommandLine(process.argv.slice(2));
  switch (invocation.kind) {
    case "help":
      process.stdout.write(invocation.text);
      return 0;
    case "version":
      process.stdout.write(`${packageJson.version}\n`);
      return 0;
    case "usage_error":
      process.stderr.write(`slack-otel: ${invocation.message}\n`);
      return 2;
    case "schema": {
      const { jsonSchemaText } = await import("./config/json-schema.ts");
      process.stdout.write(jsonSchemaText());
      return 0;
    }
    case "demo": {
      const { demo } = await import("./demo.ts");
      const stop = createStop(systemClock);
      listenToSignals(stop);
      return demo(
        {
          env: process.env,
          version: packageJson.version,
          stdout: process.stdout,
          stderr: process.stderr,
          ...(invocation.durationMs === undefined ? {} : { durationMs: invocation.durationMs }),
        },
        stop,
      );
    }
    case "run":
      return runCommand(invocation);
    default:
      return invocation satisfies never;
  }
}

async function runCommand({ config, once, deadlineMs }: RunInvocation): Promise<ExitCode> {
  const { loadConfiguration } = await import("./config/load.ts");
  const loaded = loadConfiguration({ env: process.env, ...(config === undefined ? {} : { file: config }) });
  if (!loaded.ok) {
    for (const { where, key, problem, remedy } of loaded.errors) {
      process.stderr.write(`slack-otel: ${where}: ${key === "" ? "" : `${key} `}${problem}; ${remedy}\n`);
    }
    return 2;
  }
  const stop = createStop(systemClock);
  listenToSignals(stop);
  if (deadlineMs !== undefined) {
    const graceMs = Math.min(DEADLINE_GRACE_MS, deadlineMs / 4);
    stop.after(deadlineMs - graceMs, graceMs, "the deadline is reached");
  }
  const { log, progress, statuses } = reporting();
  for (const message of loaded.warnings) log("warn", "configuration", { message });
  const proxy = proxyVariables();
  const options: RunOptions = {
    configuration: loaded.configuration,
    once,
    version: packageJson.version,
    createHttp,
    stdout: process.stdout,
    clock: systemClock,
    random: Math.random,
    log,
    onStream: ({ status }) => statuses.push(status),
    ...(proxy === undefined ? {} : { proxy }),
  };
  const drawing = new AbortController();
  const drawn = progress?.follow(drawing.signal);
  try {
    const { run } = await import("./run.ts");
    const code = await run(options, stop);
    log("info", "stopped", { exit_code: code });
    return code;
  } catch (error) {
    return explain(error, (message) => log("error", "failed", { message }));
  } finally {
    drawing.abort();
    await drawn;
    stop[Symbol.dispose]();
  }
}

function explain(error: unknown, say: (message: string) => void): ExitCode {
  if (error instanceof StateError) {
    say(error.message);
    return 3;
  }
  const name = error instanceof Error ? error.name : "";
  if (name === "SettingsError" && error instanceof Error) {
    say(error.message);
    return 2;
  }
  if (name === "ClosedPipeError" && error instanceof Error) {
    say(`${error.message}. The position is kept; the next run goes on from there.`);
    return 1;
  }
  say(`a defect in slack-otel; please report it: ${defect(error)}`);
  return 1;
}

/** Where it happened, without the message of an error that is not ours: it may quote a header or a URL. */
function defect(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "));
  return [error.name, ...frames.slice(0, 4).map((line) => line.trim())].join(" ");
}

function reporting() {
  const statuses: StreamStatus[] = [];
  const level = (["debug", "info", "warn", "error"] as const).find(
    (known): known is LogLevel => known === process.env["OTEL_LOG_LEVEL"]?.toLowerCase(),
  );
  const write = (text: string) => void process.stderr.write(text);
  const terminal = process.stderr.isTTY && process.env["TERM"] !== "dumb";
  const progress: Progress | undefined = terminal
    ? createProgress({ write, columns: () => process.stderr.columns, clock: systemClock, statuses: () => statuses })
    : undefined;
  const log = createLog({
    write: progress === undefined ? write : progress.above(write),
    format: terminal ? "text" : "json",
    level: level ?? "info",
    clock: systemClock,
  });
  return { log, progress, statuses };
}

function proxyVariables(): RunOptions["proxy"] {
  const { env } = process;
  const http = env["http_proxy"] ?? env["HTTP_PROXY"];
  const https = env["https_proxy"] ?? env["HTTPS_PROXY"];
  const no = env["no_proxy"] ?? env["NO_PROXY"];
  if (!http && !https) return undefined;
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(no ? { no } : {}) };
}

function listenToSignals(stop: Stop): void {
  const onSignal = () => stop.request("a signal");
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

process.on("uncaughtException", (error) => {
  process.stderr.write(`slack-otel: a defect; please report it: ${defect(error)}\n`);
  process.exit(1);
});
// A reader that went away is told to the destination's own write; stderr has nobody to tell.
process.stderr.on("error", () => undefined);

process.exitCode = await main();
// Whatever is still open (a keep-alive connection, an unread pipe) must not hold up the exit.
process.exit();
