import { stripVTControlCharacters, type styleText } from "node:util";
import type { Clock } from "../model.ts";
import { describeActivity, span } from "./activity.ts";
import type { StreamStatus } from "./stream-status.ts";

const REDRAW_MS = 1_000;
/** The rate is that of so many redraws: over one alone it jumps. */
const SAMPLES = 10;

export interface ProgressOptions {
  readonly write: (text: string) => void;
  /** Colours, or the text as it is. */
  readonly style: typeof styleText;
  /** Of the terminal; 0 or absent where it does not tell. */
  readonly size: () => { readonly columns?: number; readonly rows?: number };
  readonly clock: Clock;
  readonly statuses: () => readonly StreamStatus[];
  /** In place of the streams, one line each, none longer than the width: what another command draws. */
  readonly lines?: (width: number) => readonly string[] | undefined;
}

export interface Progress {
  /** A log that writes above the block of lines. */
  above(log: (text: string) => void): (text: string) => void;
  /** Redraws once a second until the signal; resolves when the block was drawn a last time. */
  follow(signal: AbortSignal): Promise<void>;
}

interface Sample {
  readonly atMs: number;
  readonly delivered: number;
}

/** A block of lines at the bottom of a terminal, one a stream. */
export function createProgress({ write, style, size, clock, statuses, lines: others }: ProgressOptions): Progress {
  let drawn = 0;
  let isFollowing = false;
  const samples = new Map<string, readonly Sample[]>();

  function sample(): void {
    const atMs = clock.monotonic();
    for (const { name, delivered } of statuses()) {
      samples.set(name, [...(samples.get(name) ?? []), { atMs, delivered }].slice(-SAMPLES));
    }
  }

  function rateOf({ name }: StreamStatus): number {
    const [first, ...rest] = samples.get(name) ?? [];
    const last = rest.at(-1);
    return first === undefined || last === undefined
      ? 0
      : ((last.delivered - first.delivered) * 1_000) / (last.atMs - first.atMs);
  }

  /** What takes the block off the screen, and the block as it is now. */
  function block(): { erase: string; text: string } {
    const erase = drawn === 0 ? "" : `\r\u001B[${drawn}A\u001B[J`;
    const { columns, rows } = size();
    const width = Math.max(20, (columns || 80) - 1);
    const height = Math.max(2, (rows || 24) - 2);
    const other = others?.(width)?.slice(0, height);
    if (other !== undefined) {
      drawn = other.length;
      return { erase, text: other.map((line) => `${line}\n`).join("") };
    }
    const nowMs = clock.monotonic();
    const all = statuses().map((status) => rowOf(status, rateOf(status), clock.now(), nowMs));
    const shown = all.length > height ? all.slice(0, height - 1) : all;
    const widths = HEAD.map((head, column) =>
      Math.max(head.length, ...shown.map(({ cells }) => cells[column]?.length ?? 0)),
    );
    const lines = shown.map(({ cells, trouble }) => {
      const text = cut(layOut(cells, widths), width);
      return trouble ? style("yellow", text) : text;
    });
    if (lines.length > 0) lines.unshift(style("gray", cut(layOut(HEAD, widths), width)));
    if (shown.length < all.length) lines.push(style("gray", `and ${all.length - shown.length} more`));
    drawn = lines.length;
    return { erase, text: lines.map((line) => `${line}\n`).join("") };
  }

  function draw(): void {
    const { erase, text } = block();
    write(erase + text);
  }

  return {
    above: (log) => (text) => {
      if (!isFollowing) return log(text);
      const now = block();
      log(now.erase + text + now.text);
    },
    async follow(signal) {
      isFollowing = true;
      while (!signal.aborted) {
        sample();
        draw();
        await clock.sleep(REDRAW_MS, signal).catch(() => undefined);
      }
      draw();
      isFollowing = false;
      drawn = 0;
    },
  };
}

const HEAD = ["stream", "records", "rate", "complete to", "now"];
/** Numbers stand to the right. */
const RIGHT = new Set([1, 2]);

function rowOf(status: StreamStatus, rate: number, wallMs: number, nowMs: number) {
  const { name, delivered, deadLettered, reachedMs, activity, asking } = status;
  const letters = deadLettered === 0 ? "" : `${deadLettered} dead letters; `;
  const doing = letters + describeActivity(activity, asking, nowMs);
  const trouble = deadLettered > 0 || (activity.kind === "waiting" && activity.trouble);
  return { cells: [name, String(delivered), `${rateText(rate)}/s`, reachedText(reachedMs, wallMs), doing], trouble };
}

function rateText(rate: number): string {
  return rate > 0 && rate < 10 ? rate.toFixed(1) : rate.toFixed(0);
}

/** The position as a person asks for it: how long ago. */
function reachedText(reachedMs: number | undefined, wallMs: number): string {
  return reachedMs === undefined || !Number.isFinite(reachedMs) ? "not yet known" : `${span(wallMs - reachedMs)} ago`;
}

function layOut(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, index) => {
      const width = widths[index] ?? 0;
      return RIGHT.has(index) ? cell.padStart(width) : cell.padEnd(width);
    })
    .join("  ")
    .trimEnd();
}

function cut(text: string, width: number): string {
  const plain = stripVTControlCharacters(text);
  return plain.length > width ? `${plain.slice(0, width - 1)}…` : plain;
}
