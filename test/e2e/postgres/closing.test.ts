import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { claimOf } from "../../state/held.ts";
import { postgresTest } from "./postgres-test.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema, openAt } from "./store.ts";

/** Less than a connection that nobody uses is kept. */
const PATIENCE = { timeout: 5_000, interval: 20 };

postgresTest(() => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const connections = (schema: string) =>
    server.query(schema, "SELECT FROM pg_stat_activity WHERE application_name = 'slack-otel'");

  it("a store that is closed leaves no connection, and its streams to the next", async () => {
    const schema = await newSchema(server);
    const store = await openAt(server.url(schema));
    await claimOf(store, "a");
    await store.close();
    await vi.waitFor(async () => expect(await connections(schema)).toEqual([]), PATIENCE);
    expect(await server.query(schema, "SELECT holder FROM slack_otel_streams")).toEqual([{ holder: null }]);
    expect(await server.query(schema, "SELECT FROM slack_otel_replicas")).toEqual([]);
  });

  it("one that is told to stop while it opens does not open, and leaves no connection", async () => {
    const schema = await newSchema(server);
    const reason = new Error("stopped");
    await expect(openAt(server.url(schema), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await vi.waitFor(async () => expect(await connections(schema)).toEqual([]), PATIENCE);
    expect(await server.query(schema, "SELECT FROM slack_otel_replicas")).toEqual([]);
  });
});
