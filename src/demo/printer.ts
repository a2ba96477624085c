import { stripVTControlCharacters, styleText } from "node:util";
import type { LogRecord } from "../model.ts";
import type { LogName } from "../simulation/ledger.ts";
import { type Description, describeRecord } from "./describe.ts";

export interface PrinterOptions {
  readonly write: (text: string) => void;
  readonly coloured: boolean;
  /** How wide a line may be, in characters. */
  readonly columns: () => number;
}

/** Writes for a person to read. */
export interface Printer {
  /** A line of our own, as long as it is. */
  line(text?: string, style?: Style): void;
  /** Something that happened on the way. */
  note(text: string): void;
  /** Records that were accepted in one request: all of a few, a sample of many. */
  records(records: readonly LogRecord[]): void;
}

export type Style = Parameters<typeof styleText>[0];

/** More than this in one request is a burst. */
const MANY = 12;
const FIRST_SAMPLE = 3;
const TIME_WIDTH = 8;
const WHO_WIDTH = 13;
const GAP = "  ";
const INDENT = " ".repeat(TIME_WIDTH + GAP.length);

const LABELS = {
  access_logs: { text: "access", style: "cyan" },
  integration_logs: { text: "integration", style: "magenta" },
  app_activities: { text: "activity", style: "blue" },
  audit_logs: { text: "audit", style: "green" },
} as const satisfies Record<LogName, { text: string; style: Style }>;
const LABEL_WIDTH = Math.max(...Object.values(LABELS).map(({ text }) => text.length));
const MOODS = { usual: "none", odd: "yellow", bad: "red" } as const satisfies Record<Description["mood"], Style>;

export function createPrinter({ write, coloured, columns }: PrinterOptions): Printer {
  const sampled = new Set<LogName>();
  const paint = (style: Style, text: string) =>
    coloured && text !== "" ? styleText(style, text, { validateStream: false }) : text;

  function recordLine({ timeMs, log, who, what, where, mood }: Description): string {
    const label = LABELS[log];
    const time = new Date(timeMs).toISOString().slice(11, 11 + TIME_WIDTH);
    const room = columns() - TIME_WIDTH - LABEL_WIDTH - WHO_WIDTH - 4 * GAP.length;
    const whatWidth = Math.max(24, Math.min(46, Math.floor(room * 0.6)));
    const cells = [
      paint("gray", time),
      paint(label.style, label.text.padEnd(LABEL_WIDTH)),
      fit(who, WHO_WIDTH).padEnd(WHO_WIDTH),
      paint(MOODS[mood], fit(what, whatWidth).padEnd(whatWidth)),
      paint("gray", fit(where, room - whatWidth)),
    ];
    return cells.join(GAP).trimEnd();
  }

  return {
    line: (text = "", style) => write(`${style === undefined ? text : paint(style, text)}\n`),
    note: (text) => write(`${INDENT}${paint("yellow", oneLine(text))}\n`),
    records(records) {
      const described = records.map(describeRecord);
      const [head] = described;
      if (head === undefined) return;
      const isBurst = described.length > MANY;
      const shown = isBurst ? sample(described, sampled.has(head.log) ? 1 : FIRST_SAMPLE) : described;
      sampled.add(head.log);
      for (const description of shown) write(`${recordLine(description)}\n`);
      const more = described.length - shown.length;
      if (more > 0) write(`${INDENT}${paint(LABELS[head.log].style, `… and ${more} more`)}\n`);
    },
  };
}

/** Evenly spread, the first one among them. */
function sample<T>(items: readonly T[], size: number): T[] {
  return Array.from({ length: size }, (_, index) => items[Math.floor((index * items.length) / size)] as T);
}

function fit(text: string, width: number): string {
  const line = oneLine(text);
  if (line.length <= width) return line;
  return width < 2 ? "" : `${line.slice(0, width - 1).toWellFormed()}…`;
}

/** What Slack's users wrote must not steer a terminal. */
function oneLine(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ");
}
