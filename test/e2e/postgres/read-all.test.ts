import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createSecret } from "../../../src/config/secret.ts";
import type { Commit, Identity } from "../../../src/model.ts";
import type { Copied } from "../../../src/state/copy.ts";
import { readPostgresState } from "../../../src/state/postgres/read-all.ts";
import { stateOf } from "../../state/held.ts";
import { hex, identity } from "../../state/identity.ts";
import { refusal } from "../../state/refusal.ts";
import { postgresTest } from "./postgres-test.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema, openAt } from "./store.ts";

async function identitiesOf({ streams }: Copied, name: string): Promise<Identity[]> {
  const all: Identity[] = [];
  for await (const some of streams.find((stream) => stream.name === name)?.identities ?? []) all.push(...some);
  return all.toSorted((a, b) => (a.key + a.version < b.key + b.version ? -1 : 1));
}

postgresTest(() => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** What is read of a state with these commits, by the names of their streams. */
  async function stored(commits: Readonly<Record<string, Commit>>, tables?: string) {
    const schema = await newSchema(server);
    const named = tables === undefined ? {} : { tables };
    const store = await openAt(server.url(schema), named);
    for (const [name, commit] of Object.entries(commits)) await (await stateOf(store, name)).commit(commit);
    for (const name of ["token", "quota"]) await store.notes.write(name, `${name} "ä\u0000"`);
    await store.close();
    const url = createSecret(() => server.url(schema));
    return { schema, read: (name = tables) => readPostgresState(url, name) };
  }

  it.each([
    ["many keys", 10_001, (n: number) => identity(n)],
    ["many versions of one key", 5_001, (n: number) => identity(1, { version: hex(n) })],
    ["as many keys as are read at a time", 5_000, (n: number) => identity(n)],
  ])("gives %s, each once", async (_, count, make) => {
    const all = Array.from({ length: count }, (_, n) => make(n));
    const { read } = await stored({ s: { remember: all } });
    expect(await identitiesOf(await read(), "s")).toEqual(all);
  });

  it("gives every stream with its own, less what it forgot, and the notes as they were written", async () => {
    const { read } = await stored({
      a: { remember: [identity(1), identity(2, { mark: 5 })] },
      b: { remember: [identity(3, { mark: 4 }), identity(4, { mark: 5 })], forgetBelow: 5 },
    });
    const content = await read();
    expect(content.streams.map(({ name, forgetBelow }) => [name, forgetBelow])).toEqual([
      ["a", undefined],
      ["b", 5],
    ]);
    expect(await identitiesOf(content, "a")).toEqual([identity(1), identity(2, { mark: 5 })]);
    expect(await identitiesOf(content, "b")).toEqual([identity(4, { mark: 5 })]);
    expect(content.notes).toEqual(["quota", "token"].map((name) => ({ name, text: `${name} "ä\u0000"` })));
  });

  it("reads the tables that it is told, and no others", async () => {
    const { read } = await stored({ s: { remember: [identity(1)] } }, "other_");
    expect(await identitiesOf(await read(), "s")).toEqual([identity(1)]);
    expect(await refusal(read("none_"))).toMatch(/refused a request \(42P01\)/);
  });

  it("tells of a delivered entry that changed, and leaves no connection behind", async () => {
    const { schema, read } = await stored({ s: { remember: [identity(1)] } });
    const content = await read();
    await server.query(schema, "UPDATE slack_otel_ledger SET mark = mark + 1");
    expect(await refusal(identitiesOf(content, "s"))).toMatch(/the checksum of a delivered entry does not fit/);
    await server.query(schema, "DROP TABLE slack_otel_ledger");
    expect(await refusal(identitiesOf(content, "s"))).toMatch(/refused a request \(42P01\)/);
    const open = "SELECT FROM pg_stat_activity WHERE application_name = 'slack-otel'";
    await vi.waitFor(async () => expect(await server.query(schema, open)).toEqual([]));
  });
});
