/**
 * `npm run bench:replicas`: how fast several replicas on one machine bring a backlog of several streams to the present,
 * and how soon a replica that is killed is replaced. Needs a real PostgreSQL, as the tests in test/e2e/postgres do.
 * Figures are printed and never judged.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { startPostgres } from "../e2e/postgres/server.ts";
import { PAGE_SIZE, type ActivitiesReady, type Ready, type Received } from "./messages.ts";
import { serve } from "./processes.ts";
import { PROGRAM } from "./program.ts";

const STREAMS = 8;
const RECORDS_PER_STREAM = 20_000;
const LEASE_SECONDS = 5;
const KILLS = 5;
const LOOK_MS = 50;

interface Line {
  readonly event: string;
  readonly stream?: string;
}

interface Replica {
  readonly child: ChildProcess;
  readonly lines: readonly Line[];
}

const say = (text: string) => void process.stderr.write(`${text} …\n`);
const folder = await mkdtemp(join(tmpdir(), "slack-otel-replicas-"));
await using postgres = await startPostgres();
using slack = await serve<ActivitiesReady, never>("activities-server.ts", [String(RECORDS_PER_STREAM), "1"]);
using receiver = await serve<Ready, Received>("receiver.ts");
let schemas = 0;

async function configure(): Promise<string> {
  schemas += 1;
  const schema = `bench_${schemas}`;
  await postgres.query("public", `CREATE SCHEMA ${schema}`);
  const file = join(folder, `${schema}.yaml`);
  const pages = RECORDS_PER_STREAM / PAGE_SIZE;
  const connections = Array.from({ length: STREAMS }, (_, n) => ({
    name: `org-${n}`,
    token: "xoxp-simulated-owner",
    api_url: `${slack.ready.url}${pages}/E0ACME0000${n}/api/`,
    audit_url: `${slack.ready.url}audit/v1/`,
  }));
  const configuration = {
    slack: connections,
    sources: { app_activities: { interval: "1s", calls_per_minute: 1_000_000 } },
    start: "earliest",
    destination: { otlp: { endpoint: receiver.ready.url } },
    state: { postgres: { url: postgres.url(schema), lease: `${LEASE_SECONDS}s` } },
    dead_letters: { path: join(folder, "dead-letters") },
  };
  await writeFile(file, JSON.stringify(configuration));
  return file;
}

function start(file: string): Replica {
  const child = spawn(process.execPath, [PROGRAM, "run", "--config", file], { stdio: ["ignore", "ignore", "pipe"] });
  const lines: Line[] = [];
  createInterface(child.stderr).on("line", (line) => void lines.push(JSON.parse(line) as Line));
  return { child, lines };
}

async function end({ child }: Replica, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** How many streams it has now: on a busy machine some are lost and taken again. */
function held({ lines }: Replica): number {
  const streams = new Set<unknown>();
  for (const { event, stream } of lines) {
    if (event === "stream_claimed") streams.add(stream);
    else if (event === "stream_lost" || event === "stream_handed_over") streams.delete(stream);
  }
  return streams.size;
}

async function until(what: () => boolean | Promise<boolean>): Promise<number> {
  const startedMs = performance.now();
  while (!(await what())) await setTimeout(LOOK_MS);
  return performance.now() - startedMs;
}

/** Records a second, from the first that arrives to the last. */
async function throughput(count: number): Promise<number> {
  const file = await configure();
  const replicas = Array.from({ length: count }, () => start(file));
  let arrived = 0;
  const more = async () => (arrived += (await receiver.report()).records);
  await until(async () => (await more()) > 0);
  const early = arrived;
  const tookMs = await until(async () => (await more()) >= STREAMS * RECORDS_PER_STREAM);
  await Promise.all(replicas.map((replica) => end(replica, "SIGTERM")));
  await receiver.report();
  return ((arrived - early) * 1000) / tookMs;
}

/** Milliseconds from the end of a replica that has every stream to the moment another one has them. */
async function failOver(signal: NodeJS.Signals): Promise<number> {
  const file = await configure();
  const first = start(file);
  await until(() => held(first) === STREAMS);
  const second = start(file);
  await until(() => held(second) === STREAMS / 2);
  await setTimeout(1_000);
  const ended = end(first, signal);
  const tookMs = await until(() => held(second) === STREAMS);
  await ended;
  await end(second, "SIGTERM");
  await receiver.report();
  return tookMs;
}

try {
  const rows: string[] = [];
  const add = (row: string) => {
    rows.push(row);
    say(row);
  };
  for (const count of [1, 2, 4]) {
    say(`${STREAMS} streams of ${RECORDS_PER_STREAM} records by ${count} of ${count} replicas`);
    add(`| records/s with ${count} | ${Math.round(await throughput(count))} |`);
  }
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    const times: number[] = [];
    for (let n = 1; n <= KILLS; n++) {
      say(`${signal}, ${n} of ${KILLS}`);
      times.push((await failOver(signal)) / 1000);
    }
    const [least, most] = [Math.min(...times), Math.max(...times)];
    add(
      `| seconds from ${signal} to another reader, lease ${LEASE_SECONDS} s | ${least.toFixed(1)} to ${most.toFixed(1)} |`,
    );
  }
  const head = ["| figure | measured |", "| --- | ---: |"];
  process.stdout.write(
    `\nNode ${process.versions.node}, ${availableParallelism()} cores.\n\n${[...head, ...rows].join("\n")}\n`,
  );
} finally {
  await rm(folder, { recursive: true });
}
