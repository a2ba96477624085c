import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { jsonSchemaText } from "../../src/config/json-schema.ts";

const text = jsonSchemaText();

test("config/schema.json is not stale (npx node .ci/generate.ts makes it)", () => {
  expect(readFileSync(new URL("../../config/schema.json", import.meta.url), "utf8")).toBe(text);
});

interface Node {
  type?: string | string[];
  description?: string;
  default?: unknown;
  required?: string[];
  writeOnly?: boolean;
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  anyOf?: Node[];
  items?: Node;
}

function leaves(node: Node, path: string): [string, Node][] {
  const ways = node.anyOf?.filter((way) => way.properties !== undefined || way.items?.properties !== undefined) ?? [];
  if (ways.length > 0) return ways.flatMap((way) => leaves(way, path));
  if (node.items?.properties !== undefined) return leaves(node.items, `${path}[]`);
  const below = Object.entries(node.properties ?? {}).flatMap(([key, child]) => leaves(child, `${path}.${key}`));
  if (typeof node.additionalProperties === "object") below.push(...leaves(node.additionalProperties, `${path}.*`));
  return node.type === "string" || !("properties" in node) ? [[path, node], ...below] : below;
}

const root = JSON.parse(text) as Node;

test("every setting is described, and every mapping refuses what it does not know", () => {
  const settings = leaves(root, "").filter(([path]) => !path.endsWith("*"));
  expect(settings.length).toBeGreaterThan(40);
  expect(settings.filter(([, { description }]) => description === undefined)).toEqual([]);
  const open = (node: Node): boolean =>
    (node.properties !== undefined && node.additionalProperties !== false) ||
    [...Object.values(node.properties ?? {}), ...(node.anyOf ?? []), ...(node.items ? [node.items] : [])].some(open);
  expect(open(root)).toBe(false);
});

test("secrets are marked, and nothing else is", () => {
  const secrets = leaves(root, "").flatMap(([path, { writeOnly }]) => (writeOnly === true ? [path] : []));
  expect(secrets).toEqual([
    ...[".slack", ".slack[]"].flatMap((slack) => [
      `${slack}.token`,
      `${slack}.rotation.client_secret`,
      `${slack}.rotation.refresh_token`,
      `${slack}.rotation.encryption_key`,
    ]),
    ".destination.otlp.headers.*",
    ".destination.datadog.api_key",
    ".destination.splunk_hec.token",
    ".state.postgres.url",
    ".telemetry.otlp.headers.*",
  ]);
});

test("what a variable can give is not required of the file", () => {
  expect(root.required).toBeUndefined();
  expect(root.properties?.["slack"]?.anyOf?.map(({ required }) => required)).toEqual([undefined, undefined]);
  expect(root.properties?.["destination"]?.properties?.["splunk_hec"]?.required).toEqual(["endpoint", "token"]);
});

test("defaults are written as in a file", () => {
  const accessLogs = root.properties?.["sources"]?.properties?.["access_logs"]?.properties;
  expect(accessLogs?.["interval"]?.default).toBe("1m");
  expect(accessLogs?.["calls_per_minute"]?.default).toBe(20);
  expect(root.properties?.["start"]?.default).toBe("24h");
  expect(root.properties?.["batch"]?.properties?.["max_bytes"]?.default).toBe("4MiB");
});

const validator = z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0]);

test.each([
  ["nothing", "{}"],
  ["references for anything", "{ start: '${env:A}', batch: { max_records: '${env:N}', max_bytes: 5 } }"],
  ["an empty mapping", "{ sources: { access_logs: , audit_logs: {} }, slack: }"],
  ["a time", "{ start: 2026-01-31T00:00:00Z }"],
])("takes %s", (_, yaml) => {
  expect(validator.safeParse(parse(yaml)).error).toBeUndefined();
});

test.each([
  ["an unknown key", "{ sorces: {} }"],
  ["a number for a duration", "{ sources: { access_logs: { interval: 5 } } }"],
  ["a wrong unit", "{ sources: { access_logs: { interval: 5 minutes } } }"],
  ["text for a number", "{ batch: { max_records: many } }"],
  ["a value that is not in the list", "{ destination: { otlp: { encoding: xml } } }"],
  ["another word for the start", "{ start: yesterday }"],
  ["a URL with a query", "{ slack: { api_url: 'https://slack.com/?a=b' } }"],
])("refuses %s", (_, yaml) => {
  expect(validator.safeParse(parse(yaml)).success).toBe(false);
});
