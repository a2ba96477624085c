import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createSecret } from "../../../src/config/secret.ts";
import { readNote } from "../../../src/state/index.ts";
import { inspectPostgresState, probePostgresState, readPostgresNote } from "../../../src/state/postgres/inspect.ts";
import { stateOf } from "../../state/held.ts";
import { identity } from "../../state/identity.ts";
import { refusal } from "../../state/refusal.ts";
import { postgresTest } from "./postgres-test.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema, openAt } from "./store.ts";

const signal = new AbortController().signal;

postgresTest(() => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function fresh() {
    const schema = await newSchema(server);
    return { schema, url: createSecret(() => server.url(schema)) };
  }

  it("tells of each stream how many identities it has, of one without any too", async () => {
    const { schema, url } = await fresh();
    const store = await openAt(server.url(schema));
    await (await stateOf(store, "a")).commit({ remember: [identity(1), identity(2)], position: 1 });
    await stateOf(store, "b");
    await store.close();
    expect(await inspectPostgresState(url)).toEqual([
      { name: "a", position: 1, report: undefined, identities: 2 },
      { name: "b", position: undefined, report: undefined, identities: 0 },
    ]);
  });

  it("gives a note, and none where there is none or no tables", async () => {
    const { schema, url } = await fresh();
    expect(await readPostgresNote(url, "token")).toBeUndefined();
    const store = await openAt(server.url(schema));
    await store.notes.write("token", "value");
    await store.close();
    expect([await readPostgresNote(url, "token"), await readPostgresNote(url, "none")]).toEqual(["value", undefined]);
  });

  it("looks at the tables that it is told, and at no others", async () => {
    const { schema, url } = await fresh();
    const store = await openAt(server.url(schema), { tables: "other_" });
    await store.notes.write("token", "value");
    await store.close();
    const state = { name: "postgres", settings: { url, lease: 60_000, tables: "other_" } } as const;
    expect([await readNote(state, "token"), await readPostgresNote(url, "token")]).toEqual(["value", undefined]);
    expect(await inspectPostgresState(url, "other_")).toEqual([]);
    expect(await inspectPostgresState(url)).toBeUndefined();
    expect(await probePostgresState(url, signal, "other_")).toEqual({ kind: "ready", streams: [] });
  });

  it("tells of a user that may read but not write, changes nothing and leaves no connection behind", async () => {
    const { schema, url } = await fresh();
    await (await openAt(server.url(schema))).close();
    await server.query(
      schema,
      `CREATE ROLE looker LOGIN; GRANT USAGE ON SCHEMA ${schema} TO looker; ` +
        `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO looker`,
    );
    const looker = new URL(server.url(schema));
    looker.username = "looker";
    const other = createSecret(() => looker.href);
    expect(await inspectPostgresState(other)).toEqual([]);
    expect(await refusal(probePostgresState(other, signal))).toMatch(/no permission \(42501\)/);
    const meta = "SELECT xmin, * FROM slack_otel_meta";
    const before = await server.query(schema, meta);
    await probePostgresState(url, signal);
    expect(await server.query(schema, meta)).toEqual(before);
    const open = "SELECT FROM pg_stat_activity WHERE application_name = 'slack-otel'";
    await vi.waitFor(async () => expect(await server.query(schema, open)).toEqual([]));
  });

  it("is not begun once it was told to stop", async () => {
    const { url } = await fresh();
    const reason = new Error("stopped");
    await expect(probePostgresState(url, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
