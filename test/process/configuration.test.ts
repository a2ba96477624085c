import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { createScene, shownBy, textsOf, type Scene } from "./scene.ts";

const SECRET = "xoxp-not-to-be-seen-4711";

/** What the program complains of: the place and the key it names, and the whole line for a person. */
function complaints({ log }: Ended) {
  return log
    .filter(({ level }) => level === "error")
    .map(({ event, where, key, message }) => ({ event, where, key, message }));
}

function environment({ server, receiver }: Scene) {
  return {
    SLACK_TOKEN: DEFAULT_TOKEN,
    SLACK_API_URL: server.apiUrl,
    SLACK_AUDIT_URL: server.auditUrl,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    SLACK_OTEL_STATE: "./state.db",
  };
}

test("the environment alone is enough, and the file beats it", async () => {
  await using scene = await createScene({
    history: { activities: 20, auditEntries: 20, integrationChanges: 10, logins: 10 },
  });
  const env = environment(scene);
  const byEnvironment = await runCommand(["run", "--once"], { env, folder: scene.folder });
  expect(byEnvironment).toMatchObject({ code: 0, stdout: "" });
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));

  const file = join(scene.folder, "own.yaml");
  const lines = [
    "slack:",
    `  token: ${DEFAULT_TOKEN}`,
    "sources: { audit_logs: {} }",
    "destination: { otlp: { endpoint: '" + scene.receiver.url + "', encoding: json, compression: none } }",
    "state: { sqlite: { path: ./own.db } }",
  ];
  await writeFile(file, lines.join("\n"));
  const before = scene.receiver.requests.length;
  const both = await runCommand(["run", "--once", "--config", file], {
    folder: scene.folder,
    env: {
      ...env,
      SLACK_TOKEN: "xoxp-beaten",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      SLACK_OTEL_SOURCES: "access_logs",
      SLACK_OTEL_STATE: "./none.db",
    },
  });
  expect(both).toMatchObject({ code: 0, stdout: "" });
  const requests = scene.receiver.requests.slice(before);
  expect(requests.map(({ encoding, compression }) => ({ encoding, compression }))).toEqual([
    { encoding: "application/json", compression: undefined },
  ]);
  expect(requests[0]?.records.length).toBe(20);
});

test("without a file and without an environment it says what is missing, and where it can be given", async () => {
  const ended = await runCommand(["run"]);
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(complaints(ended)).toMatchInlineSnapshot(`
    [
      {
        "event": "configuration_error",
        "key": "slack.token",
        "message": "environment: slack.token: is missing; write for example \${env:NAME} or \${file:/run/secrets/name}, or set SLACK_TOKEN or SLACK_TOKEN_FILE",
        "where": "environment",
      },
      {
        "event": "configuration_error",
        "key": "destination",
        "message": "environment: destination: is missing; name exactly one: otlp, datadog, splunk_hec, file, stdout; or set OTEL_EXPORTER_OTLP_ENDPOINT",
        "where": "environment",
      },
    ]
  `);
});

test("every fault of a file is told with file, line and key, and no secret", async () => {
  await using scene = await createScene({
    history: { logins: 0, integrationChanges: 0, activities: 0, auditEntries: 0 },
  });
  const file = join(scene.folder, "slack-otel.yaml");
  const lines = [
    "slack:",
    "  token: ${env:NOT_SET_ANYWHERE}",
    "  api_url: http://slack.example/api/",
    "  tokn: " + SECRET,
    "sources:",
    "  access_logs: { interval: 60 }",
    "  audit_logs: { look_back: 15 minutes }",
    "  app_activities: { calls_per_minute: many }",
    "batch: { max_bytes: 4MBit }",
    "state: { sqlite: { path: 7 } }",
  ];
  await writeFile(file, lines.join("\n"));
  const ended = await runCommand(["run", "--config", "slack-otel.yaml"], { folder: scene.folder });
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).not.toContain(SECRET);
  expect(complaints(ended)).toMatchInlineSnapshot(`
    [
      {
        "event": "configuration_error",
        "key": "destination",
        "message": "slack-otel.yaml:1: destination: is missing; name exactly one: otlp, datadog, splunk_hec, file, stdout; or set OTEL_EXPORTER_OTLP_ENDPOINT",
        "where": "slack-otel.yaml:1",
      },
      {
        "event": "configuration_error",
        "key": "slack.token",
        "message": "slack-otel.yaml:2: slack.token: environment variable NOT_SET_ANYWHERE is not set; set it, or give a default: \${env:NOT_SET_ANYWHERE:-default}",
        "where": "slack-otel.yaml:2",
      },
      {
        "event": "configuration_error",
        "key": "slack.api_url",
        "message": "slack-otel.yaml:3: slack.api_url: is plain http: only https: is allowed, except on a loopback address; write for example https://slack.com/api/",
        "where": "slack-otel.yaml:3",
      },
      {
        "event": "configuration_error",
        "key": "slack.tokn",
        "message": "slack-otel.yaml:4: slack.tokn: is an unknown key; did you mean token? Known here: name, token, token_files, rotation, api_url, audit_url, workspaces",
        "where": "slack-otel.yaml:4",
      },
      {
        "event": "configuration_error",
        "key": "sources.access_logs.interval",
        "message": "slack-otel.yaml:6: sources.access_logs.interval: is not a duration: a number and its unit, which is ms, s, m, h or d; write for example 1m, 15s or 24h",
        "where": "slack-otel.yaml:6",
      },
      {
        "event": "configuration_error",
        "key": "sources.audit_logs.look_back",
        "message": "slack-otel.yaml:7: sources.audit_logs.look_back: is not a duration: a number and its unit, which is ms, s, m, h or d; write for example 15m, 15s or 1m",
        "where": "slack-otel.yaml:7",
      },
      {
        "event": "configuration_error",
        "key": "sources.app_activities.calls_per_minute",
        "message": "slack-otel.yaml:8: sources.app_activities.calls_per_minute: is not a whole number; write for example 50",
        "where": "slack-otel.yaml:8",
      },
      {
        "event": "configuration_error",
        "key": "batch.max_bytes",
        "message": "slack-otel.yaml:9: batch.max_bytes: is not a size: a number of bytes, or one with its unit, which is kB, MB, GB, KiB, MiB or GiB; write for example 4MiB, 900kB or 1000000",
        "where": "slack-otel.yaml:9",
      },
      {
        "event": "configuration_error",
        "key": "state.sqlite.path",
        "message": "slack-otel.yaml:10: state.sqlite.path: is not a path; write for example ./slack-otel.db or ./folder/file",
        "where": "slack-otel.yaml:10",
      },
    ]
  `);
  expect(scene.slack.calls).toEqual([]);
});

