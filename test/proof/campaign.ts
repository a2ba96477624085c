/**
 * `npm run campaign -- --schedules 10000`: plays so many schedules on every core, those that once failed first, and
 * fails where one of them loses, invents, alters or repeats a record, or where some fault was hardly met at all.
 * `--first 5` begins with another seed, `--replay FILE` plays one schedule and prints all that happens. Ctrl+C ends it
 * with the report of what was played.
 */
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import onceFailed from "./once-failed.json" with { type: "json" };
import { tooSeldom } from "./often.ts";
import { play } from "./play.ts";
import { scheduleOf, type Schedule } from "./schedule.ts";
import { shrink } from "./shrink.ts";
import type { Report, Task } from "./worker.ts";

const AT_A_TIME = 20;
const YEAR_MS = 365.25 * 86_400_000;
/** A schedule of days takes seconds to play, and hundreds of shorter ones may have to be. */
const SHRINK_MS = 60_000;
/** More failures than this are alike. */
const SHOWN = 3;

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "1000" },
    first: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    replay: { type: "string" },
    seed: { type: "string" },
  },
});

const say = (text: string) => void process.stderr.write(`${text}\n`);

if (values.replay !== undefined || values.seed !== undefined) {
  const schedule =
    values.replay === undefined
      ? scheduleOf(Number(values.seed))
      : (JSON.parse(await readFile(values.replay, "utf8")) as Schedule);
  const { violations, hash } = await play(schedule, (line) => void process.stdout.write(`${line}\n`));
  say(`${violations.length === 0 ? "all is well" : violations.join("\n")}\ntrace ${hash}`);
  process.exitCode = violations.length === 0 ? 0 : 1;
} else {
  process.exitCode = await campaign(Number(values.schedules), Number(values.first), Number(values.workers));
}

async function campaign(schedules: number, first: number, workers: number): Promise<number> {
  const failures: Report["failures"][number][] = [];
  for (const schedule of onceFailed as readonly unknown[] as readonly Schedule[]) {
    const { violations } = await play(schedule);
    if (violations.length > 0) failures.push({ schedule, violations });
  }
  const counts = new Map<string, number>();
  const done = { schedules: 0, records: 0, virtualMs: 0 };
  const startedMs = performance.now();
  let next = first;
  let toldMs = startedMs;

  let stopped = false;
  process.once("SIGINT", () => void (stopped = true));
  const take = (): Task | undefined => {
    if (stopped || next >= first + schedules) return undefined;
    const task = { from: next, to: Math.min(next + AT_A_TIME, first + schedules) - 1 };
    next = task.to + 1;
    return task;
  };
  const add = (report: Report) => {
    done.schedules += report.schedules;
    done.records += report.records;
    done.virtualMs += report.virtualMs;
    for (const [what, times] of report.counts) counts.set(what, (counts.get(what) ?? 0) + times);
    failures.push(...report.failures);
    if (performance.now() - toldMs < 10_000) return;
    toldMs = performance.now();
    const perSecond = (done.schedules * 1000) / (toldMs - startedMs);
    say(`${done.schedules} of ${schedules} schedules, ${perSecond.toFixed(0)} a second, ${failures.length} failed`);
  };
  await Promise.all(Array.from({ length: Math.max(1, workers) }, () => work(take, add)));

  for (const failure of failures.slice(0, SHOWN)) await explain(failure);
  const seldom = tooSeldom(counts, done.schedules);
  for (const what of seldom) say(`too seldom: ${what}`);
  const seconds = (performance.now() - startedMs) / 1000;
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  process.stdout.write(
    `${sorted.map(([what, times]) => `${String(times).padStart(9)}  ${what}`).join("\n")}\n\n` +
      `${done.schedules} schedules from seed ${first} on, ${(done.virtualMs / YEAR_MS).toFixed(1)} virtual years, ` +
      `${done.records} records delivered, in ${seconds.toFixed(0)} s: ${failures.length} failed, ` +
      `${seldom.length} things happened too seldom\n`,
  );
  return failures.length + seldom.length === 0 ? 0 : 1;
}

async function work(take: () => Task | undefined, add: (report: Report) => void): Promise<void> {
  const worker = new Worker(new URL("worker.ts", import.meta.url));
  try {
    for (let task = take(); task !== undefined; task = take()) {
      const answer = once(worker, "message") as Promise<[Report]>;
      worker.postMessage(task);
      add((await answer)[0]);
    }
  } finally {
    await worker.terminate();
  }
}

/** Prints the shortest schedule found that fails in the same way, and how to play it again. */
async function explain({ schedule, violations }: Report["failures"][number]): Promise<void> {
  const kindOf = (violation: string | undefined) => violation?.slice(0, 8);
  const kind = kindOf(violations[0]);
  const startedMs = performance.now();
  const shortest = await shrink(
    schedule,
    async (candidate) => (await play(candidate)).violations.some((violation) => kindOf(violation) === kind),
    () => performance.now() - startedMs > SHRINK_MS,
  );
  const { violations: left } = await play(shortest);
  const file = join(await mkdtemp(join(tmpdir(), "slack-otel-failed-")), `seed-${schedule.seed}.json`);
  await writeFile(file, JSON.stringify(shortest, null, 2));
  say(
    `\nseed ${schedule.seed} failed:\n${left.slice(0, 5).join("\n")}\n` +
      `the shortest schedule that does:\n${JSON.stringify(shortest, null, 1)}\n` +
      `npm run campaign -- --replay ${file}\n` +
      `once it is mended, add it to test/proof/once-failed.json\n`,
  );
}
