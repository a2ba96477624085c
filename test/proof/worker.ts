/** A thread of the campaign: plays what it is told to, and tells what came of it. */
import { parentPort } from "node:worker_threads";
import { useLeanSignals } from "./lean-signals.ts";
import { play, type Played } from "./play.ts";
import { scheduleOf, type Schedule } from "./schedule.ts";

/** Seeds, both ends included. */
export interface Task {
  readonly from: number;
  readonly to: number;
}

export interface Report {
  readonly schedules: number;
  readonly records: number;
  readonly virtualMs: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly failures: readonly { readonly schedule: Schedule; readonly violations: readonly string[] }[];
}

/** One seed in so many is played again with the runtime's own signals: it must come to the same. */
const PLAYED_TWICE = 50;
/** Nobody reads where an error came from before its schedule is played again. */
Error.stackTraceLimit = 0;

parentPort?.on("message", (task: Task) => {
  void report(task).then((done) => parentPort?.postMessage(done));
});

async function report({ from, to }: Task): Promise<Report> {
  const counts = new Map<string, number>();
  const failures = [];
  let records = 0;
  let virtualMs = 0;
  for (let seed = from; seed <= to; seed++) {
    const schedule = scheduleOf(seed);
    const played = await playLeanly(schedule);
    records += played.records;
    virtualMs += played.virtualMs;
    for (const [what, times] of played.counts) counts.set(what, (counts.get(what) ?? 0) + times);
    const violations = [...played.violations];
    if (seed % PLAYED_TWICE === 0 && (await play(schedule)).hash !== played.hash)
      violations.push("played another way again");
    if (violations.length > 0) failures.push({ schedule, violations });
  }
  return { schedules: to - from + 1, records, virtualMs, counts, failures };
}

async function playLeanly(schedule: Schedule): Promise<Played> {
  using _ = useLeanSignals();
  return await play(schedule);
}
