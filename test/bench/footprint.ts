/**
 * `npm run bench:footprint`: what the image and its Pod take. How long a start lasts and how large the program is, built
 * as it is and in other ways; memory and CPU of `run` with the image's flags, with nothing to do, under a steady load, and
 * while it catches up. Needs Linux. The requests of config/kubernetes follow from its figures.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import type { Calls, Ready, Received } from "./messages.ts";
import { serve } from "./processes.ts";
import { onceWith, PROGRAM } from "./program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MIB = 1024 * 1024;
/** Of the kernel's clock by which /proc counts CPU time, on every Linux there is. */
const TICKS_PER_SECOND = 100;
const UNIT = { activities: 2_000, audit: 500 };

const { values } = parseArgs({
  options: { runs: { type: "string", default: "15" }, seconds: { type: "string", default: "60" } },
});
const [runs, seconds] = [Number(values.runs), Number(values.seconds)];
const say = (text: string) => void process.stderr.write(`${text} …\n`);
const folder = await mkdtemp(join(tmpdir(), "slack-otel-footprint-"));

try {
  process.stdout.write(`\nNode ${process.versions.node}, ${availableParallelism()} cores, ${runs} starts each.\n`);
  for (const part of [footprints, startUp, sizes]) process.stdout.write(`\n${await part()}`);
} finally {
  await rm(folder, { recursive: true });
}

/** The command that says least, and the one that does most in the least time, each started in several ways. */
async function startUp(): Promise<string> {
  using slack = await serve<Ready, Calls>("simulated-slack.ts");
  const once = await onceWith({ slackUrl: slack.ready.url, destination: { stdout: {} } }, folder);
  const commands = { "`--version`": ["--version"], "`run --once`, nothing new": once.slice(1) };
  const single = join(folder, "single.mjs");
  const rolldown = ["--platform", "node", "--format", "esm", "--no-code-splitting", "--file", single];
  await promisify(execFile)(join(ROOT, "node_modules/.bin/rolldown"), [join(ROOT, "src/launch.ts"), ...rolldown]);
  const without = { NODE_DISABLE_COMPILE_CACHE: "1" };
  const ways = [
    { name: "files by command, compile cache (as it is built)", program: PROGRAM, env: {} },
    { name: "files by command, no cache", program: PROGRAM, env: without },
    { name: "a single file, compile cache", program: single, env: {} },
    { name: "a single file, no cache", program: single, env: without },
    { name: "the source, types stripped", program: join(ROOT, "src/main.ts"), env: without },
  ];
  const rows: string[] = [];
  for (const [name, args] of Object.entries(commands)) {
    const all = [
      { name: "`node -e 0`", args: ["-e", "0"], env: {} },
      ...ways.map(({ program, ...way }) => ({ ...way, args: [program, ...args] })),
    ];
    const took = all.map((): Start[] => []);
    say(`starts: ${name}`);
    // In turn, so that all of them meet the same machine; the first fills the caches.
    for (let run = -1; run < runs; run++)
      for (const [index, way] of all.entries()) {
        const start = await timed(way.args, way.env);
        if (run >= 0) took[index]?.push(start);
      }
    all.forEach((way, index) =>
      rows.push(`| ${index === 0 ? name : ""} | ${way.name} | ${inWords(took[index] ?? [])} |`),
    );
  }
  return `| start | of | CPU | wall time |\n| --- | --- | ---: | ---: |\n${rows.join("\n")}\n`;
}

