import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const TESTS = fileURLToPath(new URL("../", import.meta.url));

/**
 * What loses or repeats data at Slack's side (R), and what is not known of Slack (Q). Of the requirements those are left
 * out that are not about reading: R18 and R19 are the mapping's, R21 is the operator's.
 */
const REQUIREMENTS = [...numbered("R", 22).filter((id) => !["R18", "R19", "R21"].includes(id)), ...numbered("Q", 14)];

function numbered(letter: string, last: number): string[] {
  return Array.from({ length: last }, (_, index) => `${letter}${index + 1}`);
}

test("each requirement is named by the title of a test", () => {
  const files = ["slack/**/*.test.ts", "streams.test.ts"].flatMap((pattern) => globSync(pattern, { cwd: TESTS }));
  const code = files.map((file) => readFileSync(`${TESTS}${file}`, "utf8")).join("\n");
  const titles = [...code.matchAll(/"([^"\n]*)"|`([^`\n]*)`/g)].map(([, text, template]) => text ?? template ?? "");
  const named = new Set(titles.flatMap((title) => /\(([^()]*)\)/.exec(title)?.[1]?.match(/\b[RQ]\d+\b/g) ?? []));
  expect(REQUIREMENTS.filter((id) => !named.has(id))).toEqual([]);
});
