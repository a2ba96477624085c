import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { describeConfigurationError } from "../../src/config/layer.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { type Files, nodeFiles } from "../../src/config/files.ts";

const folder = fileURLToPath(new URL("../../config/", import.meta.url));
const ours = ["slack", "sources", "destination", "start", "batch", "state", "dead_letters", "telemetry", "resource"];

// Ours: whose only or top keys are ours. The others are for a Collector or for Kubernetes.
const yamlFiles = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.ya?ml$/.test(name));
const examples = yamlFiles.filter((name) => {
  const top: unknown = parseAllDocuments(readFileSync(folder + name, "utf8"))[0]?.toJS();
  return Object.keys(top ?? {}).some((key) => ours.includes(key));
});

/** Any secret file is there: what it holds is the reader's. */
const files: Files = {
  read(path) {
    if (path.startsWith(folder)) return nodeFiles.read(path);
    return path.includes("database") ? "postgres://user:value@host/database\n" : "value\n";
  },
  stamp: () => "always the same",
};

test("there are examples", () => {
  expect(examples).toContain("slack-otel.yaml");
});

test.each(examples)("%s is a configuration", (name) => {
  const variables = Object.fromEntries(
    [...readFileSync(folder + name, "utf8").matchAll(/\$\{env:(\w+)/g)].map(([, variable]) => [variable, "value"]),
  );
  const loaded = loadConfiguration({ file: folder + name, env: { SLACK_TOKEN: "value", ...variables }, files });
  expect(loaded.ok ? [] : loaded.errors.map(describeConfigurationError)).toEqual([]);
});

test("slack-otel.yaml shows every setting at its default", () => {
  const load = (file?: string) => {
    const variables = { SLACK_TOKEN: "value", OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" };
    const loaded = loadConfiguration({ ...(file === undefined ? {} : { file }), env: variables });
    if (!loaded.ok) throw new Error(loaded.errors.map(describeConfigurationError).join("\n"));
    return JSON.parse(JSON.stringify(loaded.configuration).replaceAll('"listed":true', '"listed":false')) as unknown;
  };
  expect(load(`${folder}slack-otel.yaml`)).toEqual(load());
  const written = parse(readFileSync(`${folder}slack-otel.yaml`, "utf8")) as Record<string, unknown>;
  expect(Object.keys(written).sort()).toEqual([...ours].sort());
});
