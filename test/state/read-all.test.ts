import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { Identity } from "../../src/model.ts";
import type { Copied } from "../../src/state/copy.ts";
import { readSqliteState } from "../../src/state/read-all.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { stateOf } from "./held.ts";
import { hex, identity } from "./identity.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A state whose only stream has these in its ledger's table. */
async function stored(remember: readonly Identity[]): Promise<string> {
  const path = join(temporaryFolder(), "state.db");
  const store = await openSqliteStore({ path, recentAtMost: 1 });
  await (await stateOf(store, "s")).commit({ remember });
  await store.close();
  return path;
}

async function collected({ streams }: Copied): Promise<Identity[]> {
  expect(streams.map(({ name, forgetBelow }) => [name, forgetBelow])).toEqual([["s", undefined]]);
  const all: Identity[] = [];
  for await (const some of streams[0]?.identities ?? []) all.push(...some);
  return all;
}

test.each([
  ["many keys", 10_001, (n: number) => identity(n)],
  ["many versions of one key", 5_001, (n: number) => identity(1, { version: hex(n) })],
  ["as many keys as are read at a time", 5_000, (n: number) => identity(n)],
])("gives %s, each once", async (_, count, make) => {
  const all = Array.from({ length: count }, (_, n) => make(n));
  expect(await collected(readSqliteState(await stored(all)))).toEqual(all);
});

test("tells of a delivered entry that changed since the state was verified", async () => {
  const path = await stored([identity(1), identity(2)]);
  const content = readSqliteState(path);
  const database = new DatabaseSync(path);
  database.exec("UPDATE ledger SET mark = mark + 1");
  database.close();
  await expect(collected(content)).rejects.toThrow(/state\.db: the checksum of a delivered entry does not fit/);
});
