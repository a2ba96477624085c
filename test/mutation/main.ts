/**
 * `npm run mutate`: changes one place at a time of pipeline, walking and state code, and tells which changes no test of
 * the file notices. `--area state` takes one area, `--file ledger` the files whose path has that in it, `--share 0.2` a
 * sample of that size of each file, the same each time. Writes `dist/mutation.json`, where each mutant has the test that
 * noticed it, and fails below 85 % of an area. Stryker 9.6 leaves out tests inside `describe` with vitest 5.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { createRandom } from "../../src/simulation/random.ts";
import { AREAS } from "./areas.ts";
import { mutantsOf } from "./mutants.ts";

/** A mutant that takes so many times as long as the source as it is never ends. */
const LONGER = 5;
const AT_LEAST_MS = 10_000;
/** For the first run, which compiles everything. */
const FIRST_MS = 300_000;
const WANTED = 0.85;

interface Tried {
  readonly file: string;
  readonly line: number;
  readonly was: string;
  readonly becomes: string;
  readonly outcome: Outcome;
}
type Outcome = { readonly kind: "survived" | "endless" } | { readonly kind: "killed" | "broken"; readonly by: string };
interface Score {
  tried: number;
  killed: number;
}

const { values } = parseArgs({
  options: {
    area: { type: "string" },
    file: { type: "string", default: "" },
    share: { type: "string", default: "1" },
  },
});
const mutants: Tried[] = [];
const scores: Record<string, Record<string, Score>> = {};

for (const [area, files] of Object.entries(AREAS)) {
  if (values.area !== undefined && values.area !== area) continue;
  for (const [file, tests] of Object.entries(files)) {
    if (!file.includes(values.file)) continue;
    const score = await tryMutants(file, tests);
    (scores[area] ??= {})[file] = score;
    process.stderr.write(`${file}: ${shareOf(score)}\n`);
  }
}

await mkdir("dist", { recursive: true });
await writeFile("dist/mutation.json", `${JSON.stringify({ share: values.share, scores, mutants }, null, 2)}\n`);
for (const [area, files] of Object.entries(scores)) {
  const all = Object.values(files);
  const score = { tried: sum(all.map(({ tried }) => tried)), killed: sum(all.map(({ killed }) => killed)) };
  process.stdout.write(`${area}: ${shareOf(score)}\n`);
  if (score.killed < WANTED * score.tried) process.exitCode = 1;
}

async function tryMutants(file: string, tests: readonly string[]): Promise<Score> {
  const random = createRandom(1);
  const score = { tried: 0, killed: 0 };
  const source = await readFile(file, "utf8");
  let worker = await start(file, tests);
  const asItIs = await ask(worker, source, FIRST_MS);
  if (asItIs.kind !== "survived") throw new Error(`the tests of ${file} fail as it is: ${JSON.stringify(asItIs)}`);
  const startedMs = performance.now();
  await ask(worker, source, FIRST_MS);
  const withinMs = Math.ceil(Math.max(AT_LEAST_MS, LONGER * (performance.now() - startedMs)));
  for (const { text, ...mutant } of mutantsOf(source)) {
    if (!random.chance(Number(values.share))) continue;
    const outcome = await ask(worker, text, withinMs);
    if (outcome.kind === "endless") worker = await start(file, tests);
    const tried = { file, ...mutant, outcome };
    mutants.push(tried);
    score.tried += 1;
    if (outcome.kind === "survived") process.stdout.write(`${told(tried)}\n`);
    else score.killed += 1;
  }
  end(worker);
  return score;
}

function shareOf({ tried, killed }: Score): string {
  return `${killed} of ${tried} killed, ${((100 * killed) / tried).toFixed(1)} %`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

function told({ file, line, was, becomes }: Tried): string {
  return `${file}:${line}  ${was.replace(/\s+/g, " ").slice(0, 100)}  ->  ${becomes.slice(0, 40)}`;
}

async function start(file: string, tests: readonly string[]): Promise<ChildProcess> {
  const worker = fork(new URL("worker.ts", import.meta.url), [resolve(file), ...tests], {
    stdio: "ignore",
    detached: true,
  });
  await once(worker, "message");
  return worker;
}

/** With all that its tests started. */
function end({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}

async function ask(worker: ChildProcess, text: string, withinMs: number): Promise<Outcome> {
  const answered = once(worker, "message", { signal: AbortSignal.timeout(withinMs) });
  worker.send(text);
  const [outcome] = (await answered.catch(() => [{ kind: "endless" }])) as [Outcome];
  if (outcome.kind === "broken") throw new Error(outcome.by);
  if (outcome.kind === "endless") end(worker);
  return outcome;
}