test("a secret with a newline inside, and two destinations, are told without the secret", async () => {
  await using scene = await createScene({
    history: { logins: 0, integrationChanges: 0, activities: 0, auditEntries: 0 },
  });
  const file = join(scene.folder, "slack-otel.yaml");
  const lines = [
    "slack: { token: '${env:SLACK_TOKEN}' }",
    "destination:",
    "  stdout: {}",
    "  otlp: { endpoint: 'http://127.0.0.1:9' }",
  ];
  await writeFile(file, lines.join("\n"));
  const ended = await runCommand(["run", "--once", "--config", "slack-otel.yaml"], {
    folder: scene.folder,
    env: { SLACK_TOKEN: `${SECRET}\n${SECRET}` },
  });
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).not.toContain(SECRET);
  expect(complaints(ended)).toMatchInlineSnapshot(`
    [
      {
        "event": "configuration_error",
        "key": "slack.token",
        "message": "slack-otel.yaml:1: slack.token: environment variable SLACK_TOKEN: the secret has a line break inside; give one line of printable ASCII characters; one newline at its end is allowed",
        "where": "slack-otel.yaml:1",
      },
      {
        "event": "configuration_error",
        "key": "destination",
        "message": "slack-otel.yaml:2: destination: names otlp and stdout: exactly one is allowed; keep one of them",
        "where": "slack-otel.yaml:2",
      },
    ]
  `);
});

test("a file that is not there, a certificate that is not there, wrong usage: exit code 2 and a remedy", async () => {
  const noFile = await runCommand(["run", "--config", "none.yaml"]);
  const noCertificate = await runCommand(["run", "--once"], {
    env: {
      SLACK_TOKEN: SECRET,
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://localhost:1",
      OTEL_EXPORTER_OTLP_CERTIFICATE: "/none.pem",
    },
  });
  const noCommand = await runCommand(["rnu"]);
  const secretFlag = await runCommand(["run", "--token", SECRET]);
  for (const ended of [noFile, noCertificate, noCommand, secretFlag]) {
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).not.toContain(SECRET);
  }
  expect([noFile, noCertificate, noCommand, secretFlag].flatMap(complaints)).toMatchInlineSnapshot(`
    [
      {
        "event": "configuration_error",
        "key": "",
        "message": "none.yaml: there is no such file; name a file that this user may read",
        "where": "none.yaml",
      },
      {
        "event": "configuration_error",
        "key": undefined,
        "message": "destination.otlp.certificate: /none.pem cannot be read: ENOENT",
        "where": undefined,
      },
      {
        "event": "usage_error",
        "key": undefined,
        "message": ""rnu" is no command; did you mean run? See: slack-otel --help",
        "where": undefined,
      },
      {
        "event": "usage_error",
        "key": undefined,
        "message": "a secret is refused on the command line, where every user of the machine can read it; set SLACK_TOKEN or SLACK_TOKEN_FILE, or write \${env:NAME} or \${file:/path} in the configuration file",
        "where": undefined,
      },
    ]
  `);
});

test("help, version and schema go to stdout", async () => {
  const help = await runCommand(["--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("Usage: slack-otel COMMAND");
  expect(await runCommand(["--version"])).toMatchObject({ code: 0, stderr: "", stdout: `${packageJson.version}\n` });
  const schema = await runCommand(["schema"]);
  expect(schema).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(schema.stdout)).toMatchObject({ properties: { slack: {}, destination: {} } });
});
