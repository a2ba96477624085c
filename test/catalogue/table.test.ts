import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CATALOGUE } from "./rows.ts";
import { catalogueTable, namedTests, TABLE_FILE } from "./table.ts";

test("every row of the catalogue is named by a test, and no test names a row that is not there", () => {
  const ids = CATALOGUE.map(({ id }) => id);
  const named = [...namedTests().keys()];
  expect(ids.filter((id) => !named.includes(id))).toEqual([]);
  expect(named.filter((id) => !ids.includes(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});

test("the table is what `npm run generate` makes", () => {
  expect(readFileSync(TABLE_FILE, "utf8")).toBe(catalogueTable());
});
