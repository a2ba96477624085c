import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Identity } from "../../../src/model.ts";
import type { Row } from "../../../src/state/postgres/database.ts";
import { lookUp, removeForgotten, upsertValues } from "../../../src/state/postgres/ledger.ts";
import { identityChecksum } from "../../../src/state/rows.ts";
import { hex, identity } from "../identity.ts";
import { scriptedDatabase } from "./scripted-database.ts";

const LOOK_UP = "JOIN slack_otel_ledger";
const REMOVE = "WITH gone";
const STREAM = 1;

const rowOf = (one: Identity): Row => ({
  key: one.key,
  version: one.version,
  count: one.count ?? null,
  last_seconds: one.lastSeconds ?? null,
  mark: one.mark,
  checksum: identityChecksum(STREAM, one),
});
const databaseOf = (...rows: readonly Row[]) => scriptedDatabase({ [LOOK_UP]: () => rows });
const KEYS = [hex(1), hex(2)];

/** Row by row what the six arrays hold. */
function columns(values: readonly string[]): string[][] {
  const [keys = [], ...others] = values.map((text) => text.slice(1, -1).split(",").filter(Boolean));
  return keys.map((key, n) => [key, ...others.map((column) => column[n] ?? "")]);
}
const keysOf = (identities: readonly Identity[], forgetBelow: number | null = null) =>
  columns(upsertValues(STREAM, identities, forgetBelow)).map(([key]) => key);

test("nothing is asked where no key is", async () => {
  const database = databaseOf();
  expect(await lookUp(database, STREAM, [], null)).toEqual(new Map());
  expect(database.asked).toEqual([]);
});

test("an identity comes back with every number that it had, and without those it had not", async () => {
  const full = identity(1, { version: hex(7), count: 0, lastSeconds: 1.5, mark: -2 });
  const found = await lookUp(databaseOf(rowOf(full), rowOf(identity(2))), STREAM, KEYS, null);
  expect([...found.values()].flat()).toEqual([full, identity(2)]);
  expect(Object.keys(found.get(hex(2))?.[0] ?? {})).toEqual(["key", "version", "mark"]);
});

test("one whose row changed is told as damage of the database, forgotten or not", async () => {
  const database = databaseOf({ ...rowOf(identity(1)), mark: 5 });
  for (const bound of [null, 1_000]) {
    await expect(lookUp(database, STREAM, KEYS, bound)).rejects.toThrow(
      /db:5432\/logs: the checksum of a delivered entry does not fit/,
    );
  }
});

test("a mark that is as high as the bound is not forgotten, neither when it is read nor when it is written", async () => {
  const identities = [identity(1, { mark: -5 }), identity(2, { mark: -5.5 })];
  const found = await lookUp(databaseOf(...identities.map(rowOf)), STREAM, KEYS, -5);
  expect([...found.keys()]).toEqual([hex(1)]);
  expect(keysOf(identities, -5)).toEqual([hex(1)]);
  expect(keysOf(identities)).toEqual([hex(1), hex(2)]);
});

test("each identity is written once, with its highest mark, and with what it has not as NULL", () => {
  const full = identity(1, { version: hex(7), count: 0, lastSeconds: 1.5, mark: 9 });
  const values = upsertValues(STREAM, [{ ...full, mark: 8 }, full, { ...full, mark: 7 }, identity(2)], null);
  expect(columns(values)).toEqual([
    [hex(1), hex(7), "0", "1.5", "9", String(identityChecksum(STREAM, full))],
    [hex(2), '""', "NULL", "NULL", "1002", String(identityChecksum(STREAM, identity(2)))],
  ]);
  expect(upsertValues(STREAM, [], null)).toEqual(["{}", "{}", "{}", "{}", "{}", "{}"]);
});

test("all are written in one order, whichever they came in: two writers could else wait for each other", () => {
  const identities = [3, 1, 2, 5, 4].map((n) => identity(n));
  fc.assert(
    fc.property(fc.shuffledSubarray(identities, { minLength: 5 }), (shuffled) => {
      expect(keysOf(shuffled)).toEqual([1, 2, 3, 4, 5].map(hex));
    }),
  );
});

test("what is forgotten is removed in parts, until one is not full", async () => {
  const left = [20_000, 20_000, 19_999, 0];
  const database = scriptedDatabase({ [REMOVE]: () => [{ gone: left.shift() ?? 0 }] });
  await removeForgotten(database, STREAM);
  expect(database.valuesOf(REMOVE)).toEqual([1, 2, 3].map(() => [STREAM, 20_000]));
});
