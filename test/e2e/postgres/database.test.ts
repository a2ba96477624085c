import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { type DatabaseOptions, openDatabase } from "../../../src/state/postgres/database.ts";
import { postgresTest } from "./postgres-test.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema } from "./store.ts";

/** Less than a connection that nobody uses is kept. */
const PATIENCE = { timeout: 5_000, interval: 20 };
const OURS = "FROM pg_stat_activity WHERE application_name = 'slack-otel'";

postgresTest(() => {
  let server: PostgresServer;
  let schema: string;
  beforeAll(async () => {
    server = await startPostgres();
    schema = await newSchema(server);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function open(reveal = () => server.url(schema), more: Partial<DatabaseOptions> = {}) {
    const database = await openDatabase({ url: { reveal }, timeoutMs: 2_000, ...more });
    onTestFinished(() => database.close());
    return database;
  }

  it("every number comes back as one, and what is none as it is", async () => {
    const { query } = await open();
    const text = "SELECT $1::int8 AS a, 2.5::numeric AS b, 3.5::float8 AS c, 4 AS d, 'five' AS e, true AS f, null AS g";
    expect(await query(text, [1])).toEqual([{ a: 1, b: 2.5, c: 3.5, d: 4, e: "five", f: true, g: null }]);
  });

  it("the tables have the names that are wished for, in a transaction too", async () => {
    const names = async (more: Partial<DatabaseOptions>) => {
      const { query, transaction } = await open(undefined, more);
      const text = "SELECT 'slack_otel_a' || $1 AS name";
      return [...(await query(text, ["1"])), ...(await transaction((query) => query(text, ["2"])))];
    };
    expect(await names({})).toEqual([{ name: "slack_otel_a1" }, { name: "slack_otel_a2" }]);
    expect(await names({ tables: "other_" })).toEqual([{ name: "other_a1" }, { name: "other_a2" }]);
  });

  it("a transaction is all or nothing, and one that failed is nobody else's trouble", async () => {
    const { query, transaction } = await open();
    await query("CREATE TABLE all_or_nothing (id int)");
    const insert = "INSERT INTO all_or_nothing VALUES ($1)";
    expect(await transaction(async (query) => (await query(insert, [1])).length)).toBe(0);
    // More often than there are connections.
    for (let failed = 0; failed < 10; failed += 1) {
      const failing = transaction(async (query) => {
        await query(insert, [2]);
        await query("SELECT 1 / 0");
      });
      await expect(failing).rejects.toMatchObject({ code: "22012" });
    }
    expect(await query("SELECT id FROM all_or_nothing")).toEqual([{ id: 1 }]);
    await vi.waitFor(async () =>
      expect(await server.query(schema, `SELECT ${OURS} AND state ~ 'in trans'`)).toEqual([]),
    );
  });

  it("after a failure it goes on by the URL as it is by then, and leaves the connections of the old one", async () => {
    const other = await newSchema(server);
    let name = schema;
    const { query } = await open(() => server.url(name));
    const where = async () => (await query("SELECT current_schema AS name"))[0]?.["name"];
    // Two connections, of which a failure ends one.
    expect(await Promise.all([where(), where()])).toEqual([schema, schema]);
    name = other;
    expect(await where()).toBe(schema);
    await expect(query("SELECT 1 / 0")).rejects.toMatchObject({ code: "22012" });
    expect(await where()).toBe(other);
    await vi.waitFor(async () => expect(await server.query(schema, `SELECT ${OURS}`)).toHaveLength(1), PATIENCE);
    name = schema;
    await expect(query("SELECT 1 / 0")).rejects.toMatchObject({ code: "22012" });
    expect(await where()).toBe(schema);
  });

  it("a connection that breaks while nobody uses it costs nothing", async () => {
    const { query } = await open();
    await query("SELECT 1");
    await server.query(schema, `SELECT pg_terminate_backend(pid) ${OURS}`);
    await vi.waitFor(async () => expect(await server.query(schema, `SELECT ${OURS}`)).toEqual([]), PATIENCE);
    // What the server has closed is known here a moment later.
    await setTimeout(100);
    expect(await query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});
