import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { FINDINGS } from "../src/check/finding.ts";
import { eventsOf } from "./support/events.ts";

const PAGE = fileURLToPath(new URL("../config/troubleshooting.md", import.meta.url));
const SOURCE = fileURLToPath(new URL("../src/", import.meta.url));
const explained = new Set([...readFileSync(PAGE, "utf8").matchAll(/`([a-z_]+)`/g)].map(([, word]) => word));

test("every event of the log is explained by symptom", () => {
  const events = globSync("**/*.ts", { cwd: SOURCE, exclude: ["demo/**", "simulation/**"] }).flatMap((file) =>
    eventsOf(readFileSync(SOURCE + file, "utf8")),
  );
  expect(events.length).toBeGreaterThan(40);
  expect([...new Set(events)].filter((event) => !explained.has(event))).toEqual([]);
});

test("every finding of check is explained by symptom", () => {
  expect(Object.keys(FINDINGS).filter((id) => !explained.has(id))).toEqual([]);
});
