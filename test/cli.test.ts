import { expect, test } from "vitest";
import { type Invocation, parseCommandLine } from "../src/cli.ts";
import { commands, laterCommands } from "../src/commands.ts";

function parse(line: string): Invocation {
  return parseCommandLine(line.split(" ").filter((word) => word !== ""));
}

function refusal(line: string): string {
  const invocation = parse(line);
  return invocation.kind === "usage_error" ? invocation.message : `not refused: ${invocation.kind}`;
}

test.each<[string, Invocation]>([
  ["run", { kind: "run", once: false }],
  ["run --config a.yaml", { kind: "run", once: false, config: "a.yaml" }],
  ["run --config=a.yaml", { kind: "run", once: false, config: "a.yaml" }],
  ["run --config=-a", { kind: "run", once: false, config: "-a" }],
  ["--once run", { kind: "run", once: true }],
  ["run --once --deadline 1h30m", { kind: "run", once: true, deadlineMs: 5_400_000 }],
  ["run --deadline=90s --once", { kind: "run", once: true, deadlineMs: 90_000 }],
  ["check", { kind: "check", json: false, send: false }],
  ["check --json --send --config a.yaml", { kind: "check", json: true, send: true, config: "a.yaml" }],
  ["replay a.jsonl b.jsonl", { kind: "replay", files: ["a.jsonl", "b.jsonl"] }],
  ["replay --config c.yaml a.jsonl", { kind: "replay", files: ["a.jsonl"], config: "c.yaml" }],
  ["schema", { kind: "schema" }],
  ["demo", { kind: "demo" }],
  ["demo --duration 500ms", { kind: "demo", durationMs: 500 }],
  ["--version", { kind: "version" }],
])("%s", (line, invocation) => {
  expect(parse(line)).toEqual(invocation);
});

test.each([
  ["", /^no command is given: run, check, status, .*, demo\.\nSee: slack-otel --help$/],
  ["rnu", /^"rnu" is no command; did you mean run\?/],
  ["shema --help", /^"shema" is no command; did you mean schema\?/],
  ["help rnu", /^"rnu" is no command; did you mean run\?/],
  ["constructor", /^"constructor" is no command/],
  ["run --onec", /^"--onec" is no flag of run; did you mean --once\?\nSee: slack-otel run --help$/],
  ["run --conf a", /^"--conf" is no flag of run; did you mean --config\?/],
  ["run -c a", /^"-c" is no flag of run/],
  ["run --no-once", /^"--no-once" is no flag of run/],
  ["--verison", /^"--verison" is no flag here; did you mean --version\?/],
  ["--once", /^"--once" is no flag here; it goes with run/],
  ["demo --once", /^"--once" is no flag of demo; it goes with run/],
  ["schema --config a", /^"--config" is no flag of schema; it goes with run, check, status, backfill, replay/],
  ["run more", /^run takes no further words/],
  ["replay", /^replay needs what it is to work on: replay FILE\.\.\.\nSee: slack-otel replay --help$/],
  ["replay --once a", /^"--once" is no flag of replay; it goes with run/],
  ["run --once false", /^run takes no further words/],
  ["run --once=false", /^--once takes no value$/],
  ["run --once --once", /^--once is given twice$/],
  ["run --config a --config b", /^--config is given twice$/],
  ["run --config", /^--config needs a value: --config FILE$/],
  ["run --config=", /^--config needs a value/],
  ["run --config --once", /^--config needs a value/],
  ["run --deadline 10m", /^--deadline goes with --once only/],
  ["run --once --deadline 10", /^--deadline is not a duration/],
  ["run --once --deadline 0s", /^--deadline is not a duration/],
  ["run --once --deadline 25d", /^--deadline is too long: at most 24d/],
  ["demo --duration soon", /^--duration is not a duration/],
])("%j is refused with the remedy", (line, message) => {
  expect(refusal(line)).toMatch(message);
});

test.each(laterCommands)("%s is not there yet, and is not in the help", (command) => {
  expect(refusal(`${command} --json`)).toMatch(new RegExp(`^${command} is not available in this version`));
  expect(JSON.stringify(parse("--help"))).not.toContain(command);
});