async function sizes(): Promise<string> {
  const dist = join(ROOT, "dist");
  const names = await readdir(dist);
  const bytes = await Promise.all(
    names.filter((name) => name.endsWith(".mjs")).map(async (name) => (await stat(join(dist, name))).size),
  );
  const packed = await promisify(execFile)("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: ROOT });
  const [{ size, unpackedSize }] = JSON.parse(packed.stdout) as [{ size: number; unpackedSize: number }];
  const mebibytes = (value: number) => `${(value / MIB).toFixed(1)} MiB`;
  return [
    "| size | |\n| --- | ---: |",
    `| the program, ${bytes.length} files, all that it needs but Node | ${mebibytes(bytes.reduce((a, b) => a + b, 0))} |`,
    `| the package, compressed | ${mebibytes(size)} |`,
    `| the package, unpacked | ${mebibytes(unpackedSize)} |\n`,
  ].join("\n");
}

async function footprints(): Promise<string> {
  const rows: string[] = [];
  const pace = { interval: "1s", look_back: "2s", calls_per_minute: 100_000 };
  const fast = { app_activities: pace, audit_logs: pace };
  {
    using slack = await serve<Ready, Calls>("simulated-slack.ts");
    rows.push(row(`nothing new, the default intervals`, await watch(slack.ready.url, undefined)));
  }
  {
    using slack = await serve<Ready, unknown>("../soak/steady-slack.ts", ["800", "200"]);
    rows.push(row("1,000 records a second", await watch(slack.ready.url, fast)));
  }
  {
    const { activities, audit } = UNIT;
    using slack = await serve<Ready, unknown>("../soak/steady-slack.ts", [`${activities * 20}`, `${audit * 20}`]);
    rows.push(row("50,000 records a second offered: catching up", await watch(slack.ready.url, fast)));
  }
  return `| \`run\` for ${seconds} s | memory, at its highest | memory, at the end | CPU | records a second |\n| --- | ---: | ---: | ---: | ---: |\n${rows.join("\n")}\n`;
}

interface Footprint {
  readonly peakBytes: number;
  readonly lastBytes: number;
  /** Thousandths of a core. */
  readonly millicores: number;
  readonly recordsPerSecond: number;
}

function row(name: string, { peakBytes, lastBytes, millicores, recordsPerSecond }: Footprint): string {
  const figures = [`${Math.round(peakBytes / MIB)} MiB`, `${Math.round(lastBytes / MIB)} MiB`];
  return `| ${name} | ${figures.join(" | ")} | ${Math.round(millicores)}m | ${Math.round(recordsPerSecond)} |`;
}

/** Starts `run` with the flags of the image, and looks at its process from outside. CPU counts after the start. */
async function watch(slackUrl: string, sources: object | undefined): Promise<Footprint> {
  say(`run for ${seconds} s`);
  const dockerfile = await readFile(join(ROOT, "Dockerfile"), "utf8");
  const options = /^ENV NODE_OPTIONS=(.*)$/m.exec(dockerfile)?.[1] ?? "";
  using receiver = await serve<Ready, Received>("receiver.ts");
  const own = await mkdtemp(join(folder, "run-"));
  const file = join(own, "slack-otel.yaml");
  const configuration = {
    slack: { token: "xoxp-simulated-owner", api_url: `${slackUrl}api/`, audit_url: `${slackUrl}audit/v1/` },
    ...(sources === undefined ? {} : { sources }),
    start: "earliest",
    destination: { otlp: { endpoint: receiver.ready.url } },
    state: { sqlite: { path: join(own, "state.db") } },
    dead_letters: { path: join(own, "dead-letters") },
    // As in the Pod.
    telemetry: { address: "127.0.0.1:0" },
  };
  await writeFile(file, JSON.stringify(configuration));
  const child = spawn(process.execPath, ["--disable-proto=delete", PROGRAM, "run", "--config", file], {
    env: { ...process.env, NODE_OPTIONS: options },
    stdio: ["ignore", "ignore", "ignore"],
  });
  const ended = once(child, "exit");
  await delay(5_000);
  await receiver.report();
  const before = await cpuSeconds(child.pid);
  await delay(seconds * 1_000);
  const used = (await cpuSeconds(child.pid)) - before;
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  const { records } = await receiver.report();
  child.kill("SIGTERM");
  await ended;
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return {
    peakBytes: kilobytes("VmHWM"),
    lastBytes: kilobytes("VmRSS"),
    millicores: (used / seconds) * 1_000,
    recordsPerSecond: records / seconds,
  };
}

/** User and system time, of the process or of those of its children that have ended. */
async function cpuSeconds(pid: number | undefined, whose: "own" | "children" = "own"): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The fields after the name, which may hold anything: utime is the 14th of all, cutime the 16th.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const first = whose === "own" ? 11 : 13;
  return (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND;
}

interface Start {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** What else runs on the machine only adds to the wall time, so the fastest counts; of the CPU time, the mean. */
function inWords(starts: readonly Start[]): string {
  const cpu = starts.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / starts.length;
  return `${cpu.toFixed(0)} ms | ${Math.min(...starts.map(({ wallMs }) => wallMs)).toFixed(0)} ms`;
}

async function timed(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Start> {
  const [startedMs, before] = [performance.now(), await cpuSeconds(process.pid, "children")];
  const child = spawn(process.execPath, args, { stdio: "ignore", env: { ...process.env, ...env } });
  const [code] = (await once(child, "exit")) as [number];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  const wallMs = performance.now() - startedMs;
  return { wallMs, cpuMs: ((await cpuSeconds(process.pid, "children")) - before) * 1_000 };
}
