import { styleText } from "node:util";
import type { Clock } from "../model.ts";
import { isoTime, type StreamStatus } from "./stream-report.ts";

const REDRAW_MS = 1_000;

export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly clock: Clock;
  readonly statuses: () => readonly StreamStatus[];
}

export interface Progress {
  /** A log that writes above the block of lines. */
  above(log: (text: string) => void): (text: string) => void;
  /** Redraws once a second until the signal; resolves when the block was drawn a last time. */
  follow(signal: AbortSignal): Promise<void>;
}

/** A block of lines at the bottom of a terminal, one a stream. */
export function createProgress({ write, columns, clock, statuses }: ProgressOptions): Progress {
  let drawn = 0;
  const before = new Map<string, { readonly at: number; readonly delivered: number }>();

  const erase = () => (drawn === 0 ? "" : `\u001B[${drawn}A\u001B[J`);

  function draw(): void {
    const now = clock.monotonic();
    const lines = statuses().map((status) => {
      const last = before.get(status.name) ?? { at: now, delivered: status.delivered };
      before.set(status.name, { at: now, delivered: status.delivered });
      const rate = now > last.at ? ((status.delivered - last.delivered) * 1000) / (now - last.at) : 0;
      return line(status, rate).slice(0, Math.max(20, columns() - 1));
    });
    write(erase() + lines.map((text) => `${styleText("cyan", text)}\n`).join(""));
    drawn = lines.length;
  }

  return {
    above: (log) => (text) => {
      const block = erase();
      drawn = 0;
      log(block + text);
    },
    async follow(signal) {
      while (!signal.aborted) {
        draw();
        await clock.sleep(REDRAW_MS, signal).catch(() => undefined);
      }
      draw();
    },
  };
}

function line({ name, delivered, deadLettered, reachedMs, phase }: StreamStatus, rate: number): string {
  const letters = deadLettered === 0 ? "" : `, ${deadLettered} dead letters`;
  const reached = isoTime(reachedMs) ?? "nothing complete yet";
  return `${name.padEnd(28)} ${String(delivered).padStart(8)} delivered${letters}  ${rate.toFixed(0).padStart(5)}/s  to ${reached}  ${phase}`;
}

