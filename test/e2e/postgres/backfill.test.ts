import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createScene, FAST } from "../../process/scene.ts";
import { runCommand } from "../../support/command.ts";
import { uidOf, type DecodedRecord } from "../../support/otlp-decoder.ts";
import { postgresTest } from "./postgres-test.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema } from "./store.ts";

const HOUR_MS = 3_600_000;
const STREAMS = 5;
const millis = ({ timeUnixNano }: DecodedRecord) => Number(timeUnixNano / 1_000_000n);

postgresTest(() => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it("backfill works beside a running replica, status tells of both, and migrate takes both along", async () => {
    const state = { postgres: { url: server.url(await newSchema(server)), lease: "5s" } };
    await using scene = await createScene({ settings: { sources: FAST, start: "1h", state } });
    const command = async (name: string, ...args: readonly string[]) => {
      const { args: run, options } = await scene.prepare([]);
      return runCommand([name, ...run.slice(1, 3), ...args], options);
    };
    await using live = await scene.start();
    await live.until("delivered");
    const [fromMs, toMs] = [Date.now() - 10 * HOUR_MS, Date.now() - 4 * HOUR_MS];
    const iso = (ms: number) => new Date(ms).toISOString();
    const filled = await command("backfill", "--from", iso(fromMs), "--to", iso(toMs));
    expect([filled.code, filled.stdout]).toEqual([0, ""]);
    expect(filled.log.filter(({ event }) => event === "backfilled")).toHaveLength(STREAMS);
    const sent = scene.receiver.accepted.filter((record) => millis(record) >= fromMs && millis(record) <= toMs);
    expect(new Set(sent.map(({ attributes }) => attributes.get("slack.method"))).size).toBe(4);
    expect(new Set(sent.map(uidOf)).size).toBe(sent.length);

    live.signal("SIGTERM");
    expect((await live.ended).code).toBe(0);
    const standing = async (...args: readonly string[]) => {
      const { code, stdout } = await command("status", "--json", ...args);
      expect(code).toBe(0);
      return (JSON.parse(stdout) as { streams: { covered: { to: string }[]; identities: number }[] }).streams;
    };
    const before = await standing();
    expect(before).toHaveLength(STREAMS);
    for (const { covered } of before) expect(Date.parse(covered[0]?.to ?? "")).toBe(toMs);

    const write = (name: string, of: object) => scene.write(name, JSON.stringify({ state: of }));
    const from = await write("from.yaml", state);
    const to = await write("to.yaml", { sqlite: { path: join(scene.folder, "copy.db") } });
    const migrated = await runCommand(["migrate", "--from", from, "--to", to]);
    expect([migrated.code, migrated.log.at(-1)]).toMatchObject([0, { streams: STREAMS, backfills: 2 * STREAMS }]);
    const told = async (file: string) => {
      const { stdout } = await runCommand(["status", "--json", "--config", file]);
      return (
        JSON.parse(stdout) as { streams: { covered: unknown; holes: unknown; identities: number }[] }
      ).streams.map(({ covered, holes, identities }) => ({ covered, holes, identities }));
    };
    expect(await told(to)).toEqual(await told(from));
  }, 300_000);
});
