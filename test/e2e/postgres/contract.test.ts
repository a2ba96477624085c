import { afterAll, beforeAll } from "vitest";
import { describeStore } from "../../state/contract.ts";
import { postgresTest } from "./postgres-test.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { postgresHarness } from "./store.ts";

postgresTest(() => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  describeStore("PostgreSQL", () => postgresHarness(server), 20);
});
