import { destinations } from "../src/destinations/index.ts";
import type { SourceDefinition } from "../src/slack/sources/definition.ts";
import { sourceDefinitions } from "../src/slack/sources/index.ts";

const definitions = Object.values(sourceDefinitions);

/** The tables of README.md that are made from the registries, by the name of their markers. */
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
};

/** The text with every table made anew between its markers. Throws where a marker is missing. */
export function withTables(text: string): string {
  return Object.entries(tables).reduce((before, [name, make]) => {
    const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
    const from = before.indexOf(begin);
    const to = before.indexOf(end);
    if (from < 0 || to < from) throw new Error(`README.md has no ${begin.trim()} … ${end}`);
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