test.each([
  "run --token xoxp-canary",
  "run --token=canary",
  "run --slack-token canary",
  "run --api-key=canary",
  "run --apikey canary",
  "run --password=canary",
  "run --header authorization:canary",
  "run --headers=a=canary",
  "run xoxb-canary",
  "xoxe.xoxp-canary",
  "run --config xapp-canary",
  "run --config=xoxp-canary",
])("%s is refused as a secret that everyone on the machine can read, and is not repeated", (line) => {
  expect(refusal(line)).toMatch(/^a secret is refused on the command line.*SLACK_TOKEN/);
  expect(refusal(line)).not.toContain("canary");
});

test("a path that only sounds like a secret is a path", () => {
  expect(parse("run --config /run/secrets/token/foxox-yaml")).toMatchObject({ kind: "run" });
});

test.each(["--help", "-h", "help", "help --help", "--help --version"])("%s is the help for all", (line) => {
  expect(parse(line)).toEqual(parse("--help"));
});

test.each(Object.keys(commands))("the help for %s names each of its flags", (command) => {
  const invocation = parse(`${command} --help`);
  expect(parse(`help ${command}`)).toEqual(invocation);
  const text = invocation.kind === "help" ? invocation.text : "";
  expect(text).toContain(`Usage: slack-otel ${command}`);
  for (const flag of Object.keys(commands[command as keyof typeof commands].flags)) expect(text).toContain(`--${flag}`);
});

test("the help is what it is", () => {
  const texts = ["--help", "run --help", "check --help", "schema --help", "demo --help"].map((line) => {
    const invocation = parse(line);
    return invocation.kind === "help" ? invocation.text : "";
  });
  expect(texts.join("----\n")).toMatchInlineSnapshot(`
    "slack-otel forwards Slack's access, integration, activity and audit logs to OpenTelemetry.

    Usage: slack-otel COMMAND [FLAGS]

    Commands:
      run       Forward Slack's logs until it is stopped
      check     Say whether it would work, and what to do if not
      status    Show what is delivered, and what is missing
      backfill  Read an older stretch and deliver it
      replay    Send dead letters again
      migrate   Copy the state into another place
      schema    Print the JSON Schema of the configuration
      demo      Show it all against a simulated Slack, without a token

    Flags:
      --help     Print this help, or that of a command
      --version  Print the version

    Without a file, these variables are enough: SLACK_TOKEN (or SLACK_TOKEN_FILE) and OTEL_EXPORTER_OTLP_ENDPOINT.
    Secrets are never given on the command line.

    Exit codes:
      0  Everything that was asked for is done
      1  Some stream could not be completed; it resumes next time
      2  Wrong usage or configuration
      3  The state store is locked, corrupt or not writable
    ----
    Usage: slack-otel run [--config FILE] [--once] [--deadline DURATION]

    Follows every stream until SIGTERM or SIGINT. With --once: brings every stream to the present and exits.

    Flags:
      --config FILE        Read this YAML file; the environment fills what it leaves open
      --once               Bring every stream to the present, then exit
      --deadline DURATION  With --once: stop in good time; the next run goes on from there
      --help               Print this help

    A duration is a number and its unit, such as 500ms, 15s, 1h30m or 7d.
    ----
    Usage: slack-otel check [--config FILE] [--json] [--send]

    Looks at both ends: configuration, token, scopes, one entry of each source, quota, clock, destination, certificates,
    state and dead letters. Nothing is moved. Exit code 0: it would work; 1: something would not; 2: the configuration;
    3: the state cannot be written.

    Flags:
      --config FILE  Read this YAML file; the environment fills what it leaves open
      --json         Print one JSON document for machines
      --send         Send a marked test record to the destination as well, and show its receipt
      --help         Print this help
    ----
    Usage: slack-otel schema

    Prints the JSON Schema of the configuration file, for editors and for checks.

    Flags:
      --help  Print this help
    ----
    Usage: slack-otel demo [--duration DURATION]

    Starts a simulated Slack inside the process and forwards from it for a short while.
    Shows the records, or sends them to OTEL_EXPORTER_OTLP_ENDPOINT where that is set.

    Flags:
      --duration DURATION  How long it goes on
      --help               Print this help

    A duration is a number and its unit, such as 500ms, 15s, 1h30m or 7d.
    "
  `);
  expect(
    texts
      .join("")
      .split("\n")
      .filter((line) => line.length > 120),
  ).toEqual([]);
});
