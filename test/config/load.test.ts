import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeConfigurationError } from "../../src/config/layer.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import type { Configuration } from "../../src/config/schema.ts";
import { SOURCE_NAMES, type Secret } from "../../src/model.ts";
import { fileSystem } from "../support/file-system.ts";

type Env = Record<string, string>;

const token = { SLACK_TOKEN: "xoxp-1" };
const enough = { ...token, OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" };
const stdout = "destination: { stdout: {} }\n";

function load(text: string | undefined, env: Env = {}, others: Readonly<Record<string, string>> = {}) {
  const { files } = fileSystem({ ...others, ...(text === undefined ? {} : { "a.yaml": text }) });
  return loadConfiguration({ ...(text === undefined ? {} : { file: "a.yaml" }), env, files });
}

function good(text: string | undefined, env: Env = {}, others?: Readonly<Record<string, string>>): Configuration {
  const loaded = load(text, env, others);
  if (!loaded.ok) throw new Error(loaded.errors.map(describeConfigurationError).join("\n"));
  return loaded.configuration;
}

function errors(text: string | undefined, env: Env = {}, others?: Readonly<Record<string, string>>): string[] {
  const loaded = load(text, env, others);
  return loaded.ok ? [] : loaded.errors.map(describeConfigurationError);
}

/** The OTLP settings, with their headers laid open. */
function otlp({ destination }: Configuration) {
  if (destination.name !== "otlp") throw new Error(`not otlp but ${destination.name}`);
  const headers = Object.entries(destination.settings.headers).map(([name, value]) => [name, value.reveal()]);
  return { ...destination.settings, headers: Object.fromEntries(headers) as Record<string, string> };
}

test("a token and an endpoint in the environment are enough, and the rest is the documented default", () => {
  const { slack, ...rest } = good(undefined, enough);
  expect(slack[0]?.token?.reveal()).toBe("xoxp-1");
  expect({ ...rest, slack: slack.map((connection) => ({ ...connection, token: "" })) }).toEqual({
    slack: [
      {
        token: "",
        api_url: "https://slack.com/api/",
        audit_url: "https://api.slack.com/audit/v1/",
        workspaces: "all",
      },
    ],
    sources: {
      access_logs: {
        interval: 60_000,
        calls_per_minute: 20,
        look_back: 7_200_000,
        deep_sweep: 21_600_000,
        skip_own_access: false,
        listed: false,
      },
      integration_logs: {
        interval: 300_000,
        calls_per_minute: 20,
        look_back: 7_200_000,
        deep_sweep: 21_600_000,
        listed: false,
      },
      app_activities: {
        interval: 15_000,
        calls_per_minute: 50,
        look_back: 900_000,
        min_level: "trace",
        listed: false,
      },
      audit_logs: { interval: 60_000, calls_per_minute: 30, look_back: 900_000, listed: false },
    },
    start: { kind: "back", ms: 86_400_000 },
    destination: {
      name: "otlp",
      settings: {
        endpoint: "http://localhost:4318/",
        encoding: "protobuf",
        compression: "gzip",
        headers: {},
        timeout: 30_000,
      },
    },
    batch: { max_records: 1_000, max_bytes: 4_194_304 },
    dead_letters: { path: "./dead-letters", max_bytes: 2 ** 30 },
    state: { name: "sqlite", settings: { path: "./slack-otel.db" } },
    telemetry: { otlp: { headers: {} } },
    resource: { "service.name": "slack" },
  });
});

test("nothing at all is told by what is missing and how to give it", () => {
  expect(errors(undefined)).toEqual([
    "environment: slack.token: is missing; write for example ${env:NAME} or ${file:/run/secrets/name}, " +
      "or set SLACK_TOKEN or SLACK_TOKEN_FILE",
    "environment: destination: is missing; name exactly one: otlp, datadog, splunk_hec, file, stdout; " +
      "or set OTEL_EXPORTER_OTLP_ENDPOINT",
  ]);
});

test("every variable has the meaning of its key", () => {
  const configuration = good(undefined, {
    ...token,
    SLACK_API_URL: "https://slack-gov.com/api",
    SLACK_AUDIT_URL: "http://127.0.0.1:8080/audit/v1/",
    SLACK_OTEL_SOURCES: "audit_logs, access_logs",
    SLACK_OTEL_START: "earliest",
    SLACK_OTEL_STATE: "/state/db",
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector:4318/base",
    OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Basic%20abc%3D%3D, x-plain = a=b;c ,",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_COMPRESSION: "none",
    OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/tls/ca.pem",
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "/tls/client.pem",
    OTEL_EXPORTER_OTLP_CLIENT_KEY: "/tls/key.pem",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=ignored,deployment.environment.name=a%2Cb",
    OTEL_SERVICE_NAME: "slack-audit",
  });
  expect(configuration.slack[0]?.api_url).toBe("https://slack-gov.com/api/");
  expect(configuration.slack[0]?.audit_url).toBe("http://127.0.0.1:8080/audit/v1/");
  expect(configuration.sources).toMatchObject({ access_logs: { listed: true }, audit_logs: { listed: true } });
  expect(Object.keys(configuration.sources)).toEqual(["access_logs", "audit_logs"]);
  expect(configuration.start).toEqual({ kind: "earliest" });
  expect(configuration.state).toEqual({ name: "sqlite", settings: { path: "/state/db" } });
  expect(configuration.resource).toEqual({ "service.name": "slack-audit", "deployment.environment.name": "a,b" });
  expect(otlp(configuration)).toEqual({
    endpoint: "https://collector:4318/base",
    headers: { Authorization: "Basic abc==", "x-plain": "a=b;c" },
    encoding: "json",
    compression: "none",
    timeout: 2_500,
    certificate: "/tls/ca.pem",
    client_certificate: "/tls/client.pem",
    client_key: "/tls/key.pem",
  });
});

test("the variable for logs beats the general one, which is then not even looked at", () => {
  const settings = otlp(
    good(undefined, {
      ...token,
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:1",
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://localhost:2/logs",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_TIMEOUT: "ten",
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "10",
      OTEL_EXPORTER_OTLP_COMPRESSION: "none",
      OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "zstd",
      OTEL_EXPORTER_OTLP_HEADERS: "a=general,b=general",
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: "A=logs",
    }),
  );
  expect(settings).toMatchObject({ logs_endpoint: "http://localhost:2/logs", compression: "zstd", timeout: 10 });
  expect(settings.encoding).toBe("protobuf");
  expect(settings.endpoint).toBeUndefined();
  expect(settings.headers).toEqual({ A: "logs", b: "general" });
});

test("an empty variable is one that is not set", () => {
  const empty = { SLACK_API_URL: "", SLACK_OTEL_SOURCES: " ", SLACK_OTEL_START: "", OTEL_EXPORTER_OTLP_PROTOCOL: "" };
  expect(good(undefined, { ...enough, ...empty, SLACK_TOKEN_FILE: "" })).toMatchObject({ start: { kind: "back" } });
  expect(errors(undefined, { ...enough, SLACK_TOKEN: "" })[0]).toMatch(/slack.token: is missing/);
});

test("a flag beats the file, the file beats the environment, the environment beats the default", () => {
  const { files } = fileSystem({ "a.yaml": `start: 1h\n${stdout}`, "b.yaml": stdout });
  const flags = [{ flag: "--start", path: ["start"], value: "now" }];
  const kinds = [
    { flags, file: "a.yaml", env: { ...token, SLACK_OTEL_START: "earliest" } },
    { file: "a.yaml", env: { ...token, SLACK_OTEL_START: "earliest" } },
    { file: "b.yaml", env: { ...token, SLACK_OTEL_START: "earliest" } },
    { file: "b.yaml", env: token },
  ].map((origins) => {
    const loaded = loadConfiguration({ ...origins, files });
    return loaded.ok ? loaded.configuration.start : loaded.errors;
  });
  expect(kinds).toEqual([
    { kind: "now" },
    { kind: "back", ms: 3_600_000 },
    { kind: "earliest" },
    { kind: "back", ms: 86_400_000 },
  ]);
});

test("whatever the file sets stays, and whatever it leaves open is the environment's", () => {
  const inFile = {
    api_url: "  api_url: https://file.example/api/\n",
    audit_url: "  audit_url: https://file.example/audit/\n",
    token: "  token: xoxp-file\n",
  };
  const env = {
    SLACK_TOKEN: "xoxp-env",
    SLACK_API_URL: "https://env.example/api/",
    SLACK_AUDIT_URL: "https://env.example/audit/",
  };
  const keys = ["token", "api_url", "audit_url"] as const;
  fc.assert(
    fc.property(fc.subarray([...keys]), (chosen) => {
      const { slack } = good(`${stdout}slack:\n${chosen.map((key) => inFile[key]).join("")}`, env);
      const [connection] = slack;
      const shown = { ...connection, token: connection?.token?.reveal() };
      for (const key of keys) expect(shown[key]).toContain(chosen.includes(key) ? "file" : "env");
    }),
  );
});

test("a list of sources in the file is not pieced together with that of the environment", () => {
  const text = `${stdout}sources: { access_logs: { interval: 2m } }`;
  const { sources } = good(text, { ...token, SLACK_OTEL_SOURCES: "audit_logs,access_logs" });
  expect(Object.keys(sources)).toEqual(["access_logs"]);
  expect(sources.access_logs).toMatchObject({ interval: 120_000, listed: true });
});

test("an endpoint in the file is not beaten by either endpoint of the environment", () => {
  const both = {
    ...token,
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:1",
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://localhost:2/x",
  };
  const base = otlp(good("destination: { otlp: { endpoint: http://localhost:9 } }", both));
  expect([base.endpoint, base.logs_endpoint]).toEqual(["http://localhost:9/", undefined]);
  const exact = otlp(good("destination: { otlp: { logs_endpoint: http://localhost:9/y } }", both));
  expect([exact.endpoint, exact.logs_endpoint]).toEqual([undefined, "http://localhost:9/y"]);
});

test("headers of the file and of the environment join, one name in any case being one header", () => {
  const text = "destination: { otlp: { endpoint: http://localhost:9, headers: { authorization: file } } }";
  const env = { ...token, OTEL_EXPORTER_OTLP_HEADERS: "Authorization=env,x-tenant=env" };
  expect(otlp(good(text, env)).headers).toEqual({ authorization: "file", "x-tenant": "env" });
});

test("OTLP variables leave another destination alone, however wrong they are", () => {
  const env = { ...enough, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_TIMEOUT: "x" };
  expect(good(stdout, env).destination).toEqual({ name: "stdout", settings: {} });
});

test("OTLP variables without an endpoint are no destination", () => {
  expect(errors(undefined, { ...token, OTEL_EXPORTER_OTLP_HEADERS: "a=b" })).toEqual([
    expect.stringMatching(/^environment: destination: is missing/),
  ]);
});

test("a state of the file is not joined by that of the environment", () => {
  const url = "postgres://u:hidden@h/d";
  const replicas = good(`${stdout}state: { postgres: { url: "${url}" } }`, { ...token, SLACK_OTEL_STATE: "/db" });
  expect(replicas.state).toMatchObject({ name: "postgres", settings: { lease: 30_000 } });
  expect(JSON.stringify(replicas.state)).not.toContain("hidden");
  const file = good(`${stdout}state: { sqlite: {} }`, { ...token, SLACK_OTEL_STATE: "/db" });
  expect(file.state.settings).toEqual({ path: "/db" });
});

test.each(["x", "mysql://hidden@h/d", "https://hidden@h"])("%s is no URL of a database, and is not quoted", (url) => {
  expect(errors(`${stdout}state: { postgres: { url: "${url}" } }`, token)).toEqual([
    expect.stringMatching(
      /^a\.yaml:2: state\.postgres\.url: is not a URL that begins with postgres:\/\/; write for example/,
    ),
  ]);
});

test("a source that is named alone is listed, with its defaults", () => {
  const { sources } = good(`${stdout}sources:\n  audit_logs:\n`, token);
  expect(sources).toEqual({
    audit_logs: { interval: 60_000, calls_per_minute: 30, look_back: 900_000, listed: true },
  });
});

test.each(SOURCE_NAMES)("every setting of %s may be given", (name) => {
  const text = `${stdout}sources: { ${name}: { interval: 2s, calls_per_minute: 7, look_back: 3s } }`;
  expect(good(text, token).sources[name]).toMatchObject({ interval: 2_000, calls_per_minute: 7, look_back: 3_000 });
});

test("references are followed in any scalar, in numbers and inside braces too", () => {
  const configuration = good(
    [
      "slack: { token: ${env:TOKEN} }",
      "batch: { max_records: '${env:COUNT}', max_bytes: ${env:SIZE:-1MB} }",
      "dead_letters: { path: /data/${env:NAME}/letters }",
      "resource: { a: ${env:COUNT}, b: $$5 }",
      "destination: { splunk_hec: { endpoint: https://splunk:8088, token: ${file:/hec}, index: slack } }",
    ].join("\n"),
    { TOKEN: "xoxp-2", COUNT: "10", NAME: "x" },
    { "/hec": "hec-token\n" },
  );
  expect(configuration.slack[0]?.token?.reveal()).toBe("xoxp-2");
  expect(configuration.batch).toEqual({ max_records: 10, max_bytes: 1_000_000 });
  expect(configuration.dead_letters.path).toBe("/data/x/letters");
  expect(configuration.resource).toMatchObject({ a: "10", b: "$5" });
  expect((configuration.destination.settings as { token: Secret }).token.reveal()).toBe("hec-token");
});

test("a reference inside a text makes no number", () => {
  expect(errors(`${stdout}batch: { max_records: 1\${env:COUNT} }`, { ...token, COUNT: "0" })).toEqual([
    expect.stringMatching(/batch.max_records: is not a whole number/),
  ]);
});

test("a token file named by the environment is followed", () => {
  const system = fileSystem({ "/token": "xoxp-1\n" });
  const loaded = loadConfiguration({
    env: { SLACK_TOKEN_FILE: "/token", OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" },
    files: system.files,
  });
  if (!loaded.ok) throw new Error("not loaded");
  expect(loaded.configuration.slack[0]?.token?.reveal()).toBe("xoxp-1");
  system.write("/token", "xoxp-2\n");
  expect(loaded.configuration.slack[0]?.token?.reveal()).toBe("xoxp-2");
});

test("anchors stand for what they name", () => {
  const text = `${stdout}sources: { access_logs: &pace { interval: 3m }, audit_logs: *pace }`;
  expect(good(text, token).sources.audit_logs?.interval).toBe(180_000);
});

test("a destination by plain http on another host is warned about, one on this host is not", () => {
  const warnings = (text: string | undefined, env: Env) => {
    const loaded = load(text, env);
    return loaded.ok ? loaded.warnings : loaded.errors;
  };
  expect(warnings(undefined, enough)).toEqual([]);
  expect(warnings(undefined, { ...token, OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector:4318" })).toEqual([]);
  expect(warnings(undefined, { ...token, OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" })).toEqual([
    expect.stringMatching(/^environment variable OTEL_EXPORTER_OTLP_ENDPOINT: destination.otlp.endpoint: plain http/),
  ]);
  expect(warnings("\ndestination: { otlp: { logs_endpoint: http://127.0.0.1.example/x } }", token)).toEqual([
    expect.stringMatching(/^a.yaml:2: destination.otlp.logs_endpoint: plain http/),
  ]);
});

test.each(["http://localhost:1/", "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]:80/", "HTTP://LOCALHOST/"])(
  "Slack may be at %s",
  (url) => {
    expect(good(undefined, { ...enough, SLACK_API_URL: url }).slack[0]?.api_url).toMatch(/^http:.*\/$/);
  },
);

test.each([
  "http://slack.com/api/",
  "http://127.0.0.1.example/",
  "http://localhost.example/",
  "http://127.0.0.1@example.com/",
  "http://[::2]/",
  "http://0.0.0.0/",
  "https://user:pass@slack.com/",
  "https://slack.com/api/?a=b",
  "https://slack.com/api/#a",
  "ftp://slack.com/",
  "example.com",
  "https://?",
  "https://a b/",
  "https://a:99999/",
])("Slack may not be at %s, and the URL is not shown", (url) => {
  const [first, ...more] = errors(undefined, { ...enough, SLACK_API_URL: url });
  expect(first).toMatch(/^environment variable SLACK_API_URL: slack.api_url: /);
  expect(first).not.toContain(url);
  expect(more).toEqual([]);
});

test("everything that is wrong is told at once, each by line, key, fault and remedy", () => {
  const text = `slack:
  tokn: x
  api_url: http://slack.com/api/
sources:
  acess_logs: { interval: 5 }
  audit_logs:
    interval: 5 minutes
    calls_per_minute: many
    look_back:
  app_activities: { min_level: verbose, interval: 0s, calls_per_minute: 1.5 }
start: yesterday
destination:
  stdout: {}
  otlp: { encoding: xml, timeout: 30 }
batch: 5
state: { sqlite: { path: 7 } }
dead_letters: { path: "" }
resource: { a: 1, "b.c": true }
`;
  expect(errors(text)).toMatchInlineSnapshot(`
    [
      "a.yaml:1: slack.token: is missing; write for example \${env:NAME} or \${file:/run/secrets/name}, or set SLACK_TOKEN or SLACK_TOKEN_FILE",
      "a.yaml:2: slack.tokn: is an unknown key; did you mean token? Known here: name, token, token_files, rotation, api_url, audit_url, workspaces",
      "a.yaml:3: slack.api_url: is plain http: only https: is allowed, except on a loopback address; write for example https://slack.com/api/",
      "a.yaml:5: sources.acess_logs: is an unknown key; did you mean access_logs? Known here: access_logs, integration_logs, app_activities, audit_logs",
      "a.yaml:7: sources.audit_logs.interval: is not a duration: a number and its unit, which is ms, s, m, h or d; write for example 1m, 15s or 24h",
      "a.yaml:8: sources.audit_logs.calls_per_minute: is not a whole number; write for example 30",
      "a.yaml:9: sources.audit_logs.look_back: has no value; write for example 15m, 15s or 1m, or leave the key out",
      "a.yaml:10: sources.app_activities.interval: is too short: at least 1ms; write for example 15s, 1m or 24h",
      "a.yaml:10: sources.app_activities.calls_per_minute: is not a whole number; write for example 50",
      "a.yaml:10: sources.app_activities.min_level: is none of the values that are known; write trace, debug, info, warn, error or fatal",
      "a.yaml:11: start: is neither a duration back, nor a time, nor \`now\`, nor \`earliest\`; write for example 24h, 2026-01-31T00:00:00Z or now",
      "a.yaml:12: destination: names otlp and stdout: exactly one is allowed; keep one of them",
      "a.yaml:14: destination.otlp.encoding: is none of the values that are known; write protobuf or json",
      "a.yaml:14: destination.otlp.timeout: is not a duration: a number and its unit, which is ms, s, m, h or d; write for example 30s, 15s or 1m",
      "a.yaml:15: batch: is not a mapping; write keys below it: max_records, max_bytes",
      "a.yaml:16: state.sqlite.path: is not a path; write for example ./slack-otel.db or ./folder/file",
      "a.yaml:17: dead_letters.path: is empty; write for example ./dead-letters or ./folder/file",
      "a.yaml:18: resource.a: is not text; write a text, in quotes if it looks like a number",
      "a.yaml:18: resource."b.c": is not text; write a text, in quotes if it looks like a number",
    ]
  `);
});

test.each([
  ["slack: { token: a", /^a.yaml:1: this is not YAML: /],
  ["slack:\n\ttoken: a", /^a.yaml:2: this is not YAML: a tab/],
  ["a: b\n---\nc: d", /^a.yaml:\d: this is not YAML: there is more than one document/],
  ["slack: { token: !secret a }", /^a.yaml:1: this is not YAML: there is a tag/],
  ["- a\n- b", /^a.yaml:1: the file is not a mapping; /],
  ["just text", /^a.yaml:1: the file is not a mapping; /],
])("%j is told by its line, alone", (text, message) => {
  expect(errors(text, enough)).toEqual([expect.stringMatching(message)]);
});

test("a file that cannot be read is told by its name, alone", () => {
  const { files } = fileSystem();
  const loaded = loadConfiguration({ file: "none.yaml", env: {}, files });
  expect(loaded).toMatchObject({ ok: false, errors: [{ where: "none.yaml", problem: "there is no such file" }] });
  const folder = loadConfiguration({ file: import.meta.dirname, env: {} });
  expect(folder).toMatchObject({ ok: false, errors: [{ problem: "it is a folder" }] });
});

test("an empty file, or one of comments only, leaves all to the environment", () => {
  for (const text of ["", "# nothing\n", "slack:\ndestination:\n"]) expect(good(text, enough).start.kind).toBe("back");
});

test("a key that is written twice is told with both its lines", () => {
  expect(errors(`${stdout}start: 1h\nstart: 2h\n`, token)).toEqual([
    "a.yaml:3: start: is written twice, first at a.yaml:2; keep one of both",
  ]);
});

test("a key that is no name of ours is data, whatever it is called", () => {
  expect(errors(`${stdout}__proto__: { start: now }\n`, token)).toEqual([
    expect.stringMatching(/^a.yaml:2: __proto__: is an unknown key/),
  ]);
  const { resource } = good(`${stdout}resource: { constructor: a }`, token);
  expect(resource).toEqual({ "service.name": "slack", constructor: "a" });
});

test("an alias that goes round in circles is an error", () => {
  expect(errors(`${stdout}slack: &a { token: *a }`, {})).toEqual([expect.stringMatching(/slack.token: an alias/)]);
});

test("a value from a variable is told by the variable's name", () => {
  const text = `${stdout}start: \${env:WHEN}\nbatch: { max_records: \${env:COUNT} }`;
  const env = { ...token, WHEN: "yesterday", COUNT: "many" };
  expect(errors(text, env)).toEqual([
    expect.stringMatching(/^a.yaml:2 \(environment variable WHEN\): start: is neither/),
    expect.stringMatching(/^a.yaml:3 \(environment variable COUNT\): batch.max_records: is not a whole number/),
  ]);
  expect(errors(`${stdout}start: \${env:WHEN}`, token)).toEqual([
    "a.yaml:2: start: environment variable WHEN is not set; set it, or give a default: ${env:WHEN:-default}",
  ]);
});

test.each<[string, Env, RegExp]>([
  [
    "grpc",
    { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    /PROTOCOL: destination.otlp.encoding: grpc is not spoken here; use /,
  ],
  ["a protocol", { OTEL_EXPORTER_OTLP_PROTOCOL: "thrift" }, /PROTOCOL: destination.otlp.encoding: is not a protocol/],
  [
    "a unit",
    { OTEL_EXPORTER_OTLP_TIMEOUT: "10s" },
    /TIMEOUT: destination.otlp.timeout: is not a number of milliseconds/,
  ],
  ["no limit", { OTEL_EXPORTER_OTLP_TIMEOUT: "0" }, /TIMEOUT: destination.otlp.timeout: is too short/],
  ["no key", { OTEL_EXPORTER_OTLP_HEADERS: "a=b,=c" }, /HEADERS: destination.otlp.headers: pair 2 cannot be read/],
  ["no value", { OTEL_RESOURCE_ATTRIBUTES: "a" }, /OTEL_RESOURCE_ATTRIBUTES: resource: pair 1 cannot be read/],
  ["an escape", { OTEL_EXPORTER_OTLP_HEADERS: "a=%zz" }, /HEADERS: destination.otlp.headers: pair 1 cannot be read/],
  [
    "a name",
    { OTEL_EXPORTER_OTLP_HEADERS: "a b=c" },
    /HEADERS: destination.otlp.headers\.\(hidden\): is not a header name/,
  ],
  ["a source", { SLACK_OTEL_SOURCES: "audit" }, /SOURCES: sources.audit: is an unknown key; did you mean audit_logs\?/],
  ["no source", { SLACK_OTEL_SOURCES: "," }, /SOURCES: sources: names no source/],
  ["certificates", { NODE_TLS_REJECT_UNAUTHORIZED: "0" }, /NODE_TLS_REJECT_UNAUTHORIZED: 0 switches off/],
])("%s that is wrong in a variable is told by its name", (_, env, message) => {
  const told = errors(undefined, { ...enough, ...env });
  expect(told).toEqual([expect.stringMatching(message)]);
});

test("a token by variable and by file is refused, unless the file has its own", () => {
  const env = { ...enough, SLACK_TOKEN_FILE: "/token" };
  expect(errors(undefined, env, { "/token": "a" })).toEqual([
    expect.stringMatching(/SLACK_TOKEN and SLACK_TOKEN_FILE: slack.token: both are set; unset one/),
  ]);
  expect(good("slack: { token: xoxp-file }", env).slack[0]?.token?.reveal()).toBe("xoxp-file");
});

test("a token file that is not there is told once", () => {
  const { SLACK_TOKEN: _, ...env } = enough;
  expect(errors(undefined, { ...env, SLACK_TOKEN_FILE: "/none" })).toEqual([
    expect.stringMatching(/SLACK_TOKEN_FILE: slack.token: file \/none: there is no such file/),
  ]);
});

test("no message shows a secret, wherever it stands and whatever is wrong with it", () => {
  const canary = "xoxp-canary-1234";
  const bad = `${canary}\nmore`;
  const texts = [
    `slack: { token: "${canary}\\nx" }`,
    `slack: { token: "${canary}é" }`,
    `slack: ${canary}`,
    `slack: [${canary}]`,
    `slack: { token: { ${canary}: a } }`,
    `slack: { api_url: "https://${canary}@slack.com/" }`,
    `slack: { token: ${canary}, token: ${canary} }`,
    `slack: { token: "${canary}`,
    `slack: { token: ${canary}\n  x: "y" z ${canary} }`,
    canary,
    `slack: { token:${canary} }`,
    `slack: { ${canary}: a }`,
    `destination: { otlp: { headers: { "authorization=${canary}": a } } }`,
    `start: ${canary}`,
    `batch: { max_records: ${canary}, max_bytes: ${canary} }`,
    `destination: { otlp: { encoding: ${canary}, headers: { a: "${canary}\\n\\n" } } }`,
    "slack: { token: ${env:BAD} }",
    "slack: { token: a${file:/bad} }",
    "start: ${env:BAD}",
    "batch: { max_records: ${file:/bad} }",
  ];
  const told = texts.flatMap((text) => {
    const found = errors(text, { BAD: bad }, { "/bad": bad });
    expect(found, text).not.toEqual([]);
    return found;
  });
  told.push(
    ...errors(undefined, { SLACK_TOKEN: bad, OTEL_EXPORTER_OTLP_HEADERS: `a=${canary}%0a%0a,${canary}` }),
    ...errors(undefined, { ...enough, SLACK_TOKEN: bad, OTEL_EXPORTER_OTLP_HEADERS: `a=${canary}%0a%0a` }),
    ...errors(
      undefined,
      { SLACK_TOKEN_FILE: "/bad", OTEL_EXPORTER_OTLP_ENDPOINT: `https://u:${canary}@x/` },
      { "/bad": bad },
    ),
  );
  expect(told.length).toBeGreaterThan(texts.length);
  expect(told.filter((message) => message.includes("canary"))).toEqual([]);
});

test("any text at all is configuration or a list of errors, never an exception", () => {
  const piece = fc.constantFrom(
    "slack",
    "token",
    "sources",
    "destination",
    "stdout",
    "start",
    ":",
    " ",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    "${env:A}",
    "${",
    "$$",
    "&a",
    "*a",
    "!t",
    "- ",
    "'",
    '"',
    "|",
    "#",
    ",",
    "1",
    "null",
    "__proto__",
    "? ",
    "---\n",
    "%",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      const loaded = load(pieces.join(""), enough);
      if (!loaded.ok) expect(loaded.errors.length).toBeGreaterThan(0);
    }),
    { numRuns: 1_000 },
  );
});

describe("a list of connections", () => {
  const list = (items: string) => `destination: { stdout: {} }\nslack:\n${items}`;

  test("is read in order, each with its own token and the defaults", () => {
    const { slack } = good(
      list(`  - name: acme
    token: xoxp-1
    workspaces: [T1, T2]
  - { name: beta, token: "\${env:BETA}", api_url: https://slack-gov.com/api }
  - token_files: /run/secrets/slack/*
`),
      { BETA: "xoxp-2" },
    );
    expect(slack.map(({ token, ...rest }) => ({ ...rest, token: token?.reveal() }))).toMatchObject([
      { name: "acme", token: "xoxp-1", workspaces: ["T1", "T2"], api_url: "https://slack.com/api/" },
      { name: "beta", token: "xoxp-2", workspaces: "all", api_url: "https://slack-gov.com/api/" },
      { token: undefined, token_files: "/run/secrets/slack/*" },
    ]);
  });

  test("takes the URLs of the environment where it gives none, and no token from there", () => {
    const env = { SLACK_TOKEN: "xoxp-env", SLACK_API_URL: "https://env.example/api/" };
    const text = list("  - { name: a, token: x1 }\n  - { name: b, token: x2, api_url: https://file.example/ }\n");
    expect(good(text, env).slack.map(({ api_url, token }) => [api_url, token?.reveal()])).toEqual([
      ["https://env.example/api/", "x1"],
      ["https://file.example/", "x2"],
    ]);
    expect(errors(list("  - { name: a }\n"), env)).toEqual([
      "a.yaml:3: slack[0].token: is missing; write for example ${env:NAME} or ${file:/run/secrets/name}",
    ]);
  });

  test("tells every error by line, key and remedy", () => {
    const text = list(`  - name: acme
    tokn: xoxp-1
  - name: "a b"
    token: ""
  - { name: c, token: x, token_files: y }
  - name: d
    token: "\${env:NOT_SET}"
    workspaces: everything
  - { name: e, token: x, workspaces: [T1, t2] }
  - xoxp-secret
`);
    expect(errors(text)).toMatchInlineSnapshot(`
      [
        "a.yaml:3: slack[0].token: is missing; write for example \${env:NAME} or \${file:/run/secrets/name}",
        "a.yaml:4: slack[0].tokn: is an unknown key; did you mean token? Known here: name, token, token_files, rotation, api_url, audit_url, workspaces",
        "a.yaml:5: slack[1].name: is not a name: up to 64 letters, digits, dots, dashes and underscores; write for example acme",
        "a.yaml:6: slack[1].token: the secret is empty; give one line of printable ASCII characters; one newline at its end is allowed",
        "a.yaml:7: slack[2]: names token and token_files: exactly one is allowed; keep one of them",
        "a.yaml:9: slack[3].token: environment variable NOT_SET is not set; set it, or give a default: \${env:NOT_SET:-default}",
        "a.yaml:10: slack[3].workspaces: is neither \`all\` nor a list of workspace ids; write for example all or [T0123456789, T9876543210]",
        "a.yaml:11: slack[4].workspaces[1]: is not a workspace id; write for example T0123456789",
        "a.yaml:12: slack[5]: is not a mapping; write keys below it: name, token, token_files, rotation, api_url, audit_url, workspaces",
      ]
    `);
  });

  test("names each connection, and none twice", () => {
    expect(errors(list("  - { token: x }\n  - { name: b, token: y }\n"))).toMatchInlineSnapshot(`
      [
        "a.yaml:3: slack[0].name: is missing; give each connection of a list its own name, by which the log speaks of it, such as name: acme",
      ]
    `);
    expect(errors(list("  - { name: b, token: x }\n  - { name: b, token: y }\n"))).toMatchInlineSnapshot(`
      [
        "a.yaml:4: slack[1].name: is a name given before; give each connection of a list its own name, by which the log speaks of it, such as name: acme",
      ]
    `);
    expect(errors(list("  []\n"))).toMatchInlineSnapshot(`
      [
        "a.yaml:2: slack: names no connection; write keys below it: name, token, token_files, rotation, api_url, audit_url, workspaces",
      ]
    `);
  });
});

describe("token rotation", () => {
  const block = (more: string) =>
    `slack: { rotation: { client_id: "1.2", client_secret: s3cret, refresh_token: xoxe-1-r${more} } }\ndestination: { stdout: {} }\n`;

  test("takes the place of the token, with a key for what is stored", () => {
    const { slack } = good(block(`, encryption_key: ${"0f".repeat(32)}`));
    expect(slack).toMatchObject([{ rotation: { client_id: "1.2" } }]);
    expect(slack[0]?.rotation?.refresh_token.reveal()).toBe("xoxe-1-r");
  });

  test("is refused without a key, with one that is none, and beside a token", () => {
    expect(errors(block(""))).toMatchInlineSnapshot(`
      [
        "a.yaml:1: slack.rotation.encryption_key: is missing; write for example \${env:NAME} or \${file:/run/secrets/name}",
      ]
    `);
    expect(errors(block(", encryption_key: password"))).toMatchInlineSnapshot(`
      [
        "a.yaml:1: slack.rotation.encryption_key: is not a key of 32 bytes; make one with \`openssl rand -base64 32\` and keep it where the token would be kept",
      ]
    `);
    const both = block(`, encryption_key: ${"0f".repeat(32)}`).replace("{ rotation", "{ token: xoxp-1, rotation");
    expect(errors(both)).toMatchInlineSnapshot(`
      [
        "a.yaml:1: slack: names token and rotation: exactly one is allowed; keep one of them",
      ]
    `);
  });
});

test("the file's folder of tokens beats the variable with one", () => {
  const { slack } = good("slack: { token_files: /secrets/* }", { ...enough, SLACK_TOKEN: "xoxp-env" });
  expect(slack).toMatchObject([{ token_files: "/secrets/*" }]);
  expect(slack[0]?.token).toBeUndefined();
});
