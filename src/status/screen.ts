import type { styleText } from "node:util";
import { missingUntil, type Coverage, type Verdict } from "../coverage/coverage.ts";
import { lastHour, type StreamDocument } from "../coverage/document.ts";
import { isoMs } from "../coverage/hole-record.ts";
import { HOLE_REASONS, type Hole } from "../coverage/hole.ts";
import type { Interval } from "../coverage/interval.ts";
import { timeline, type Cell } from "../coverage/timeline.ts";
import type { Standing, Status } from "../status.ts";
import { span } from "../telemetry/activity.ts";

export interface ScreenOptions {
  /** Colours, or the text as it is. */
  readonly style: typeof styleText;
  readonly columns: number;
  readonly version: string;
}

const DAY_MS = 86_400_000;
const INDENT = "  ";
const LABEL_WIDTH = 14;
const NARROWEST = 60;
/** A stream that has not walked for so many intervals is one that nothing follows. */
const INTERVALS_MISSED = 3;

const CELLS = {
  covered: { mark: "█", colour: "green", what: "delivered" },
  provisional: { mark: "▓", colour: "green", what: "delivered, what turns up late is still looked for" },
  ahead: { mark: "░", colour: "gray", what: "not read yet" },
  hole: { mark: "╳", colour: "red", what: "something is missing" },
  before: { mark: "·", colour: "gray", what: "before the stream's start" },
} as const;

/** The status for a person. */
export function renderScreen(status: Status, { style, columns, version }: ScreenOptions): string {
  const { path, atMs, exists, asked, streams } = status;
  const head = `slack-otel ${version}: ${path} at ${isoMs(Math.floor(atMs / 1000) * 1000)}`;
  if (!exists)
    return `${head}\n\nThere is no state there: nothing has run with this configuration yet, or its volume is not mounted.\n`;
  if (streams.length === 0) return `${head}\n\nNo stream has begun yet.\n`;
  const width = Math.max(NARROWEST, columns - 1);
  const shown = asked ?? { fromMs: atMs - DAY_MS, toMs: atMs };
  const used = new Set<Cell["kind"]>();
  const blocks = streams.flatMap((standing) => {
    const lines = linesOf(standing, atMs, style);
    const { coverage } = standing;
    if (coverage !== undefined) {
      const cells = timeline(coverage, shown, width - INDENT.length - LABEL_WIDTH, atMs);
      for (const { kind } of cells) used.add(kind);
      lines.push(row("coverage", cells.map(({ kind }) => style(CELLS[kind].colour, CELLS[kind].mark)).join("")));
      lines.push(row("", scale(shown, cells.length)), ...holeLines(coverage, shown, atMs, style));
    }
    return ["", style("bold", standing.stream), ...lines];
  });
  const legend = (Object.keys(CELLS) as (keyof typeof CELLS)[])
    .filter((kind) => used.has(kind))
    .map((kind) => `${style(CELLS[kind].colour, CELLS[kind].mark)} ${CELLS[kind].what}`);
  return `${[head, ...blocks, ...(legend.length > 0 ? ["", ...legend] : [])].join("\n")}\n`;
}

