import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LogRecord, SourceName } from "../../src/model.ts";
import { mapped } from "./mapped.ts";

const FOLDER = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** The records of all fixtures of a source. */
export function fixtureRecords(source: SourceName): LogRecord[] {
  return readdirSync(FOLDER + source)
    .filter((file) => file.endsWith(".json") && !file.endsWith(".expected.json"))
    .flatMap((file) => mapped(source, readFileSync(`${FOLDER}${source}/${file}`, "utf8")));
}
