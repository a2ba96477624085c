import { readFileSync, writeFileSync } from "node:fs";
import { jsonSchemaText } from "../src/config/json-schema.ts";
import { withTables } from "./readme-tables.ts";

// Files that are made from the source; a test fails when one is stale.
const readme = new URL("../README.md", import.meta.url);
writeFileSync(new URL("../config/schema.json", import.meta.url), jsonSchemaText());
writeFileSync(readme, withTables(readFileSync(readme, "utf8")));
