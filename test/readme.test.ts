import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { GENERATED_DOCUMENTS, withTables } from "../.ci/readme-tables.ts";
import { parseCommandLine } from "../src/cli.ts";
import { variablesFor } from "../src/config/environment.ts";
import { describeConfigurationError } from "../src/config/layer.ts";
import { loadConfiguration } from "../src/config/load.ts";
import { sourceDefinitions } from "../src/slack/sources/index.ts";
import { mappedOne } from "./support/mapped.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DOCUMENTS = [
  "README.md",
  ".github/CONTRIBUTING.md",
  "CHANGELOG.md",
  "config/collector/README.md",
  "config/datadog/README.md",
  "config/splunk/README.md",
  "config/telemetry/README.md",
];
const text = (name: string) => readFileSync(ROOT + name, "utf8");
const blocks = (name: string, language: string) =>
  [...text(name).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block ?? "");

test.each(GENERATED_DOCUMENTS)("the tables of %s are not stale (npm run generate makes them)", (document) => {
  expect(withTables(text(document), document)).toBe(text(document));
});

test("a table that was changed by hand is found", () => {
  const changed = text("README.md").replace("| Tier 2, 20 a minute |", "| as often as you like |");
  expect(changed).not.toBe(text("README.md"));
  expect(withTables(changed)).toBe(text("README.md"));
  expect(() => withTables(changed.replace("<!-- /attributes -->", ""))).toThrow("<!-- attributes -->");
});

test("the shell computes the trace id that the record has", () => {
  const command = blocks("README.md", "sh").find((block) => block.includes("sha256sum")) ?? "exit 1";
  const slackTraceId = /printf %s (\S+)/.exec(command)?.[1] ?? "";
  const { log } = mappedOne("app_activities", JSON.stringify({ trace_id: slackTraceId }));
  expect(slackTraceId).toMatch(/^Tr/);
  expect(execFileSync("sh", ["-c", command], { encoding: "utf8" })).toBe(`${log.spanContext?.traceId}\n`);
});

test("the source that CONTRIBUTING.md shows is the real one", () => {
  expect(blocks(".github/CONTRIBUTING.md", "ts")).toEqual([text("src/slack/sources/integration-logs.ts")]);
});

test("each field of a source is explained in CONTRIBUTING.md", () => {
  const explained = [...text(".github/CONTRIBUTING.md").matchAll(/^\| (`.*?) \|/gm)]
    .map(([, cell]) => cell ?? "")
    .join(" ");
  const fields = Object.values(sourceDefinitions).flatMap((definition) => Object.keys(definition));
  expect([...new Set(fields)].filter((field) => !explained.includes(`\`${field}\``))).toEqual([]);
});

describe.each(DOCUMENTS)("%s", (name) => {
  const folder = name.slice(0, name.lastIndexOf("/") + 1);

  test("points to nothing that is not there", () => {
    const targets = [...text(name).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, target]) => target ?? "");
    const headings = [...text(name).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      (heading ?? "")
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, "")
        .replaceAll(" ", "-"),
    );
    const missing = targets.filter((target) =>
      target.startsWith("#") ? !headings.includes(target.slice(1)) : !existsSync(ROOT + folder + target),
    );
    expect(missing).toEqual([]);
  });

  test("names only npm scripts that there are", () => {
    const scripts = [...text(name).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, script]) => script ?? "");
    expect(scripts.filter((script) => !(script in packageJson.scripts))).toEqual([]);
  });

  test("shows only command lines that are taken", () => {
    const lines = [
      ...text(name).matchAll(
        /(?:^|[`\s])slack-otel (?:-- )?((?:run|schema|demo|check|status|backfill|replay)\b[^`\n|>]*)/gm,
      ),
    ];
    expect(lines.length).toBeGreaterThanOrEqual(name === "README.md" ? 2 : 0);
    const refused = lines
      .map(([, line]) => (line ?? "").trim())
      .filter((line) => parseCommandLine(line.split(" ")).kind === "usage_error");
    expect(refused).toEqual([]);
  });
});

test("README.md shows a configuration that loads", () => {
  const [yaml = ""] = blocks("README.md", "yaml");
  const files = { read: (path: string) => (path === "r.yaml" ? yaml : "xoxp-example\n"), stamp: () => "same" };
  const loaded = loadConfiguration({ file: "r.yaml", env: {}, files });
  expect(loaded.ok ? [] : loaded.errors.map(describeConfigurationError)).toEqual([]);
});

test("README.md names the variables that there are", () => {
  const paths = [
    ["slack", "token"],
    ["slack", "api_url"],
    ["slack", "audit_url"],
    ["sources"],
    ["start"],
    ["state", "sqlite", "path"],
    ["resource"],
    ["resource", "service.name"],
    ...["endpoint", "logs_endpoint", "headers", "encoding", "compression", "timeout"].map((key) => [
      "destination",
      "otlp",
      key,
    ]),
    ...["certificate", "client_certificate", "client_key"].map((key) => ["destination", "otlp", key]),
  ];
  const known = paths.flatMap(variablesFor);
  const named = [...text("README.md").matchAll(/`((?:SLACK|OTEL)_[A-Z_]+)`/g)].map(([, variable]) => variable ?? "");
  expect(named.filter((variable) => !known.includes(variable))).toEqual([]);
  const short = [...text("README.md").matchAll(/`(_[A-Z_]+)`/g)].map(([, suffix]) => `OTEL_EXPORTER_OTLP${suffix}`);
  expect(short.filter((variable) => !known.includes(variable))).toEqual([]);
  const unnamed = known.filter((variable) => !variable.includes("_LOGS_") && ![...named, ...short].includes(variable));
  expect(unnamed).toEqual([]);
});

const NAMES_OF_RECORDS = ["log.record.uid", "service.name", "slack.method", "slack.stream"];
/** Where a destination keeps what is no attribute, and names of events. */
const NAMES_OF_PLACES = ["otel.log.name", "otel.log.severity.number", "otel.event_name", "slack.entry"];

test.each(["splunk", "datadog", "collector"])("the searches in config/%s name only what records have", (name) => {
  const document = `config/${name}/README.md`;
  const searches = ["spl", "text", "sh"].flatMap((language) => blocks(document, language)).join("\n");
  const definitions = Object.values(sourceDefinitions);
  const known = [
    ...NAMES_OF_RECORDS,
    ...NAMES_OF_PLACES,
    ...definitions.flatMap(({ attributes }) => attributes.map((attribute) => attribute.name)),
    ...["reason", "from", "to", "records"].map((word) => `slack.coverage.${word}`),
  ];
  const events = [...definitions.map(({ eventName }) => eventName.prefix), "slack.coverage.hole"];
  const found = [...searches.matchAll(/(?<![\w./-])(?:slack|user|client|geo|log|otel|service|error)\.[a-z_.]*[a-z]/g)];
  const names = found.map(([found]) => found);
  expect(names.length).toBeGreaterThan(5);
  const isEvent = (word: string) => events.some((event) => word === event || word.startsWith(`${event}.`));
  expect(names.filter((word) => !known.includes(word) && !isEvent(word))).toEqual([]);
});
