/**
 * `npm run soak -- --duration 1h`: the built program under a steady load for that long, and how much of anything it
 * gathers meanwhile. Fails when a record is missing or there is one too many, or when the rate was not held.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseDuration } from "../../src/config/duration.ts";
import type { Ready, Received } from "../bench/messages.ts";
import { serve } from "../bench/processes.ts";
import { theilSenSlope } from "./theil-sen.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/slack-otel.mjs", import.meta.url));
const SAMPLES = 720;
const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

interface Shown {
  readonly activities: number;
  readonly audit: number;
}

interface Measurement {
  readonly atMs: number;
  readonly rss: number;
  readonly heap: number;
  readonly files: number;
  readonly timers: number;
  readonly handles: number;
}

const { values } = parseArgs({
  options: { duration: { type: "string", default: "2m" }, rate: { type: "string", default: "1000" } },
});
const totalMs = parseDuration(values.duration) ?? Number.NaN;
const rate = Number(values.rate);
if (!(totalMs > 0 && rate >= 10)) throw new Error("--duration takes a duration such as 1h, --rate records a second");
const everyMs = Math.max(250, Math.ceil(totalMs / SAMPLES));
const auditRate = Math.floor(rate / 5);

/** Written by the program's own process through file descriptor 3. */
const SAMPLER = `data:text/javascript,import { readdirSync, writeSync } from "node:fs";
setInterval(() => {
  const { rss, heapUsed } = process.memoryUsage();
  const active = process.getActiveResourcesInfo();
  const timers = active.filter((name) => name === "Timeout" || name === "Immediate").length;
  const files = readdirSync("/proc/self/fd").length;
  const sample = { atMs: performance.now(), rss, heap: heapUsed, files, timers, handles: active.length - timers };
  writeSync(3, JSON.stringify(sample) + String.fromCharCode(10));
}, ${everyMs}).unref();`;

const folder = await mkdtemp(join(tmpdir(), "slack-otel-soak-"));
try {
  using slack = await serve<Ready, Shown>("../soak/steady-slack.ts", [String(rate - auditRate), String(auditRate)]);
  using receiver = await serve<Ready, Received>("receiver.ts");
  const program = spawn(process.execPath, ["--import", encodeURI(SAMPLER), PROGRAM, ...(await configure())], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const ended = once(program, "exit") as Promise<[number | null]>;
  const samples: Measurement[] = [];
  createInterface(program.stdio[3] as Readable).on("line", (line) => samples.push(JSON.parse(line) as Measurement));

  const startedMs = performance.now();
  let received = 0;
  let steadyMs = 0;
  let steadyRecords = 0;
  while (performance.now() - startedMs < totalMs && program.exitCode === null) {
    await delay(Math.min(10_000, totalMs - (performance.now() - startedMs)));
    received += (await receiver.report()).records;
    // The first poll has a backlog, and the rate is not yet steady.
    if (steadyMs === 0) [steadyMs, steadyRecords] = [performance.now(), received];
    const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
    process.stderr.write(`${minutes} min, ${received} records, ${Math.round((samples.at(-1)?.rss ?? 0) / MIB)} MiB\n`);
  }
  const held = ((received - steadyRecords) * 1000) / (performance.now() - steadyMs);
  program.kill("SIGTERM");
  const [code] = await ended;
  received += (await receiver.report()).records;
  const shown = await slack.report();
  const owed = shown.activities + shown.audit;
  report(samples, { held, received, owed, code });
  if (code !== 0 || received !== owed || held < rate * 0.98) process.exitCode = 1;

  async function configure(): Promise<string[]> {
    const pace = { interval: "1s", look_back: "2s", calls_per_minute: 100_000 };
    const url = slack.ready.url;
    const configuration = {
      slack: { token: "xoxp-simulated-owner", api_url: `${url}api/`, audit_url: `${url}audit/v1/` },
      sources: { app_activities: pace, audit_logs: pace },
      start: "earliest",
      destination: { otlp: { endpoint: receiver.ready.url } },
      state: { sqlite: { path: join(folder, "state.db") } },
      dead_letters: { path: join(folder, "dead-letters") },
    };
    const file = join(folder, "slack-otel.yaml");
    await writeFile(file, JSON.stringify(configuration));
    return ["run", "--config", file];
  }
} finally {
  await rm(folder, { recursive: true });
}

interface Outcome {
  readonly held: number;
  readonly received: number;
  readonly owed: number;
  readonly code: number | null;
}

function report(samples: readonly Measurement[], { held, received, owed, code }: Outcome): void {
  // Caches fill and code is compiled in the first tenth.
  const warm = samples.filter(({ atMs }) => atMs >= totalMs / 10);
  const row = (name: string, of: (sample: Measurement) => number, unit = "") => {
    const series = warm.map((sample) => ({ at: sample.atMs / HOUR_MS, value: of(sample) }));
    const last = series.at(-1)?.value ?? Number.NaN;
    const top = Math.max(...series.map(({ value }) => value));
    return `${name}: slope ${theilSenSlope(series).toFixed(2)}${unit} an hour, last ${last.toFixed(0)}, most ${top.toFixed(0)}\n`;
  };
  process.stdout.write(
    [
      `\n${values.duration} at ${held.toFixed(0)} records a second (asked for: ${rate}), ${warm.length} samples after the warm-up, Node ${process.versions.node}\n`,
      `received ${received}, shown ${owed}; SIGTERM ended it with ${code}\n`,
      row("resident memory", ({ rss }) => rss / MIB, " MiB"),
      row("heap in use", ({ heap }) => heap / MIB, " MiB"),
      row("open files", ({ files }) => files),
      row("timers", ({ timers }) => timers),
      row("other handles and requests", ({ handles }) => handles),
    ].join(""),
  );
}