function linesOf(standing: Standing, atMs: number, style: typeof styleText): string[] {
  const { reachedMs, coverage, document, backfill, verdict } = standing;
  const lines = [row("complete to", reachedText(reachedMs, coverage, atMs))];
  if (verdict !== undefined) lines.push(row("asked", verdictText(verdict, style)));
  if (document === undefined) {
    lines.push(row("", "the rest is known once this version has read it"));
    return lines;
  }
  const { delivered, deadLettered, trouble } = document;
  const letters = deadLettered === 0 ? "" : `, ${deadLettered} dead ${deadLettered === 1 ? "letter" : "letters"}`;
  lines.push(row("records", `${delivered} delivered, ${lastHour(document, atMs)} in the last hour${letters}`));
  lines.push(row("next look", turnText(document, atMs)));
  if (trouble !== undefined) {
    const over = trouble.overMs === undefined ? "" : `, over since ${span(atMs - trouble.overMs)}`;
    const text = `${trouble.side}, ${span(atMs - trouble.sinceMs)} ago${over}: ${trouble.error}: ${trouble.message}`;
    lines.push(row("last error", trouble.overMs === undefined ? style("yellow", text) : text));
  }
  const { stretch } = backfill?.document ?? {};
  if (stretch !== undefined) {
    const time = `${stretch.fromMs === 0 ? "the beginning" : isoMs(seconds(stretch.fromMs))} to ${isoMs(seconds(stretch.toMs))}`;
    const records = backfill?.progress?.records ?? 0;
    lines.push(row("backfill", `${time}, ${records} records so far; the same command goes on with it`));
  }
  return lines;
}

function reachedText(reachedMs: number | undefined, coverage: Coverage | undefined, atMs: number): string {
  if (reachedMs === undefined) return "not yet known: the first walk is not complete";
  const settledMs = coverage === undefined ? undefined : Math.max(0, coverage.reachedMs - coverage.lookBackMs);
  const settled = settledMs === undefined ? "" : `; late entries looked for back to ${isoMs(seconds(settledMs))}`;
  return `${isoMs(seconds(reachedMs))}, ${span(atMs - reachedMs)} ago${settled}`;
}

function turnText({ walkedMs, everyMs }: StreamDocument, atMs: number): string {
  if (walkedMs === undefined) return "not known";
  const inMs = walkedMs + everyMs - atMs;
  if (inMs >= 0) return `in ${span(inMs)}`;
  return -inMs < INTERVALS_MISSED * everyMs
    ? "now"
    : `nothing has looked for ${span(atMs - walkedMs)}: is run, or the CronJob, still there?`;
}

function verdictText({ kind, holes, ahead }: Verdict, style: typeof styleText): string {
  switch (kind) {
    case "complete":
      return style("green", "nothing is missing: all of it was read to the end and delivered");
    case "provisional":
      return style("green", "nothing is missing so far; what turns up late is still looked for");
    case "ahead":
      return style("yellow", `not read yet from ${ahead.map(({ fromMs }) => isoMs(seconds(fromMs))).join(", ")} on`);
    case "incomplete":
      return style(
        "red",
        `something is missing: ${holes.length === 1 ? "1 hole" : `${holes.length} holes`}, see below`,
      );
    default:
      return kind satisfies never;
  }
}

/** Those that lie in the time shown; the start is seen in the timeline. */
function holeLines(coverage: Coverage, shown: Interval, atMs: number, style: typeof styleText): string[] {
  return missingUntil(coverage, atMs).map((hole) =>
    row("hole", style(isIn(hole, shown) ? "red" : "gray", holeText(hole, atMs))),
  );
}

function holeText({ fromMs, toMs, reason, records }: Hole, atMs: number): string {
  const from = fromMs === 0 ? "the beginning" : isoMs(seconds(fromMs));
  const to = toMs >= atMs ? "now" : isoMs(seconds(toMs));
  const what = records === undefined ? "" : `, ${records === 1 ? "1 record" : `${records} records`}`;
  return `${from} to ${to}${what}: ${reason}: ${HOLE_REASONS[reason]}`;
}

function isIn(a: Interval, b: Interval): boolean {
  return a.fromMs < b.toMs && b.fromMs < a.toMs;
}

/** What the timeline's ends are. */
function scale({ fromMs, toMs }: Interval, width: number): string {
  const [left, right] = [isoMs(seconds(fromMs)), isoMs(seconds(toMs))];
  return left.length + right.length + 1 > width ? left : left + right.padStart(width - left.length);
}

function row(label: string, text: string): string {
  return `${INDENT}${label.padEnd(LABEL_WIDTH)}${text}`.trimEnd();
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
