import { stripVTControlCharacters, type styleText } from "node:util";
import type { Clock, Log, LogLevel } from "../model.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
/** Slack's or a receiver's words, and our own, which hold a remedy at their end. */
const MAX_FIELD = 256;
const MAX_MESSAGE = 2_000;

type Fields = NonNullable<Parameters<Log>[2]>;

export interface LogOptions {
  readonly write: (text: string) => void;
  /** `json`: one object a line. `text`: a readable line, for a terminal. */
  readonly format: "json" | "text";
  /** Colours, or the text as it is. */
  readonly style: typeof styleText;
  readonly level: LogLevel;
  readonly clock: Clock;
}

/** The program's own log. It goes to stderr, never to stdout, which belongs to the data. */
export function createLog({ write, format, style, level, clock }: LogOptions): Log {
  const lowest = LEVELS.indexOf(level);
  return (level, event, fields = {}) => {
    if (LEVELS.indexOf(level) < lowest) return;
    const time = new Date(clock.now()).toISOString();
    const clean = cleanFields(fields);
    if (format === "json") write(`${JSON.stringify({ time, level, event, ...clean })}\n`);
    else write(textLine(time, level, event, clean, style));
  };
}

/** Those that have a value, none of which can forge a line or grow without bounds. */
export function cleanFields(fields: Fields): Readonly<Record<string, string | number | boolean>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, safe(value, name === "message" ? MAX_MESSAGE : MAX_FIELD)]],
    ),
  );
}

const COLOURS = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const;

function textLine(
  time: string,
  level: LogLevel,
  event: string,
  { message, ...rest }: Fields,
  style: typeof styleText,
): string {
  const details = Object.entries(rest).map(([name, value]) => `${name}=${quoted(String(value))}`);
  const words = [event.replaceAll("_", " "), ...details].join("  ");
  const sentence = message === undefined ? "" : `\n               ${String(message)}`;
  return `${style("gray", time.slice(11, 19))} ${style(COLOURS[level], level.padEnd(5))} ${words}${sentence}\n`;
}

function quoted(text: string): string {
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}

/** No control, bidi or escape characters, and nothing long: Slack's or a receiver's words must not forge a line. */
function safe<T>(value: T, length: number): T | string {
  if (typeof value !== "string") return value;
  return stripVTControlCharacters(value)
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .slice(0, length)
    .toWellFormed();
}
