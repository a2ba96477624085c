import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CATALOGUE } from "./rows.ts";

const TESTS = fileURLToPath(new URL("../", import.meta.url));
export const TABLE_FILE = fileURLToPath(new URL("failures.md", import.meta.url));

interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** The tests whose titles name a row, by its id. */
export function namedTests(): ReadonlyMap<string, readonly NamedTest[]> {
  const named = new Map<string, NamedTest[]>();
  for (const file of globSync("**/*.test.ts", { cwd: TESTS }).toSorted()) {
    const code = readFileSync(`${TESTS}${file}`, "utf8");
    for (const [, quoted, template] of code.matchAll(/"((?:\[[A-Z]\d+\] )+[^"\n]*)"|`((?:\[[A-Z]\d+\] )+[^`\n]*)`/g)) {
      const whole = quoted ?? template ?? "";
      const title = whole.replace(/^(?:\[[A-Z]\d+\] )+/, "");
      for (const [, id = ""] of whole.matchAll(/\[([A-Z]\d+)\] /g))
        named.set(id, [...(named.get(id) ?? []), { file, title }]);
    }
  }
  return named;
}

/** The table of the catalogue in Markdown, as it stands in `failures.md`. */
export function catalogueTable(): string {
  const named = namedTests();
  const rows = CATALOGUE.map(({ id, what, promise }) => {
    const tests = (named.get(id) ?? []).map(({ file, title }) => `\`${file}\`: ${escaped(title)}`);
    return `| ${id} | ${what} | ${promise} | ${tests.join("<br>")} |`;
  });
  return [
    "# What can go wrong, and the tests of it",
    "",
    "Made by `npm run generate` from `rows.ts` and the titles of the tests. D: the destination, P: the program and its state,",
    "S: Slack, N: the network, H: hostile input. All of it together, by the thousand: `npm run campaign`.",
    "",
    "| row | what goes wrong | what is promised | tests |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function escaped(title: string): string {
  return title.replaceAll("|", String.raw`\|`).replaceAll("<", "&lt;");
}
