import type { Calls, Ready } from "./messages.ts";
import { serve, time } from "./processes.ts";
import { onceWith } from "./program.ts";
import { compare, type Figure, type Row } from "./table.ts";

const RUNS = 20;

export interface IdleOptions {
  /** For configurations and states. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

/** `run --once` of all four sources when nothing is new, beside a Node that does nothing. */
export async function benchIdle({ folder, say }: IdleOptions): Promise<readonly Row[]> {
  say(`nothing new, ${RUNS} times`);
  using slack = await serve<Ready, Calls>("simulated-slack.ts");
  const args = await onceWith({ slackUrl: slack.ready.url, destination: { stdout: {} } }, folder);
  await time(args);
  const first = await slack.report();
  const ours: number[] = [];
  const nothing: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    ours.push(await time(args));
    nothing.push(await time(["-e", "0"]));
  }
  const { methods } = await slack.report();
  const names = [...new Set(methods)].toSorted();
  return [
    compare(wall, ours, { name: "`node -e 0`", measured: nothing, target: "at most 8.00" }),
    {
      figure: `calls to Slack then: ${names.join(", ")}`,
      ours: String(methods.length / RUNS),
      other: `${first.methods.length} by the first run`,
      target: "5",
    },
  ];
}

const wall: Figure<number> = {
  name: "wall time of `run --once` with nothing new",
  of: (ms) => ms,
  write: (ms) => `${Math.round(ms)} ms`,
};
