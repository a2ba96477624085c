#!/usr/bin/env node
import process from "node:process";
import { styleText } from "node:util";
import packageJson from "../package.json" with { type: "json" };
import type { BackfillProgress } from "./backfill/progress.ts";
import { parseCommandLine, type Invocation } from "./cli.ts";
import { systemClock } from "./clock.ts";
import type { Configuration } from "./config/schema.ts";
import type { Connection } from "./connections.ts";
import { explain, type ExitCode } from "./explain.ts";
import type { Log, LogLevel } from "./model.ts";
import type { RunOptions } from "./run.ts";
import { createStop, type Stop } from "./stop.ts";
import { createLog } from "./telemetry/log.ts";
import type { Telemetry } from "./telemetry.ts";
import { createProgress } from "./telemetry/progress.ts";
import type { StreamStatus } from "./telemetry/stream-report.ts";

type Invoked<Kind extends Invocation["kind"]> = Extract<Invocation, { kind: Kind }>;

/** How long the last lines may take to leave through a pipe that nobody reads. */
const LAST_LINES_MS = 1_000;

const { stdout, stderr, env } = process;
const isTerminal = stderr.isTTY && env["TERM"] !== "dumb";
const statuses: StreamStatus[] = [];
const connections: Connection[] = [];
/** What is drawn in place of the streams. */
let lines: ((width: number) => readonly string[]) | undefined;
const write = (text: string) => void stderr.write(text);
const style: typeof styleText = (format, text) => styleText(format, text, { stream: stderr });
const progress = isTerminal
  ? createProgress({
      write,
      style,
      size: () => ({ columns: stderr.columns, rows: stderr.rows }),
      clock: systemClock,
      statuses: () => statuses,
      lines: (width) => lines?.(width),
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

async function main(): Promise<ExitCode> {
  const invocation = parseCommandLine(process.argv.slice(2));
  switch (invocation.kind) {
    case "help":
      stdout.write(invocation.text);
      return 0;
    case "version":
      stdout.write(`${packageJson.version}\n`);
      return 0;
    case "usage_error":
      complain("usage_error", invocation.message);
      return 2;
    case "schema": {
      const { jsonSchemaText } = await import("./config/json-schema.ts");
      stdout.write(jsonSchemaText());
      return 0;
    }
    case "migrate":
      return leave(await untilStopped((stop) => migrateCommand(invocation, stop)));
    case "replay":
      return leave(await untilStopped((stop) => replayCommand(invocation, stop)));
    case "status":
      return leave(await untilStopped(() => statusCommand(invocation)));
    case "backfill":
      return leave(await untilStopped((stop) => backfillCommand(invocation, stop)));
    case "demo":
      return leave(await untilStopped((stop) => demoCommand(invocation, stop)));
    case "check":
      return leave(await untilStopped((stop) => checkCommand(invocation, stop)));
    case "run":
      return leave(await untilStopped((stop) => runCommand(invocation, stop)));
    default:
      return invocation satisfies never;
  }
}

async function runCommand({ config, once, deadlineMs }: Invoked<"run">, stop: Stop): Promise<ExitCode> {
  // The clock started with the process, not here.
  if (deadlineMs !== undefined) stop.within(deadlineMs - performance.now(), "the deadline is reached");
  const configuration = await configured(config);
  if (configuration === undefined) return 2;
  const telemetry = await telemetryOf(configuration);
  tellStopping(stop);
  const drawing = new AbortController();
  const drawn = progress?.follow(drawing.signal);
  try {
    const { run } = await import("./run.ts");
    const options: RunOptions = {
      ...(await runOptions(configuration)),
      once,
      onStream: ({ status }) => statuses.push(status),
      ...(telemetry === undefined
        ? {}
        : { onExport: telemetry.exported, onConnection: (one) => void connections.push(one) }),
    };
    const exitCode = await run(options, stop);
    log("info", "stopped", { exit_code: exitCode });
    return exitCode;
  } finally {
    drawing.abort();
    await drawn;
  }
}

/** Nothing is loaded of it unless the configuration asks for it. */
async function telemetryOf(configuration: Configuration): Promise<Telemetry | undefined> {
  const { address, metrics, logs } = configuration.telemetry;
  if (address === undefined && metrics === undefined && logs === undefined) return undefined;
  const { startTelemetry } = await import("./telemetry.ts");
  const { version } = packageJson;
  const methods = () => connections.flatMap(({ client }) => client.quota.methods());
  const options = { configuration, version, statuses: () => statuses, methods, clock: systemClock, log };
  const telemetry = await startTelemetry(options);
  listeners.push(telemetry.log);
  closings.push(() => telemetry[Symbol.asyncDispose]());
  return telemetry;
}

async function migrateCommand(invocation: Invoked<"migrate">, { stop }: Stop): Promise<ExitCode> {
  const only = { stateOnly: true };
  const [from, to] = [await configured(invocation.from, only), await configured(invocation.to, only)];
  if (from === undefined || to === undefined) return 2;
  const { migrate } = await import("./migrate.ts");
  return migrate({ from, to, clock: systemClock, log, signal: stop });
}

async function checkCommand({ config, json, send }: Invoked<"check">, { stop }: Stop): Promise<ExitCode> {
  const [{ loadConfiguration }, { check }, { renderJson, renderScreen }, { createHttp }] = await Promise.all([
    import("./config/load.ts"),
    import("./check.ts"),
    import("./check/screen.ts"),
    import("./http.ts"),
  ]);
  const loaded = loadConfiguration({ env, ...(config === undefined ? {} : { file: config }) });
  // The test record of this destination has standard output for itself.
  const output = loaded.ok && send && loaded.configuration.destination.name === "stdout" ? stderr : stdout;
  const { version } = packageJson;
  const options = { loaded, send, version, createHttp, stdout, clock: systemClock, random: Math.random };
  const result = await check({ ...options, ...proxyVariables() }, stop).catch((error: unknown) => {
    if (error === stop.reason) return undefined;
    throw error;
  });
  if (result === undefined) {
    log("warn", "stopped", { exit_code: 1, message: "Stopped before everything was looked at." });
    return 1;
  }
  const { findings, exitCode } = result;
  const paint: typeof styleText = (format, text) => styleText(format, text, { stream: output });
  const columns = output.columns || 100;
  output.write(
    json
      ? renderJson(findings, exitCode, version)
      : renderScreen(findings, exitCode, { style: paint, columns, version }),
  );
  return exitCode;
}

async function statusCommand({ config, json, from, to }: Invoked<"status">): Promise<ExitCode> {
  const configuration = await configured(config, { stateOnly: true });
  if (configuration === undefined) return 2;
  const [{ status }, { renderJson }, { renderScreen }, { momentMs }] = await Promise.all([
    import("./status.ts"),
    import("./status/json.ts"),
    import("./status/screen.ts"),
    import("./config/moment.ts"),
  ]);
  const nowMs = systemClock.now();
  const toMs = to === undefined ? nowMs : momentMs(to, nowMs);
  const asked = from === undefined ? undefined : { fromMs: momentMs(from, nowMs), toMs };
  if (asked !== undefined && asked.fromMs >= asked.toMs) {
    complain("usage_error", "--from has to be before --to");
    return 2;
  }
  const found = await status(configuration, nowMs, asked);
  const { version } = packageJson;
  const paint: typeof styleText = (format, text) => styleText(format, text, { stream: stdout });
  stdout.write(
    json ? renderJson(found, version) : renderScreen(found, { style: paint, columns: stdout.columns || 100, version }),
  );
  return 0;
}

async function backfillCommand({ config, ...wanted }: Invoked<"backfill">, stop: Stop): Promise<ExitCode> {
  const configuration = await configured(config);
  if (configuration === undefined) return 2;
  tellStopping(stop);
  const [{ backfill }, { progressLines }] = await Promise.all([
    import("./backfill.ts"),
    import("./backfill/progress.ts"),
  ]);
  const stretches: BackfillProgress[] = [];
  lines = (width) => progressLines(stretches, width, systemClock.monotonic(), style);
  const drawing = new AbortController();
  const drawn = progress?.follow(drawing.signal);
  try {
    const onProgress = (stretch: BackfillProgress) => void stretches.push(stretch);
    const exitCode = await backfill({ ...(await runOptions(configuration)), wanted, onProgress }, stop);
    log("info", "stopped", { exit_code: exitCode });
    return exitCode;
  } finally {
    drawing.abort();
    await drawn;
  }
}

async function replayCommand({ config, files }: Invoked<"replay">, stop: Stop): Promise<ExitCode> {
  const configuration = await configured(config);
  if (configuration === undefined) return 2;
  tellStopping(stop);
  const { replay } = await import("./replay.ts");
  return replay({ ...(await runOptions(configuration)), once: true, files }, stop);
}

/** The configuration; `undefined` after everything that is wrong with it was told. */
async function configured(file: string | undefined, { stateOnly = false } = {}): Promise<Configuration | undefined> {
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

async function runOptions(configuration: Configuration): Promise<Omit<RunOptions, "once">> {
  const { createHttp } = await import("./http.ts");
  const { version } = packageJson;
  const random = Math.random;
  return { configuration, version, createHttp, stdout, clock: systemClock, random, log, ...proxyVariables() };
}

function tellStopping({ stop }: Stop): void {
  stop.addEventListener("abort", () => {
    const message = "What is in flight may still end; a second signal stops at once.";
    log("info", "stopping", { reason: (stop.reason as Error).message, message });
  });
}

async function demoCommand({ durationMs }: Invoked<"demo">, stop: Stop): Promise<ExitCode> {
  const { demo } = await import("./demo.ts");
  const options = { env, version: packageJson.version, stdout, stderr, ...proxyVariables() };
  return demo(durationMs === undefined ? options : { ...options, durationMs }, stop);
}

/** Runs a command that SIGTERM and SIGINT end, and explains what it throws. */
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
  try {
    return await Promise.race([command(stop), over]);
  } catch (error) {
    const { exitCode, message } = explain(error);
    complain(exitCode === 2 ? "configuration_error" : "failed", message, { exit_code: exitCode });
    return exitCode;
  }
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

function proxyVariables(): Pick<RunOptions, "proxy"> {
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
