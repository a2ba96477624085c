import type { styleText } from "node:util";
import { isoMs } from "../coverage/hole-record.ts";
import type { Interval } from "../coverage/interval.ts";
import { describeActivity, span } from "../telemetry/activity.ts";
import type { StreamStatus } from "../telemetry/stream-status.ts";
import type { StretchReport } from "./document.ts";

/** One stretch that is being read. */
export interface BackfillProgress {
  readonly stream: string;
  readonly time: Interval;
  readonly callsPerMinute: number;
  readonly report: () => StretchReport;
  readonly status: Pick<StreamStatus, "activity" | "asking">;
  readonly isDone: () => boolean;
}

const BAR_WIDTH = 24;
const PARTS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** How much of the stretch's time lies behind, from 0 to 1: whichever way it is walked, what was met spans that much. */
function fractionOf({ time: { fromMs, toMs }, report, isDone }: BackfillProgress): number {
  if (isDone()) return 1;
  const { oldestMs, newestMs } = report();
  if (oldestMs === undefined || newestMs === undefined || toMs <= fromMs) return 0;
  return Math.min(0.99, Math.max(0, (newestMs - oldestMs) / (toMs - fromMs)));
}

/** How long the calls that are left take at the pace that is kept; `undefined` before that can be told. */
function leftMs(progress: BackfillProgress): number | undefined {
  const fraction = fractionOf(progress);
  const { calls } = progress.report();
  if (fraction < 0.01 || calls < 2) return undefined;
  return (((calls * (1 - fraction)) / fraction) * 60_000) / progress.callsPerMinute;
}

/** A line of a terminal for each stretch: a bar, records, calls, and the time left by the quota. */
export function progressLines(
  all: readonly BackfillProgress[],
  width: number,
  nowMs: number,
  style: typeof styleText,
): string[] {
  const nameWidth = Math.max(0, ...all.map(({ stream }) => stream.length));
  return all.map((progress) => {
    const { stream, time, report, status, isDone } = progress;
    const { records, calls } = report();
    const left = leftMs(progress);
    const { activity, asking } = status;
    const trouble = activity.kind === "waiting" && activity.trouble;
    const doing = isDone()
      ? "done"
      : trouble
        ? describeActivity(activity, asking, nowMs)
        : left === undefined
          ? `from ${time.fromMs === 0 ? "the beginning" : isoMs(time.fromMs)}`
          : `about ${span(left)} left by the quota`;
    const fraction = fractionOf(progress);
    const percent = `${Math.floor(fraction * 100)} %`.padStart(5);
    const head = `${stream.padEnd(nameWidth)} `;
    const done = ` ${percent}  ${counted(records, "record")}  ${counted(calls, "call")}`;
    // On a narrow terminal what it is doing is cut off, but for what holds it up, and below that the bar goes.
    const needed = head.length + done.length + (trouble ? doing.length + 2 : 0);
    const bar = width - needed >= BAR_WIDTH ? barOf(fraction) : "";
    const text = cut(`${head}${bar}${done}  ${doing}`, width);
    return trouble ? style("yellow", text) : isDone() ? style("green", text) : text;
  });
}

function barOf(fraction: number): string {
  const eighths = Math.round(fraction * BAR_WIDTH * 8);
  return `${"█".repeat(Math.floor(eighths / 8))}${PARTS[eighths % 8] ?? ""}`.padEnd(BAR_WIDTH, "░");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
