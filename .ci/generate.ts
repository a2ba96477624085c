import { writeFileSync } from "node:fs";
import { jsonSchemaText } from "../src/config/json-schema.ts";

// Files that are made from the source; a test fails when one is stale.
writeFileSync(new URL("../config/schema.json", import.meta.url), jsonSchemaText());
