/**
 * `npm run bench:scale`: what many streams cost while polls find nothing new. The built program follows so many
 * workspaces, each with a token of its own in a file, with a poll each minute; Slack is a small server in this process.
 * Figures are printed and never judged.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const PROGRAM = fileURLToPath(new URL("../../dist/slack-otel.mjs", import.meta.url));
const ROWS = 20;
const INTERVAL_MS = 60_000;
/** Of the kernel's clock ticks a second, in /proc: the same everywhere. */
const TICKS = 100;

const { values } = parseArgs({
  options: { streams: { type: "string", default: "1,100,2000" }, seconds: { type: "string", default: "180" } },
});
const seconds = Number(values.seconds);
const folder = await mkdtemp(join(tmpdir(), "slack-otel-scale-"));

/** When each token has polled, milliseconds of this process. */
const polls = new Map<string, number[]>();
const rows = Array.from({ length: ROWS }, (_, index) => ({
  user_id: `U${index}`,
  username: `user.${index}`,
  date_first: 1_700_000_000 - index,
  date_last: 1_700_000_000 - index,
  count: 3,
  ip: "192.0.2.1",
  user_agent: "Mozilla/5.0 (X11; Linux x86_64)",
  isp: null,
  country: null,
  region: null,
}));
const listing = JSON.stringify({ ok: true, logins: rows, response_metadata: { next_cursor: "" } });
const slack = createServer((request, response) => {
  const token = (request.headers.authorization ?? "").replace("Bearer ", "");
  request.resume();
  const isPoll = request.url?.includes("team.accessLogs") === true;
  if (isPoll) polls.set(token, [...(polls.get(token) ?? []), performance.now()]);
  const team = token.replace("xoxp-", "T");
  const body = isPoll
    ? listing
    : JSON.stringify({ ok: true, team_id: team, user_id: "U1", is_enterprise_install: false });
  response.writeHead(200, { "content-type": "application/json", "x-oauth-scopes": "admin" }).end(body);
});
slack.listen(0, "127.0.0.1");
await once(slack, "listening");
const { port } = slack.address() as AddressInfo;

interface Figures {
  readonly startMs: number;
  readonly peakBytes: number;
  readonly cpuShare: number;
  readonly pollsPerSecond: number;
  readonly longestGapMs: number;
}

async function measure(streams: number): Promise<Figures> {
  polls.clear();
  const own = await mkdtemp(join(folder, "run-"));
  await mkdir(join(own, "tokens"));
  for (let index = 0; index < streams; index++) {
    await writeFile(join(own, "tokens", `workspace-${index}`), `xoxp-0BENCH${String(index).padStart(5, "0")}`);
  }
  const url = `http://127.0.0.1:${port}/`;
  const configuration = {
    slack: { token_files: join(own, "tokens", "*"), api_url: `${url}api/`, audit_url: `${url}audit/v1/` },
    sources: { access_logs: { interval: "1m" } },
    destination: { stdout: {} },
    state: { sqlite: { path: join(own, "state.db") } },
    dead_letters: { path: join(own, "dead-letters") },
  };
  const file = join(own, "slack-otel.yaml");
  await writeFile(file, JSON.stringify(configuration));
  const begunMs = performance.now();
  const child = spawn(process.execPath, [PROGRAM, "run", "--config", file], { stdio: ["ignore", "ignore", "ignore"] });
  const pid = child.pid as number;
  try {
    while (polls.size < streams) {
      if (child.exitCode !== null) throw new Error(`the program has ended with ${child.exitCode}`);
      await pause(100);
    }
    const startMs = performance.now() - begunMs;
    await pause(INTERVAL_MS / 2);
    const [cpuBefore, fromMs] = [await cpuSeconds(pid), performance.now()];
    let peakBytes = 0;
    while (performance.now() - fromMs < seconds * 1000) {
      peakBytes = Math.max(peakBytes, await residentBytes(pid));
      await pause(1_000);
    }
    const tookMs = performance.now() - fromMs;
    const cpuShare = ((await cpuSeconds(pid)) - cpuBefore) / (tookMs / 1000);
    const made = [...polls.values()].flat().filter((ms) => ms >= fromMs).length;
    return { startMs, peakBytes, cpuShare, pollsPerSecond: made / (tookMs / 1000), longestGapMs: longestGap() };
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}

/** Of any stream: between the starts of two polls, or since its last one. */
function longestGap(): number {
  const nowMs = performance.now();
  return Math.max(...[...polls.values()].flatMap((at) => at.map((ms, index) => (at[index + 1] ?? nowMs) - ms)));
}

async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

try {
  process.stdout.write(
    `Node ${process.versions.node}, ${availableParallelism()} cores, ${seconds} s each, a poll a minute that finds nothing.\n\n` +
      "| streams | first poll of all | memory at most | CPU of one core | polls a second | longest between two polls |\n" +
      "| ---: | ---: | ---: | ---: | ---: | ---: |\n",
  );
  for (const streams of values.streams.split(",").map(Number)) {
    const { startMs, peakBytes, cpuShare, pollsPerSecond, longestGapMs } = await measure(streams);
    const cells = [
      streams,
      `${(startMs / 1000).toFixed(1)} s`,
      `${Math.round(peakBytes / 2 ** 20)} MiB`,
      `${(cpuShare * 100).toFixed(1)} %`,
      pollsPerSecond.toFixed(1),
      `${(longestGapMs / 1000).toFixed(1)} s`,
    ];
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
  }
} finally {
  slack.closeAllConnections();
  slack.close();
  await rm(folder, { recursive: true });
}
