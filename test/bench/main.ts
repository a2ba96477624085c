/**
 * `npm run bench`: what the program costs, beside the same job written with stock parts. Figures are printed and never
 * judged; it fails only where a program fails or does not deliver every record.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchBacklog } from "./backlog.ts";
import { benchIdle } from "./idle.ts";
import { table } from "./table.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "3" } } });
const runs = Number(values.runs);
const folder = await mkdtemp(join(tmpdir(), "slack-otel-bench-"));
const say = (text: string) => void process.stderr.write(`${text} …\n`);
try {
  const rows = [...(await benchBacklog({ runs, folder, say })), ...(await benchIdle({ folder, say }))];
  process.stdout.write(`\nNode ${process.versions.node}, ${availableParallelism()} cores.\n\n${table(rows)}`);
} finally {
  await rm(folder, { recursive: true });
}
