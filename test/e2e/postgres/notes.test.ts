import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { postgresTest } from "./postgres-test.ts";
import { startProxy } from "./proxy.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema, openAt } from "./store.ts";

postgresTest(() => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it("a note is written and read although the database is away for a moment", async () => {
    const schema = await newSchema(server);
    await using proxy = await startProxy(server.port);
    const store = await openAt(server.url(schema, proxy.port));
    const away = async <T>(work: () => Promise<T>): Promise<T> => {
      proxy.cut();
      const waiting = work();
      await setTimeout(500);
      proxy.pass();
      return await waiting;
    };
    await away(() => store.notes.write("token", "value"));
    expect(await away(() => store.notes.read("token"))).toBe("value");
    await store.close();
  });
});
