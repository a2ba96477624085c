import { destinations } from "../src/destinations/index.ts";
import type { SourceDefinition } from "../src/slack/sources/definition.ts";
import { sourceDefinitions } from "../src/slack/sources/index.ts";
import { METRICS, prometheusName, type MetricName } from "../src/telemetry/metric-list.ts";

const definitions = Object.values(sourceDefinitions);

/** The documents with tables that are made from the source, by path. */
export const GENERATED_DOCUMENTS = ["README.md", "config/telemetry/README.md"] as const;

/** The tables that are made from the registries, by the name of their markers. */
const tables: Readonly<Record<string, () => string>> = {
  sources: () =>
    table(
      ["source", "Slack's method", "scope", "plan", "Slack's rate limit"],
      definitions.map(({ name, method, scope, plan, rate }) => [code(name), code(method), code(scope), plan, rate]),
    ),
  records: () =>
    table(
      ["source", "event name", "time", "trace id and span id"],
      definitions.map(({ name, eventName, time, trace }) => [
        code(name),
        code(eventName.key === undefined ? eventName.prefix : `${eventName.prefix}.<${eventName.key}>`),
        `${code(time.key)}, ${time.unit}`,
        trace === undefined ? "" : `${code(trace.traceId)}, ${code(trace.spanId)}`,
      ]),
    ),
  attributes: () => {
    const names = new Set(definitions.flatMap(({ attributes }) => attributes.map(({ name }) => name)));
    return table(
      ["attribute", ...definitions.map(({ name }) => code(name))],
      [...names].map((name) => [code(name), ...definitions.map((definition) => placesOf(definition, name))]),
    );
  },
  destinations: () =>
    table(
      ["destination", "what it is"],
      Object.entries(destinations).map(([name, { summary }]) => [code(name), summary]),
    ),
  metrics: () =>
    table(
      ["metric", "in Prometheus", "kind", "unit", "by", "what it is"],
      (Object.keys(METRICS) as MetricName[]).map((name) => {
        const { kind, unit, attributes, description } = METRICS[name];
        const by = attributes.map(code).join(", ");
        return [code(name), code(prometheusName(name)), kind, code(unit), by, description];
      }),
    ),
};

const DOCUMENT_OF: Readonly<Record<string, (typeof GENERATED_DOCUMENTS)[number]>> = {
  metrics: "config/telemetry/README.md",
};

/** The text of a document with every table of it made anew between its markers. Throws where a marker is missing. */
export function withTables(text: string, document: (typeof GENERATED_DOCUMENTS)[number] = "README.md"): string {
  const own = Object.entries(tables).filter(([name]) => (DOCUMENT_OF[name] ?? "README.md") === document);
  return own.reduce((before, [name, make]) => {
    const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
    const from = before.indexOf(begin);
    const to = before.indexOf(end);
    if (from < 0 || to < from) throw new Error(`${document} has no ${begin.trim()} … ${end}`);
    return `${before.slice(0, from + begin.length)}\n${make()}\n${before.slice(to)}`;
  }, text);
}

function placesOf({ attributes }: SourceDefinition, name: string): string {
  const rule = attributes.find((attribute) => attribute.name === name);
  return rule === undefined ? "" : [rule.from].flat().map(code).join(", ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("");
}

function code(text: string): string {
  return `\`${text}\``;
}
