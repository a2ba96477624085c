/**
 * `npm run mutate`: changes one place at a time of pipeline, walking and state code, and tells which changes no test of
 * the file notices. `--area state` takes one area, `--share 0.2` a sample of that size, the same each time. Writes
 * `dist/mutation.json`, and fails below 85 % of an area. Stryker 9.6 leaves out tests inside `describe` with vitest 5.
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

interface Survivor {
  readonly file: string;
  readonly line: number;
  readonly was: string;
  readonly becomes: string;
}

const { values } = parseArgs({ options: { area: { type: "string" }, share: { type: "string", default: "1" } } });
const random = createRandom(1);
const survivors: Survivor[] = [];
const scores: Record<string, { tried: number; killed: number }> = {};

for (const [area, files] of Object.entries(AREAS)) {
  if (values.area !== undefined && values.area !== area) continue;
  const score = (scores[area] = { tried: 0, killed: 0 });
  for (const [file, tests] of Object.entries(files)) {
    const source = await readFile(file, "utf8");
    let worker = await start(file, tests);
    const startedMs = performance.now();
    if ((await ask(worker, source, FIRST_MS)) !== "survived") throw new Error(`the tests of ${file} fail as it is`);
    const withinMs = Math.ceil(Math.max(AT_LEAST_MS, LONGER * (performance.now() - startedMs)));
    for (const { text, ...mutant } of mutantsOf(source)) {
      if (!random.chance(Number(values.share))) continue;
      const outcome = await ask(worker, text, withinMs);
      if (outcome === "endless") worker = await start(file, tests);
      score.tried += 1;
      if (outcome !== "survived") {
        score.killed += 1;
        continue;
      }
      const survivor = { file, ...mutant };
      survivors.push(survivor);
      process.stdout.write(`${told(survivor)}\n`);
    }
    worker.kill("SIGKILL");
    process.stderr.write(`${file}: ${score.killed} of ${score.tried} killed in ${area} so far\n`);
  }
}

await mkdir("dist", { recursive: true });
await writeFile("dist/mutation.json", `${JSON.stringify({ share: values.share, scores, survivors }, null, 2)}\n`);
for (const [area, { tried, killed }] of Object.entries(scores)) {
  process.stdout.write(`${area}: ${killed} of ${tried} killed, ${((100 * killed) / tried).toFixed(1)} %\n`);
  if (killed < WANTED * tried) process.exitCode = 1;
}

function told({ file, line, was, becomes }: Survivor): string {
  return `${file}:${line}  ${was.replace(/\s+/g, " ").slice(0, 100)}  ->  ${becomes.slice(0, 40)}`;
}

async function start(file: string, tests: readonly string[]): Promise<ChildProcess> {
  const worker = fork(new URL("worker.ts", import.meta.url), [resolve(file), ...tests], { stdio: "ignore" });
  await once(worker, "message");
  return worker;
}

type Outcome = "killed" | "survived" | "endless";

async function ask(worker: ChildProcess, text: string, withinMs: number): Promise<Outcome> {
  const answered = once(worker, "message", { signal: AbortSignal.timeout(withinMs) });
  worker.send(text);
  try {
    return ((await answered) as [Outcome])[0];
  } catch {
    worker.kill("SIGKILL");
    return "endless";
  }
}
