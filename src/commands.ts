/** A flag of a command. `value` names what follows it; without one it is a switch. */
export interface Flag {
  readonly value?: "FILE" | "DURATION" | "TIME" | "NAME";
  /** It may be given several times. */
  readonly isRepeated?: boolean;
  readonly summary: string;
}

export interface Command {
  readonly summary: string;
  readonly description: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Words that follow the command, at least one. Without it there are none. */
  readonly operands?: "FILE...";
}

const config: Flag = { value: "FILE", summary: "Read this YAML file; the environment fills what it leaves open" };

/** The commands of this version, in the order of the help. */
export const commands = {
  run: {
    summary: "Forward Slack's logs until it is stopped",
    description:
      "Follows every stream until SIGTERM or SIGINT. With --once: brings every stream to the present and exits.",
    flags: {
      config,
      once: { summary: "Bring every stream to the present, then exit" },
      deadline: { value: "DURATION", summary: "With --once: stop in good time; the next run goes on from there" },
    },
  },
  check: {
    summary: "Say whether it would work, and what to do if not",
    description:
      "Looks at both ends: configuration, token, scopes, one entry of each source, quota, clock, destination, certificates,\n" +
      "state and dead letters. Nothing is moved. Exit code 0: it would work; 1: something would not; 2: the configuration;\n" +
      "3: the state cannot be written.",
    flags: {
      config,
      json: { summary: "Print one JSON document for machines" },
      send: { summary: "Send a marked test record to the destination as well, and show its receipt" },
    },
  },
  status: {
    summary: "Show what is delivered, and what is missing",
    description:
      "Reads the state alone, beside a running run or without one, and asks nothing of Slack or the destination: for each\n" +
      "stream how far it has come, what its last hour brought, its last error, and which times are covered and which are\n" +
      "not, and why. With --from: whether anything of that time is missing.",
    flags: {
      config,
      json: { summary: "Print one JSON document for machines" },
      from: { value: "TIME", summary: "Answer for the time from here on" },
      to: { value: "TIME", summary: "With --from: up to here; now, if left out" },
    },
  },
  backfill: {
    summary: "Read an older stretch and deliver it",
    description:
      "Delivers the entries of a time again, or for the first time, with the uids they have in live reading. Live positions\n" +
      "are left alone, and run may go on meanwhile: half of the configured pace is left to it. After a stop or a crash the\n" +
      "same command goes on where it was. Exits with 1 where a stream could not be completed.",
    flags: {
      config,
      from: { value: "TIME", summary: "From here on" },
      to: { value: "TIME", summary: "Up to here; now, if left out" },
      holes: {
        summary: "Only what coverage says is missing and can be filled; what lies before `start` only with --from",
      },
      source: { value: "NAME", isRepeated: true, summary: "Only this source; may be given several times" },
    },
  },
  replay: {
    summary: "Send dead letters again",
    description:
      "Sends the records of dead-letter files to the configured destination again. What is taken leaves its file, what is\n" +
      "refused again stays in it. Exits with 1 where something was refused.",
    operands: "FILE...",
    flags: { config },
  },
  migrate: {
    summary: "Copy the state into another place",
    description:
      "Copies positions, ledgers, reports and notes of one configuration's state into that of another, a file or a\n" +
      "database either way, and reads them back. The target must be empty, and nobody may be using either. The first stays\n" +
      "as it is. One that was broken off is gone on with by the same command.",
    flags: {
      from: { value: "FILE", summary: "The configuration whose state is copied" },
      to: { value: "FILE", summary: "The configuration whose state is filled" },
    },
  },
  schema: {
    summary: "Print the JSON Schema of the configuration",
    description: "Prints the JSON Schema of the configuration file, for editors and for checks.",
    flags: {},
  },
  demo: {
    summary: "Show it all against a simulated Slack, without a token",
    description:
      "Starts a simulated Slack inside the process and forwards from it for a short while.\nShows the records, or sends " +
      "them to OTEL_EXPORTER_OTLP_ENDPOINT where that is set.",
    flags: { duration: { value: "DURATION", summary: "How long it goes on" } },
  },
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof commands;

/** Commands that are part of the contract and not of this version. */
export const laterCommands: readonly string[] = [];

/** The help for the whole program, or for one command. */
export function helpText(name?: CommandName): string {
  return name === undefined ? programHelp() : commandHelp(name);
}

function programHelp(): string {
  return `${[
    "slack-otel forwards Slack's access, integration, activity and audit logs to OpenTelemetry.",
    "",
    "Usage: slack-otel COMMAND [FLAGS]",
    "",
    "Commands:",
    ...table(Object.entries(commands).map(([name, { summary }]) => [name, summary])),
    "",
    "Flags:",
    ...table([
      ["--help", "Print this help, or that of a command"],
      ["--version", "Print the version"],
    ]),
    "",
    "Without a file, these variables are enough: SLACK_TOKEN (or SLACK_TOKEN_FILE) and OTEL_EXPORTER_OTLP_ENDPOINT.",
    "Secrets are never given on the command line.",
    "",
    "Exit codes:",
    ...table([
      ["0", "Everything that was asked for is done"],
      ["1", "Some stream could not be completed; it resumes next time"],
      ["2", "Wrong usage or configuration"],
      ["3", "The state store is locked, corrupt or not writable"],
    ]),
  ].join("\n")}\n`;
}

function commandHelp(name: CommandName): string {
  const { description, flags, operands }: Command = commands[name];
  const rows = Object.entries(flags).map(([flag, { value, summary }]) => [flagText(flag, value), summary] as const);
  const usage = rows.map(([flag]) => ` [${flag}]`).join("");
  return `${[
    `Usage: slack-otel ${name}${operands === undefined ? "" : ` ${operands}`}${usage}`,
    "",
    description,
    "",
    "Flags:",
    ...table([...rows, ["--help", "Print this help"]]),
    ...(rows.some(([flag]) => flag.includes("DURATION"))
      ? ["", "A duration is a number and its unit, such as 500ms, 15s, 1h30m or 7d."]
      : []),
    ...(rows.some(([flag]) => flag.includes("TIME"))
      ? ["", "A time is RFC 3339, such as 2026-01-31T14:00:00Z, or a duration back, such as 24h, or now or earliest."]
      : []),
  ].join("\n")}\n`;
}

function flagText(flag: string, value: string | undefined): string {
  return value === undefined ? `--${flag}` : `--${flag} ${value}`;
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
