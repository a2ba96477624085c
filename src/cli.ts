import { parseArgs } from "node:util";
import { type Command, type CommandName, commands, type Flag, helpText, laterCommands } from "./commands.ts";
import { parseDuration } from "./config/duration.ts";
import { parseMoment, type Moment } from "./config/moment.ts";
import { nearest } from "./config/nearest.ts";
import { SOURCE_NAMES, type SourceName } from "./model.ts";

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: "run"; readonly config?: string; readonly once: boolean; readonly deadlineMs?: number }
  | { readonly kind: "check"; readonly config?: string; readonly json: boolean; readonly send: boolean }
  | { readonly kind: "replay"; readonly config?: string; readonly files: readonly string[] }
  | {
      readonly kind: "status";
      readonly config?: string;
      readonly json: boolean;
      readonly from?: Moment;
      readonly to?: Moment;
    }
  | {
      readonly kind: "backfill";
      readonly config?: string;
      readonly from?: Moment;
      readonly to?: Moment;
      readonly holes: boolean;
      readonly sources: readonly SourceName[];
    }
  | { readonly kind: "migrate"; readonly from: string; readonly to: string }
  | { readonly kind: "schema" }
  | { readonly kind: "demo"; readonly durationMs?: number }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  /** Exit code 2. The message says what to do, and shows no flag's value: it might be a secret. */
  | { readonly kind: "usage_error"; readonly message: string };

/** What was asked of one command. */
export type Invoked<Kind extends Invocation["kind"]> = Extract<Invocation, { kind: Kind }>;

type UsageError = Invoked<"usage_error">;
type Values = ReadonlyMap<string, string | true>;

/** Node fires a timer of 2^31 ms (24.9 days) or more at once. */
const LONGEST_MS = 24 * 86_400_000;

/** Reads the arguments that follow the program's name. Prints nothing. */
export function parseCommandLine(args: readonly string[]): Invocation {
  if (args.some(looksSecret)) return usageError(secretRefused);
  const options = Object.fromEntries(
    [...allFlags()].map(([name, { value }]) => [name, { type: value === undefined ? "boolean" : "string" } as const]),
  );
  // Strictness is ours, below: the parser's own messages quote what was given.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });

  const words = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  const [command, ...more] = words;
  const known = command === undefined || !isCommand(command) ? undefined : command;
  if (command !== undefined && command !== "help" && known === undefined) return unknownCommand(command);

  const values = new Map<string, string | true>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const name = token.name === "h" ? "help" : token.name;
    const flag = flagsOf(known).get(name);
    if (flag === undefined) return unknownFlag(token.rawName, known);
    if (values.has(name) && !flag.isRepeated) return usageError(`--${name} is given twice`);
    if (flag.value === undefined && token.value !== undefined) return usageError(`--${name} takes no value`);
    // The parser takes whatever follows for the value, a flag as well.
    const isFlag = token.inlineValue === false && token.value.startsWith("-");
    if (flag.value !== undefined && (token.value === undefined || token.value === "" || isFlag))
      return usageError(`--${name} needs a value: --${name} ${flag.value}`);
    const before = values.get(name);
    values.set(name, before === undefined ? (token.value ?? true) : `${before},${token.value}`);
  }
  if (command === "help") return help(more);
  if (values.has("help")) return { kind: "help", text: helpText(known) };
  const operands = known === undefined ? undefined : operandsOf(known);
  if (more.length > 0 && operands === undefined)
    return usageError(`${command} takes no further words${seeHelp(known)}`);
  if (values.has("version")) return { kind: "version" };
  if (known === undefined) return usageError(`no command is given: ${Object.keys(commands).join(", ")}${seeHelp()}`);
  if (more.length === 0 && operands !== undefined)
    return usageError(`${command} needs what it is to work on: ${command} ${operands}${seeHelp(known)}`);
  return invocation(known, values, more);
}

function invocation(command: CommandName, values: Values, operands: readonly string[]): Invocation {
  const durations: { deadline?: number; duration?: number } = {};
  for (const name of ["deadline", "duration"] as const) {
    const text = values.get(name);
    if (text === undefined) continue;
    const ms = parseDuration(String(text));
    if (ms === undefined || ms === 0)
      return usageError(`--${name} is not a duration: a number and its unit, such as 30s, 10m or 1h`);
    if (ms > LONGEST_MS) return usageError(`--${name} is too long: at most 24d`);
    durations[name] = ms;
  }
  if (command === "run") return runInvocation(values, durations.deadline);
  if (command === "check")
    return { kind: "check", json: values.has("json"), send: values.has("send"), ...configOf(values) };
  if (command === "status" || command === "backfill") return overTime(command, values);
  if (command === "replay") return { kind: "replay", files: operands, ...configOf(values) };
  if (command === "migrate") return migrateInvocation(values);
  if (command === "schema") return { kind: "schema" };
  return { kind: "demo", ...(durations.duration === undefined ? {} : { durationMs: durations.duration }) };
}

