import { readFileSync, writeFileSync } from "node:fs";
import { jsonSchemaText } from "../src/config/json-schema.ts";
import { catalogueTable, TABLE_FILE } from "../test/catalogue/table.ts";
import { GENERATED_DOCUMENTS, withTables } from "./readme-tables.ts";

// Files that are made from the source; a test fails when one is stale.
writeFileSync(new URL("../config/schema.json", import.meta.url), jsonSchemaText());
for (const document of GENERATED_DOCUMENTS) {
  const file = new URL(`../${document}`, import.meta.url);
  writeFileSync(file, withTables(readFileSync(file, "utf8"), document));
}
writeFileSync(TABLE_FILE, catalogueTable());
