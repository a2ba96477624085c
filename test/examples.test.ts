import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

const FOLDER = fileURLToPath(new URL("../config/", import.meta.url));
const yamlFiles = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.ya?ml$/.test(name))
  .toSorted();
const read = (name: string) => readFileSync(FOLDER + name, "utf8");

/** Anything at all: what is looked for and not there is `undefined`, and fails its test. */
interface Json {
  readonly [key: string]: Json;
}
const documents = (name: string) => parseAllDocuments(read(name)).map((document) => document.toJS() as Json);
const kindOf = (name: string) => {
  const [top] = documents(name);
  if (top?.["apiVersion"] !== undefined) return "kubernetes";
  if (top?.["groups"] !== undefined) return "prometheus";
  return top?.["service"]?.["pipelines"] === undefined ? "slack-otel" : "collector";
};

test.each(yamlFiles)("%s is YAML without a warning", (name) => {
  const found = parseAllDocuments(read(name), { uniqueKeys: true }).flatMap(({ errors, warnings }) => [
    ...errors,
    ...warnings,
  ]);
  expect(found).toEqual([]);
});

test("each way to run it has its example", () => {
  const places = yamlFiles.filter((name) => name.startsWith("otlp/"));
  const others = yamlFiles.filter((name) => !places.includes(name));
  expect(places.map(kindOf).filter((kind) => kind !== "slack-otel")).toEqual([]);
  expect(Object.fromEntries(others.map((name) => [name, kindOf(name)]))).toEqual({
    "collector/collector.yaml": "collector",
    "collector/durable.yaml": "collector",
    "collector/splunk.yaml": "collector",
    "datadog/slack-otel.yaml": "slack-otel",
    "kubernetes/base/kustomization.yaml": "kubernetes",
    "kubernetes/base/namespace.yaml": "kubernetes",
    "kubernetes/base/network-policy.yaml": "kubernetes",
    "kubernetes/cronjob/cronjob.yaml": "kubernetes",
    "kubernetes/cronjob/kustomization.yaml": "kubernetes",
    "kubernetes/cronjob/slack-otel.yaml": "slack-otel",
    "kubernetes/deployment/deployment.yaml": "kubernetes",
    "kubernetes/deployment/kustomization.yaml": "kubernetes",
    "kubernetes/deployment/slack-otel.yaml": "slack-otel",
    "kubernetes/replicas/kustomization.yaml": "kubernetes",
    "kubernetes/replicas/network-policy-postgres.yaml": "kubernetes",
    "kubernetes/replicas/slack-otel.yaml": "slack-otel",
    "kubernetes/replicas/stateful-set.yaml": "kubernetes",
    "kubernetes/sidecar/collector.yaml": "collector",
    "kubernetes/sidecar/kustomization.yaml": "kubernetes",
    "kubernetes/sidecar/slack-otel.yaml": "slack-otel",
    "kubernetes/sidecar/stateful-set.yaml": "kubernetes",
    "organisation/slack-otel.yaml": "slack-otel",
    "pipeline/collector.yaml": "collector",
    "pipeline/slack-otel.yaml": "slack-otel",
    "slack-otel.yaml": "slack-otel",
    "telemetry/alerts.yaml": "prometheus",
    "splunk/slack-otel.yaml": "slack-otel",
  });
});

describe.each(yamlFiles.filter((name) => kindOf(name) === "collector"))("%s, the Collector's", (name) => {
  const [collector] = documents(name);

  test("names only parts that it defines, and uses all of them", () => {
    const service = collector?.["service"];
    const used = (part: string) =>
      Object.values(service?.["pipelines"] ?? {}).flatMap((pipeline) => pipeline[part] ?? []);
    for (const part of ["receivers", "processors", "exporters"]) {
      expect(used(part)).toEqual(Object.keys(collector?.[part] ?? {}));
    }
    expect(service?.["extensions"]).toEqual(Object.keys(collector?.["extensions"] ?? {}));
  });
});

test.each(["collector/collector.yaml", "collector/splunk.yaml"])("%s says yes only when the backend has", (name) => {
  const [collector] = documents(name);
  const exporters = Object.values(collector?.["exporters"] ?? {});
  const direct = { sending_queue: { wait_for_result: true }, retry_on_failure: { enabled: false } };
  expect(exporters).toEqual([expect.objectContaining(direct)]);
  expect(Object.keys(collector?.["processors"] ?? {})).toEqual(["memory_limiter"]);
});

test("collector/durable.yaml says yes when it is on the disk, synced, and never gives up", () => {
  const [collector] = documents("collector/durable.yaml");
  expect(collector?.["extensions"]?.["file_storage"]).toMatchObject({ fsync: true });
  expect(collector?.["exporters"]?.["otlp_http"]).toMatchObject({
    sending_queue: { storage: "file_storage" },
    retry_on_failure: { max_elapsed_time: "0s" },
  });
});

test("every file that a text beside the examples points to is there", () => {
  const text = read("collector/README.md");
  const targets = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target ?? "");
  expect(targets.length).toBeGreaterThan(0);
  expect(targets.filter((target) => !existsSync(`${FOLDER}collector/${target}`))).toEqual([]);
});
