/**
 * `npm run bench:sweep`: whether a long listing of access rows is swept in bounded memory. The built program reads so
 * many rows once, and sweeps over them a second time, when it knows them all. Figures are printed and never judged.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { measure } from "./processes.ts";
import { onceWith } from "./program.ts";

const { values } = parseArgs({ options: { rows: { type: "string", default: "20000,2000000" } } });
const LARGEST_PAGE = 999;
const NEWEST_SECONDS = Math.floor(Date.now() / 1000) - 60;
const MIB = 1024 * 1024;

/** The listing, newest first; a cursor is the number of the row that is next. */
function pageOf(rows: number, form: URLSearchParams): object {
  const from = Number(form.get("cursor") ?? 0);
  const to = Math.min(rows, from + Math.min(LARGEST_PAGE, Number(form.get("limit") ?? 100)));
  const logins = Array.from({ length: to - from }, (_, index) => rowOf(from + index));
  return { ok: true, logins, response_metadata: { next_cursor: to < rows ? String(to) : "" } };
}

function rowOf(index: number): object {
  const seconds = NEWEST_SECONDS - Math.floor(index / 4);
  const person = index % 50_000;
  return {
    user_id: `U${String(person).padStart(10, "0")}`,
    username: `user.${person}`,
    date_first: seconds,
    date_last: seconds,
    count: 1 + (index % 9),
    ip: `198.51.${index % 251}.${index % 241}`,
    user_agent: `Mozilla/5.0 (X11; Linux x86_64; rv:${index % 130})`,
    isp: "Example Net",
    country: "DE",
    region: null,
  };
}

const folder = await mkdtemp(join(tmpdir(), "slack-otel-sweep-"));
let rows = 0;
const slack = createServer((request, response) => {
  void (async () => {
    const body = await text(request);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const form = request.method === "GET" ? searchParams : new URLSearchParams(body);
    const whose = { ok: true, team_id: "T0BENCH0001", user_id: "U1", is_enterprise_install: false };
    const answer = pathname.endsWith("team.accessLogs") ? pageOf(rows, form) : whose;
    response.writeHead(200, { "content-type": "application/json", "x-oauth-scopes": "admin" });
    response.end(JSON.stringify(answer));
  })();
});
slack.listen(0, "127.0.0.1");
await once(slack, "listening");

try {
  process.stdout.write(
    `Node ${process.versions.node}, ${availableParallelism()} cores.\n\n` +
      "| rows | sweep | memory at most | CPU per row | wall time |\n| ---: | --- | ---: | ---: | ---: |\n",
  );
  for (rows of values.rows.split(",").map(Number)) {
    const args = await onceWith(
      {
        slackUrl: `http://127.0.0.1:${(slack.address() as AddressInfo).port}/`,
        sources: { access_logs: { calls_per_minute: 1_000_000, deep_sweep: "0s" } },
        destination: { stdout: {} },
      },
      folder,
    );
    for (const sweep of ["of rows that are new", "of rows that are known"]) {
      const { peakBytes, cpuMs, wallMs } = await measure(args);
      const cells = [rows, sweep, `${Math.round(peakBytes / MIB)} MiB`];
      const costs = [`${((cpuMs * 1000) / rows).toFixed(1)} µs`, `${(wallMs / 1000).toFixed(1)} s`];
      process.stdout.write(`| ${[...cells, ...costs].join(" | ")} |\n`);
    }
  }
} finally {
  slack.closeAllConnections();
  slack.close();
  await rm(folder, { recursive: true });
}
