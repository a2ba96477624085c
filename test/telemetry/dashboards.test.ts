import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { METRICS, prometheusName, type MetricName } from "../../src/telemetry/metric-list.ts";

const FOLDER = fileURLToPath(new URL("../../config/telemetry/", import.meta.url));
const ALERTS = `${FOLDER}alerts.yaml`;
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;
const REASON = "promtool is not there (Debian: apt-get install prometheus)";

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}
interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string; readonly annotations: object }[];
  }[];
}

const { panels } = JSON.parse(readFileSync(`${FOLDER}dashboard.json`, "utf8")) as Dashboard;
const rules = (parse(readFileSync(ALERTS, "utf8")) as Rules).groups.flatMap((group) => group.rules);
const names = Object.keys(METRICS) as MetricName[];

/** Metrics and labels by the name that Prometheus has for them. */
const series = new Map(
  names.flatMap((name) => {
    const { kind, attributes } = METRICS[name];
    const labels = attributes.map((attribute) => attribute.replaceAll(".", "_"));
    const suffixes = kind === "histogram" ? ["_bucket", "_count", "_sum"] : [""];
    return suffixes.map((suffix) => [`${prometheusName(name)}${suffix}`, labels] as const);
  }),
);
const labels = new Set([...series.values()].flat());
const namesIn = (text: string) => [...text.matchAll(/\bslack_(?:otel_)?[a-z_]+/g)].map(([name]) => name);
const isKnown = (name: string) => series.has(name) || labels.has(name);

test.each([
  ["the dashboard", panels.flatMap(({ targets }) => targets.flatMap(({ expr, legendFormat }) => [expr, legendFormat]))],
  ["the alert rules", rules.flatMap(({ expr, annotations }) => [expr, JSON.stringify(annotations)])],
])("%s names only metrics and labels that there are", (_, texts) => {
  const found = texts.flatMap(namesIn);
  expect(found.length).toBeGreaterThan(5);
  expect(found.filter((name) => !isKnown(name))).toEqual([]);
});

test("every metric is on the dashboard", () => {
  const shown = new Set(panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr))));
  const isShown = (name: MetricName) => ["", "_bucket", "_count"].some((end) => shown.has(prometheusName(name) + end));
  expect(names.filter((name) => !isShown(name))).toEqual([]);
});

test("no panel of the dashboard covers another", () => {
  const fields = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
  );
  expect(new Set(fields).size).toBe(fields.length);
});

test("what an operator has to hear of has its alert", () => {
  expect(rules.map(({ alert }) => alert)).toEqual([
    "SlackOtelAbsent",
    "SlackOtelCredentialsFailing",
    "SlackOtelStreamHalted",
    "SlackOtelDataTooOld",
    "SlackOtelCoverageHole",
    "SlackOtelDeadLetters",
    "SlackOtelDestinationFailing",
    "SlackOtelThrottled",
  ]);
  expect(rules.filter(({ annotations }) => !("summary" in annotations && "description" in annotations))).toEqual([]);
});

test("Prometheus reads the rules, and each fires at what it is for and at nothing else", (context) => {
  context.skip(!hasPromtool, REASON);
  const folder = mkdtempSync(join(tmpdir(), "alerts-"));
  const tests = readFileSync(fileURLToPath(new URL("alerts.promtool.yaml", import.meta.url)), "utf8");
  const file = join(folder, "tests.yaml");
  writeFileSync(file, tests.replace("rule_files: [ALERTS]", `rule_files: [${JSON.stringify(ALERTS)}]`));
  const checked = spawnSync("promtool", ["check", "rules", ALERTS], { encoding: "utf8" });
  const tested = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  expect([checked.status, checked.stderr]).toEqual([0, ""]);
  expect([tested.status, tested.stderr]).toEqual([0, ""]);
});