function runInvocation(values: Values, deadlineMs: number | undefined): Invocation {
  const once = values.has("once");
  if (deadlineMs !== undefined && !once)
    return usageError("--deadline goes with --once only: run --once --deadline 10m");
  return {
    kind: "run",
    once,
    ...configOf(values),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
}

/** A command for a stretch of time. Whether it begins before it ends shows where both are of one kind. */
function overTime(command: "status" | "backfill", values: Values): Invocation {
  const moments: { from?: Moment; to?: Moment } = {};
  for (const name of ["from", "to"] as const) {
    const text = values.get(name);
    if (text === undefined) continue;
    const moment = parseMoment(String(text));
    if (moment === undefined)
      return usageError(
        `--${name} is no time: RFC 3339, such as 2026-01-31T14:00:00Z, or a duration back, such as 24h`,
      );
    moments[name] = moment;
  }
  const { from, to } = moments;
  if (
    from?.kind === "back" && to?.kind === "back"
      ? from.ms <= to.ms
      : from?.kind === "at" && to?.kind === "at" && from.epochMs >= to.epochMs
  )
    return usageError("--from has to be before --to");
  if (command === "status") {
    if (to !== undefined && from === undefined) return usageError("--to goes with --from");
    return { kind: command, json: values.has("json"), ...configOf(values), ...moments };
  }
  const holes = values.has("holes");
  if (from === undefined && !holes)
    return usageError(`backfill needs a time, or to know that holes are meant: --from or --holes${seeHelp(command)}`);
  const named = String(values.get("source") ?? "").split(",");
  const names = named.map((name) => name.trim()).filter((name) => name !== "");
  const unknown = names.find((name) => !isSource(name));
  if (unknown !== undefined)
    return usageError(`${shown(unknown)} is no source; did you mean ${nearest(unknown, SOURCE_NAMES)}?`);
  return { kind: command, holes, sources: names.filter(isSource), ...configOf(values), ...moments };
}

function isSource(name: string): name is SourceName {
  return (SOURCE_NAMES as readonly string[]).includes(name);
}

function migrateInvocation(values: Values): Invocation {
  const [from, to] = [values.get("from"), values.get("to")];
  if (from === undefined || to === undefined)
    return usageError(`migrate needs both: migrate --from FILE --to FILE${seeHelp("migrate")}`);
  return { kind: "migrate", from: String(from), to: String(to) };
}

function configOf(values: Values): { readonly config?: string } {
  const config = values.get("config");
  return config === undefined ? {} : { config: String(config) };
}

function help([command, ...more]: readonly string[]): Invocation {
  if (command === undefined) return { kind: "help", text: helpText() };
  if (!isCommand(command)) return unknownCommand(command);
  if (more.length > 0) return usageError(`help takes one command${seeHelp()}`);
  return { kind: "help", text: helpText(command) };
}

const secretRefused =
  "a secret is refused on the command line, where every user of the machine can read it; set SLACK_TOKEN or " +
  "SLACK_TOKEN_FILE, or write ${env:NAME} or ${file:/path} in the configuration file";

/** A flag that is named like a secret, or one of Slack's tokens anywhere. */
function looksSecret(arg: string): boolean {
  const name = /^--?([^=]*)/.exec(arg)?.[1] ?? "";
  return (
    /token|secret|password|passwd|api[-_]?key|credential|authorization|headers?$/i.test(name) ||
    /(?:^|[^a-z])(?:xox[a-z]|xapp)[-.]/i.test(arg)
  );
}

function unknownCommand(command: string): UsageError {
  if (laterCommands.includes(command)) return usageError(`${command} is not available in this version${seeHelp()}`);
  return usageError(
    `${shown(command)} is no command; did you mean ${nearest(command, Object.keys(commands))}?${seeHelp()}`,
  );
}

function unknownFlag(rawName: string, command: CommandName | undefined): UsageError {
  const candidates = [...flagsOf(command).keys()].map((name) => `--${name}`);
  const owners = Object.keys(commands).filter((name) => flagsOf(name as CommandName).has(rawName.replace(/^-+/, "")));
  const hint =
    owners.length > 0 ? `it goes with ${owners.join(", ")}` : `did you mean ${nearest(rawName, candidates)}?`;
  return usageError(
    `${shown(rawName)} is no flag ${command === undefined ? "here" : `of ${command}`}; ${hint}${seeHelp(command)}`,
  );
}

function isCommand(word: string): word is CommandName {
  return Object.hasOwn(commands, word);
}

function operandsOf(name: CommandName): Command["operands"] {
  const { operands }: Command = commands[name];
  return operands;
}

function flagsOf(command: CommandName | undefined): ReadonlyMap<string, Flag> {
  const everywhere: [string, Flag][] = [["help", { summary: "" }]];
  const own =
    command === undefined
      ? [["version", { summary: "" }] as [string, Flag]]
      : Object.entries<Flag>(commands[command].flags);
  return new Map([...own, ...everywhere]);
}

function allFlags(): ReadonlyMap<string, Flag> {
  const names = Object.keys(commands) as CommandName[];
  return new Map([undefined, ...names].flatMap((name) => [...flagsOf(name)]));
}

/** Without a line break it is one sentence; what follows a line break is another. */
function usageError(message: string): UsageError {
  return { kind: "usage_error", message: message.replace(/([^.?!])\n/, "$1.\n") };
}

function seeHelp(command?: CommandName): string {
  return `\nSee: slack-otel ${command === undefined ? "" : `${command} `}--help`;
}

/** A word from the command line, safe to print. */
function shown(word: string): string {
  return JSON.stringify(word.length > 20 ? `${word.slice(0, 20)}…` : word);
}
