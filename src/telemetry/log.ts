import { stripVTControlCharacters, styleText } from "node:util";
import type { Clock, Log, LogLevel } from "../model.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const MAX_TEXT = 256;

type Fields = Parameters<Log>[2];

export interface LogOptions {
  readonly write: (text: string) => void;
  /** `json`: one object a line. `text`: a readable line, for a terminal. */
  readonly format: "json" | "text";
  readonly level: LogLevel;
  readonly clock: Clock;
}

/** The program's own log. It goes to stderr, never to stdout, which belongs to the data. */
export function createLog({ write, format, level, clock }: LogOptions): Log {
  const lowest = LEVELS.indexOf(level);
  return (level, event, fields = {}) => {
    if (LEVELS.indexOf(level) < lowest) return;
    const time = new Date(clock.now()).toISOString();
    write(format === "json" ? jsonLine(time, level, event, fields) : textLine(time, level, event, fields));
  };
}

function jsonLine(time: string, level: LogLevel, event: string, fields: Fields): string {
  const clean = Object.entries(fields ?? {}).map(([name, value]) => [name, safe(value)] as const);
  return `${JSON.stringify({ time, level, event, ...Object.fromEntries(clean) })}\n`;
}

const COLOURS = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const;

function textLine(time: string, level: LogLevel, event: string, fields: Fields): string {
  const { message, ...rest } = fields ?? {};
  const details = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${String(safe(value))}`);
  const words = [event.replaceAll("_", " "), ...details].join("  ");
  const sentence = message === undefined ? "" : `\n         ${String(safe(message, 1_000))}`;
  return `${styleText("gray", time.slice(11, 19))} ${styleText(COLOURS[level], level.padEnd(5))} ${words}${sentence}\n`;
}

/** No control, bidi or escape characters, and nothing long: Slack's or a receiver's words must not forge a line. */
function safe<T>(value: T, length = MAX_TEXT): T | string {
  if (typeof value !== "string") return value;
  // eslint-disable-next-line no-control-regex
  return stripVTControlCharacters(value)
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ")
    .slice(0, Math.max(length, MAX_TEXT))
    .toWellFormed();
}
