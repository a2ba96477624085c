import { systemClock } from "../../../src/clock.ts";
import { createSecret } from "../../../src/config/secret.ts";
import type { Log, Store } from "../../../src/model.ts";
import type { CommitPoint } from "../../../src/state/commit-point.ts";
import { openPostgresStore, type PostgresStoreOptions } from "../../../src/state/postgres/store.ts";
import type { Harness } from "../../state/store-model.ts";
import type { PostgresServer } from "./server.ts";

let schemas = 0;

/** A schema that nobody else uses. */
export async function newSchema(server: PostgresServer): Promise<string> {
  schemas += 1;
  const schema = `test_${process.pid}_${schemas}`;
  await server.query("public", `CREATE SCHEMA ${schema}`);
  return schema;
}

const noLog: Log = () => undefined;

export function openAt(url: string, more: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const options = { url: createSecret(() => url), leaseMs: 5_000, clock: systemClock, log: noLog };
  return openPostgresStore({ ...options, ...more });
}

export function postgresHarness(server: PostgresServer): Harness {
  let schema: string | undefined;
  let crashPoint: CommitPoint | undefined;
  return {
    async open() {
      schema ??= await newSchema(server);
      return openAt(server.url(schema), {
        reached: (point) => {
          if (point !== crashPoint) return;
          crashPoint = undefined;
          throw new Error("crash");
        },
      });
    },
    crashAt: (point) => {
      crashPoint = point;
    },
  };
}
