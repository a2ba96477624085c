import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { createSecret } from "../../../src/config/secret.ts";
import type { Claim, Store } from "../../../src/model.ts";
import { type Database, openDatabase } from "../../../src/state/postgres/database.ts";
import { inspectPostgresState, probePostgresState } from "../../../src/state/postgres/inspect.ts";
import { startReplica } from "../../../src/state/postgres/replica.ts";
import { prepareSchema } from "../../../src/state/postgres/schema.ts";
import { createThrottles } from "../../../src/state/postgres/throttles.ts";
import { claimOf, stateOf } from "../../state/held.ts";
import { hex, identity } from "../../state/identity.ts";
import { refusal } from "../../state/refusal.ts";
import { postgresTest } from "./postgres-test.ts";
import { startProxy } from "./proxy.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema, openAt } from "./store.ts";

const PATIENCE = { timeout: 20_000, interval: 20 };

postgresTest(() => {
  let server: PostgresServer;
  let schema: string;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const fresh = async (): Promise<void> => {
    schema = await newSchema(server);
  };
  const open = (leaseMs = 1_500, port?: number): Promise<Store> => openAt(server.url(schema, port), { leaseMs });

  /** Takes the streams up whenever it may, as `run` does, and tells which it has. */
  function holder(store: Store, names: readonly string[]) {
    const stop = new AbortController();
    const held = new Set<string>();
    const keep = async (name: string): Promise<void> => {
      while (!stop.signal.aborted) {
        await using claim: Claim = await store.claim(name, stop.signal);
        held.add(name);
        await Promise.race([claim.lost, claim.handOver, stop.signal].map(aborted));
        held.delete(name);
      }
    };
    const running = Promise.allSettled(names.map(keep));
    return {
      held,
      async close() {
        stop.abort(new Error("stopped"));
        await running;
        await store.close();
      },
    };
  }

  describe("streams among replicas", () => {
    const NAMES = Array.from({ length: 7 }, (_, n) => `access_logs/T${n}`);

    it("are shared out evenly, and each has one holder, while replicas come and go", async () => {
      await fresh();
      const first = holder(await open(), NAMES);
      await vi.waitFor(() => expect(first.held.size).toBe(7), PATIENCE);
      const second = holder(await open(), NAMES);
      await vi.waitFor(() => expect([first.held.size, second.held.size]).toEqual([4, 3]), PATIENCE);
      const third = holder(await open(), NAMES);
      await vi.waitFor(() => expect([first, second, third].map(({ held }) => held.size)).toEqual([3, 2, 2]), PATIENCE);
      expect([first, second, third].flatMap(({ held }) => [...held]).toSorted()).toEqual(NAMES);
      await first.close();
      await vi.waitFor(() => expect([second.held.size, third.held.size]).toEqual([4, 3]), PATIENCE);
      await third.close();
      await vi.waitFor(() => expect(second.held.size).toBe(7), PATIENCE);
      await second.close();
    });

    it("that only one of them wants are all held by that one", async () => {
      await fresh();
      const one = holder(await open(), ["access_logs/T1", "audit_logs/E1", "app_activities/T1"]);
      const other = holder(await open(), ["access_logs/T2", "integration_logs/T2"]);
      await vi.waitFor(() => expect([one.held.size, other.held.size]).toEqual([3, 2]), PATIENCE);
      await Promise.all([one.close(), other.close()]);
    });
  });

  describe("a replica that is cut off", () => {
    it("loses its streams by itself, and the next one cannot be disturbed by it", async () => {
      await fresh();
      await using proxy = await startProxy(server.port);
      const cut = await open(1_500, proxy.port);
      const old = await claimOf(cut, "access_logs/T1");
      await old.state.commit({ remember: [identity(1)], position: 1 });
      const next = await open();
      proxy.block();
      const late = old.state.commit({ remember: [identity(2)], position: "late" });
      await expect(late).rejects.toThrow("lease on access_logs/T1 is lost");
      expect(old.lost.aborted).toBe(true);
      const claim = await claimOf(next, "access_logs/T1");
      expect(claim.state.position).toBe(1);
      await claim.state.commit({ remember: [identity(3)], position: 2 });
      proxy.pass();
      await expect(old.state.commit({ remember: [], position: "later" })).rejects.toBe(old.lost.reason);
      await expect(old.state.known([hex(1)])).rejects.toBe(old.lost.reason);
      await old[Symbol.asyncDispose]();
      expect([...(await claim.state.known([1, 2, 3].map(hex))).keys()]).toEqual([hex(1), hex(3)]);
      const again = claimOf(cut, "access_logs/T1");
      await claim.state.commit({ remember: [], position: 3 });
      await claim[Symbol.asyncDispose]();
      await next.close();
      expect((await again).state.position).toBe(3);
      await cut.close();
    });

    it("goes on with what it had when the database is back within its lease", async () => {
      await fresh();
      await using proxy = await startProxy(server.port);
      const store = await open(6_000, proxy.port);
      const claim = await claimOf(store, "access_logs/T1");
      proxy.cut();
      const commit = claim.state.commit({ remember: [identity(1)], position: 1 });
      proxy.pass();
      await commit;
      expect(claim.lost.aborted).toBe(false);
      expect(claim.state.position).toBe(1);
      await store.close();
    });

    it("takes a commit for done that was, though its answer was lost", async () => {
      await fresh();
      await using proxy = await startProxy(server.port);
      const store = await open(6_000, proxy.port);
      const claim = await claimOf(store, "access_logs/T1");
      await claim.state.commit({ remember: [], position: 0 });
      proxy.swallowAnswers();
      const commit = claim.state.commit({ remember: [identity(1)], position: 1 });
      const stored = async () => (await inspectPostgresState(createSecret(() => server.url(schema))))?.[0]?.position;
      await vi.waitFor(async () => expect(await stored()).toBe(1), PATIENCE);
      proxy.cut();
      proxy.pass();
      await commit;
      await claim.state.commit({ remember: [], position: 2 });
      expect(await stored()).toBe(2);
      await store.close();
    });
  });

  describe("a replica that took a stream and never heard of it", () => {
    /** Loses the answer of the first request that takes streams up, once the database has done what it says. */
    async function forgetful() {
      await fresh();
      const database = await openDatabase({ url: createSecret(() => server.url(schema)), timeoutMs: 10_000 });
      await prepareSchema(database);
      const lost = Promise.withResolvers<void>();
      let taken = 0;
      const losing: Database = {
        ...database,
        async query(text, values) {
          const rows = await database.query(text, values);
          if (!text.includes("token = token + 1") || taken++ > 0) return rows;
          lost.resolve();
          throw new Error("Query read timeout");
        },
      };
      const replica = startReplica({
        database: losing,
        name: "",
        // Far longer than the test: no lease frees the stream.
        leaseMs: 300_000,
        once: false,
        throttles: createThrottles(losing, systemClock),
        clock: systemClock,
        log: () => undefined,
      });
      const close = async () => {
        await replica.close();
        await database.close();
      };
      return { replica, lost: lost.promise, [Symbol.asyncDispose]: close };
    }

    it("takes it again", async () => {
      await using one = await forgetful();
      const holding = await one.replica.hold("access_logs/T1", AbortSignal.timeout(PATIENCE.timeout));
      await one.lost;
      expect(holding.stream.token).toBe(2);
      const [row] = await server.query(schema, "SELECT token, holder FROM slack_otel_streams");
      expect(row).toEqual({ token: "2", holder: String(one.replica.id) });
    });

    it("leaves it to others where it does not want it any more", async () => {
      await using one = await forgetful();
      const stop = new AbortController();
      const holding = one.replica.hold("access_logs/T1", stop.signal);
      await one.lost;
      stop.abort(new Error("not wanted"));
      await expect(holding).rejects.toThrow("not wanted");
      const other = await open();
      const claim = await other.claim("access_logs/T1", AbortSignal.timeout(PATIENCE.timeout));
      await claim[Symbol.asyncDispose]();
      await other.close();
    });
  });

  describe("what Slack has stopped", () => {
    const PLACE = "acme/team.integrationLogs T1";

    it("is known to a replica before it is given a stream of the one that was told", async () => {
      await fresh();
      const [told, other] = [await open(60_000), await open(60_000)];
      for (const give of ["stream", "all"]) {
        const place = `${PLACE} ${give}`;
        const claim = await claimOf(told, `integration_logs/${give}`);
        const next = claimOf(other, `integration_logs/${give}`);
        told.throttles?.stop(place, 30_000);
        if (give === "stream") await claim[Symbol.asyncDispose]();
        else await told.close();
        await next;
        expect(other.throttles?.leftMs(place)).toBeGreaterThan(15_000);
        expect(other.throttles?.leftMs(place)).toBeLessThanOrEqual(30_000);
        expect(other.throttles?.leftMs(PLACE)).toBeLessThanOrEqual(0);
      }
      await other.close();
    });

    it("is known to all soon, by the longest wait that anybody was told", async () => {
      await fresh();
      const stores = [await open(), await open(), await open()];
      stores[0]?.throttles?.stop(PLACE, 100_000);
      stores[1]?.throttles?.stop(PLACE, 300_000);
      stores[2]?.throttles?.stop(PLACE, 1_000);
      for (const { throttles } of stores)
        await vi.waitFor(() => expect(throttles?.leftMs(PLACE)).toBeGreaterThan(150_000), PATIENCE);
      await Promise.all(stores.map((store) => store.close()));
    });
  });

  it("a restart of the database within the lease costs nothing", async () => {
    await fresh();
    const store = await open(20_000);
    const claim = await claimOf(store, "access_logs/T1");
    await claim.state.commit({ remember: [identity(1)], position: 1 });
    const restarted = server.restart();
    const commit = claim.state.commit({ remember: [identity(2)], position: 2 });
    await restarted;
    await commit;
    expect([...(await claim.state.known([1, 2].map(hex))).keys()]).toEqual([hex(1), hex(2)]);
    expect(claim.lost.aborted).toBe(false);
    await store.close();
  });

  it("a commit with an old token is refused by the database itself", async () => {
    await fresh();
    const store = await open(60_000);
    const claim = await claimOf(store, "access_logs/T1");
    await claim.state.commit({ remember: [], position: 1 });
    // As another replica does that found the lease over, while this one slept and has noticed nothing yet.
    await server.query(schema, "UPDATE slack_otel_streams SET token = token + 1, holder = NULL");
    await expect(claim.state.commit({ remember: [identity(1)], position: 2 })).rejects.toThrow("is lost");
    expect(claim.lost.aborted).toBe(true);
    const rows = await server.query(
      schema,
      "SELECT position, (SELECT count(*) FROM slack_otel_ledger) AS known FROM slack_otel_streams",
    );
    expect(rows).toEqual([{ position: "1", known: "0" }]);
    await store.close();
  });

  it("a turn on a note ends with the lease of who had it, and what it writes too late is refused", async () => {
    await fresh();
    await using proxy = await startProxy(server.port);
    const cut = await open(1_500, proxy.port);
    const other = await open();
    const signal = new AbortController().signal;
    const order: string[] = [];
    const first = cut.notes.exclusively("token", signal, async () => {
      order.push("first has the turn");
      proxy.block();
      await other.notes.exclusively("token", signal, async () => {
        order.push("second has the turn");
        await other.notes.write("token", "new");
      });
      proxy.pass();
      await cut.notes.write("token", "old");
    });
    await expect(first).rejects.toThrow("The turn on token is lost");
    expect(order).toEqual(["first has the turn", "second has the turn"]);
    expect(await other.notes.read("token")).toBe("new");
    await Promise.all([cut.close(), other.close()]);
  });

  describe("what is damaged is refused", () => {
    it.each([
      [
        "a position that somebody edited",
        "UPDATE slack_otel_streams SET position = '7'",
        /checksum of the position of a/,
      ],
      ["a stream that vanished", "DELETE FROM slack_otel_streams WHERE name = 'a'", /a stream is missing/],
      ["a newer schema", "UPDATE slack_otel_meta SET version = 99", /newer version of this program \(schema 99/],
    ])("%s", async (_, sql, message) => {
      await fresh();
      const store = await open();
      for (const name of ["a", "b"])
        await (await stateOf(store, name)).commit({ remember: [identity(1)], position: 1 });
      await store.close();
      await server.query(schema, sql);
      expect(await refusal(open())).toMatch(message);
      expect(await refusal(inspectPostgresState(createSecret(() => server.url(schema))))).toMatch(message);
    });

    it("an identity that somebody edited", async () => {
      await fresh();
      const store = await open();
      const state = await stateOf(store, "a");
      await state.commit({ remember: [identity(1)], position: 1 });
      await server.query(schema, "UPDATE slack_otel_ledger SET mark = mark + 1");
      expect(await refusal(state.known([hex(1)]))).toContain("checksum of a delivered entry");
      await store.close();
    });
  });

  describe("a database that cannot be used says what to do", () => {
    const at = (change: (url: URL) => void): string => {
      const url = new URL(server.url("public"));
      change(url);
      return url.href;
    };
    it.each<[string, (url: URL) => void, RegExp]>([
      [
        "is not there",
        (url) => (url.port = "1"),
        /127\.0\.0\.1:1\/postgres: it cannot be reached \(ECONNREFUSED\).*port/,
      ],
      ["has no such database", (url) => (url.pathname = "/none"), /does not exist \(3D000\)\. Create it/],
      ["speaks no TLS", (url) => url.searchParams.set("sslmode", "require"), /it speaks no TLS.*sslmode=disable/],
      ["has no such user", (url) => (url.username = "nobody"), /refused \(28000\)/],
    ])("because it %s", async (_, change, message) => {
      const text = await refusal(openAt(at(change)));
      expect(text).toMatch(message);
    });

    it("because the user may make no tables", async () => {
      await fresh();
      await server.query(
        schema,
        `DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA ${schema} TO reader`,
      );
      const url = new URL(server.url(schema));
      url.username = "reader";
      expect(await refusal(openAt(url.href))).toMatch(/no permission \(42501\).*CREATE/);
      expect(
        await refusal(
          probePostgresState(
            createSecret(() => url.href),
            new AbortController().signal,
          ),
        ),
      ).toMatch(/42501/);
    });

    it("and never quotes the password", async () => {
      const url = at((url) => {
        url.port = "1";
        url.password = "hidden";
      });
      expect(await refusal(openAt(url))).not.toContain("hidden");
    });
  });

  it("is probed without a trace, and read beside a running replica", async () => {
    await fresh();
    const url = createSecret(() => server.url(schema));
    const signal = new AbortController().signal;
    expect(await probePostgresState(url, signal)).toEqual({ kind: "new" });
    expect(await server.query(schema, `SELECT FROM pg_tables WHERE schemaname = '${schema}'`)).toEqual([]);
    expect(await inspectPostgresState(url)).toBeUndefined();
    const store = await open();
    await (await stateOf(store, "a")).commit({ remember: [identity(1)], position: 1, report: { r: 1 } });
    const streams = [{ name: "a", position: 1, report: { r: 1 }, identities: 1 }];
    expect(await inspectPostgresState(url)).toEqual(streams);
    expect(await probePostgresState(url, signal)).toEqual({ kind: "in_use", streams });
    await store.close();
    expect(await probePostgresState(url, signal)).toEqual({ kind: "ready", streams });
  });

  it("its tables are made once by many that start at the same time", async () => {
    await fresh();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open()));
    expect(stores.filter(({ isNew }) => isNew)).toHaveLength(1);
    await Promise.all(stores.map((store) => store.close()));
  });
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
