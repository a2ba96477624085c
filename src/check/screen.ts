import { stripVTControlCharacters, type styleText } from "node:util";
import type { ExitCode } from "../explain.ts";
import type { Finding } from "./finding.ts";

export interface ScreenOptions {
  /** Colours, or the text as it is. */
  readonly style: typeof styleText;
  readonly columns: number;
  readonly version: string;
}

const COLOURS = { ok: "green", warn: "yellow", fail: "red" } as const;
const LEVEL_WIDTH = 6;
const NARROWEST = 40;

/** The findings for a person: one line each where it fits, its remedy below it where something is to be done. */
export function renderScreen(
  findings: readonly Finding[],
  exitCode: ExitCode,
  { style, columns, version }: ScreenOptions,
): string {
  const width = Math.max(NARROWEST, columns - 1);
  const lines = findings.flatMap(({ level, subject, what, remedy }) => {
    const text = wrap(`${clean(subject)}: ${clean(what)}`, width - LEVEL_WIDTH);
    const advice = remedy === undefined || level === "ok" ? [] : wrap(clean(remedy), width - LEVEL_WIDTH - 2);
    return [
      ...text.map((line, index) => (index === 0 ? style(COLOURS[level], level.padEnd(LEVEL_WIDTH)) : INDENT) + line),
      ...advice.map((line, index) => `${INDENT}${index === 0 ? "→ " : "  "}${line}`),
    ];
  });
  const notes = findings.flatMap(({ id, level, remedy }) =>
    id === "token" && level === "ok" && remedy !== undefined ? ["", ...wrap(remedy, width)] : [],
  );
  return `${[`slack-otel ${version}: would it work?`, "", ...lines, ...notes, "", verdict(findings, exitCode)].join("\n")}\n`;
}

/** The same for machines: one JSON document. */
export function renderJson(findings: readonly Finding[], exitCode: ExitCode, version: string): string {
  return `${JSON.stringify({ version, exit_code: exitCode, findings }, null, 2)}\n`;
}

const INDENT = " ".repeat(LEVEL_WIDTH);

function verdict(findings: readonly Finding[], exitCode: ExitCode): string {
  const count = (level: Finding["level"]) => findings.filter((finding) => finding.level === level).length;
  const [failed, warned] = [count("fail"), count("warn")];
  if (failed > 0) {
    const rest = warned > 0 ? `, and ${warned} to look at` : "";
    return `It would not work as it is: ${failed} to mend${rest} (exit code ${exitCode}).`;
  }
  return warned > 0 ? `It would work; ${warned} to look at.` : "It would work.";
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Names come from Slack and texts from receivers: they must not forge a line or move the cursor. */
function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .toWellFormed();
}
