import { expect, test } from "vitest";
import type { Database, Row } from "../../../src/state/postgres/database.ts";
import { addStreams, prepareSchema, readStreams, versionOf } from "../../../src/state/postgres/schema.ts";
import { scriptedDatabase } from "./scripted-database.ts";

const THERE = "FROM pg_class";
const VERSION = "SELECT version";
const LOCK = "pg_advisory_xact_lock";
const CREATE = "CREATE TABLE";
const NEWEST = 2;

/** Tables of this version; 0: there are none. `meanwhile` happens while the lock is waited for. */
function stage(version: unknown, meanwhile: (becomes: (version: number) => void) => void = () => undefined) {
  let found = version;
  const database = scriptedDatabase({
    [THERE]: () => (found === 0 ? [] : [{}]),
    [VERSION]: () => (found === undefined ? [] : [{ version: found as number }]),
    [LOCK]: () => (meanwhile((version) => (found = version)), []),
    [CREATE]: () => [],
    "INSERT INTO slack_otel_meta": () => [],
    "UPDATE slack_otel_meta SET version": () => [],
  });
  let transactions = 0;
  const transaction: Database["transaction"] = (work) => ((transactions += 1), database.transaction(work));
  return { database: { ...database, transaction }, made: database, transactions: () => transactions };
}
const created = ({ made }: ReturnType<typeof stage>) => made.valuesOf(CREATE).length;

test("tables of this version are left alone", async () => {
  const ready = stage(NEWEST);
  expect(await prepareSchema(ready.database)).toBe(false);
  expect([ready.made.asked, ready.transactions()]).toEqual([[THERE, VERSION], 0]);
});

test("tables that are not there are made, under a lock, and are new", async () => {
  const none = stage(0);
  expect(await prepareSchema(none.database)).toBe(true);
  expect(none.transactions()).toBe(1);
  expect(created(none)).toBeGreaterThan(5);
  expect(none.made.valuesOf(LOCK)).toEqual([[expect.any(Number)]]);
  expect(none.made.asked.indexOf(LOCK)).toBeLessThan(none.made.asked.indexOf(CREATE));
  expect(none.made.valuesOf("UPDATE slack_otel_meta SET version")).toEqual([[NEWEST]]);
});

test("tables of an earlier version are brought to this one, and are not new", async () => {
  const [none, old] = [stage(0), stage(1)];
  await prepareSchema(none.database);
  expect(await prepareSchema(old.database)).toBe(false);
  expect(created(old)).toBeGreaterThan(0);
  expect(created(old)).toBeLessThan(created(none));
  expect(old.made.valuesOf("UPDATE slack_otel_meta SET version")).toEqual([[NEWEST]]);
});

test("tables that another program made meanwhile are not made again, and are not new", async () => {
  const raced = stage(0, (becomes) => becomes(NEWEST));
  expect(await prepareSchema(raced.database)).toBe(false);
  expect(created(raced)).toBe(0);
});

test("tables of a newer version are refused, with both", async () => {
  const newer = stage(NEWEST + 1);
  await expect(prepareSchema(newer.database)).rejects.toThrow(/newer version .*schema 3, this one knows 2/);
  expect(newer.transactions()).toBe(0);
});

test.each([undefined, null, -1])("tables whose version is %s are damaged, and are not made anew", async (version) => {
  const { database } = stage(version);
  await expect(versionOf(database)).rejects.toThrow(/db:5432\/logs: its version is missing/);
});

const SET = "LEFT JOIN slack_otel_streams";
const ADD = "json_to_recordset";

/** What `addStreams` gives the database to store, as it comes back from there. */
async function stored(...names: readonly string[]): Promise<Row[]> {
  const database = scriptedDatabase({ [ADD]: () => [] });
  await addStreams(database, names);
  const given = JSON.parse(String(database.valuesOf(ADD)[0]?.[0])) as { name: string; own: number; checksum: number }[];
  const set = given.reduce((sum, { own }) => (sum + own) % 2 ** 32, 0);
  const empty = { position: null, report: null, generation: 0, forget_below: null, token: 0, holder: null };
  return given.map(({ name, checksum }, n) => ({ set, id: n + 1, name, checksum, ...empty }));
}
const read = (rows: readonly Row[]) => readStreams(scriptedDatabase({ [SET]: () => rows }));

test("streams that are added read back, sound and without a position", async () => {
  expect(await read(await stored("a", "b"))).toEqual([
    { id: 1, name: "a", position: null, report: null, generation: 0, forgetBelow: null, token: 0 },
    { id: 2, name: "b", position: null, report: null, generation: 0, forgetBelow: null, token: 0 },
  ]);
  expect(await read([{ set: 0, id: null }])).toEqual([]);
});

test("a stream that vanished is noticed, be it the only one, and so is the row that says which there are", async () => {
  const [first, ...others] = await stored("a", "b");
  const lonely = (await stored("a"))[0]?.["set"] ?? null;
  for (const rows of [others, first === undefined ? [] : [first], [{ set: lonely, id: null }], []]) {
    await expect(read(rows)).rejects.toThrow(/db:5432\/logs: the checksum over its streams does not fit/);
  }
});

test.each<Row>([
  { position: "1" },
  { report: "1" },
  { generation: 1 },
  { forget_below: 0 },
  { name: "c" },
  { checksum: null },
])("a row that somebody edited is noticed: %j", async (edit) => {
  const rows = (await stored("a", "b")).map((row) => ({ ...row, ...edit }));
  await expect(read(rows)).rejects.toThrow(/the checksum of the position of [abc] does not fit/);
});
