import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { createSecret } from "../../../src/config/secret.ts";
import { openState, type OpenStateOptions, readNote, type StateChoice } from "../../../src/state/index.ts";
import { openSqliteStore } from "../../../src/state/sqlite.ts";
import { contentOf, makeSample } from "../../state/sample.ts";
import { temporaryFolder } from "../../state/temporary-folder.ts";
import { runCommand } from "../../support/command.ts";
import { postgresTest } from "./postgres-test.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema } from "./store.ts";

const options = (): OpenStateOptions => ({
  clock: systemClock,
  log: () => undefined,
  once: false,
  signal: new AbortController().signal,
});

postgresTest(() => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it("migrate copies a file into the database and back, by the program itself, and refuses what is not empty", async () => {
    const schema = await newSchema(server);
    const folder = temporaryFolder();
    const url = server.url(schema);
    const content = await makeSample(join(folder, "old.db"));
    const write = async (name: string, state: object): Promise<string> => {
      await writeFile(join(folder, name), JSON.stringify({ state }));
      return join(folder, name);
    };
    const old = await write("old.yaml", { sqlite: { path: join(folder, "old.db") } });
    const database = await write("database.yaml", { postgres: { url } });
    const back = await write("back.yaml", { sqlite: { path: join(folder, "back.db") } });
    const migrate = (from: string, to: string) => runCommand(["migrate", "--from", from, "--to", to]);

    const first = await migrate(old, database);
    expect([first.code, first.log.at(-1)]).toMatchObject([0, { event: "migrated", streams: 3, notes: 2 }]);
    expect(first.stderr).not.toContain("search_path");
    const choice: StateChoice = { name: "postgres", settings: { url: createSecret(() => url), lease: 5_000 } };
    const store = await openState(choice, options());
    expect(await contentOf(store)).toBe(content);
    const inUse = await migrate(database, back);
    expect([inUse.code, inUse.stderr]).toEqual([3, expect.stringContaining("a program is using it")]);
    await store.close();
    const kept: StateChoice = { name: "sqlite", settings: { path: join(folder, "old.db") } };
    expect(await readNote(choice, "token")).toBe(await readNote(kept, "token"));
    expect([await readNote(choice, "none"), await readNote(kept, "none")]).toEqual([undefined, undefined]);

    const again = await migrate(old, database);
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining("not empty (3 streams)")]);
    const second = await migrate(database, back);
    expect(second.code).toBe(0);
    const copy = await openSqliteStore({ path: join(folder, "back.db") });
    expect(await contentOf(copy)).toBe(content);
    await copy.close();
    expect((await migrate(old, old)).code).toBe(2);
    expect((await runCommand(["migrate", "--from", old])).code).toBe(2);
  });
});
