import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Call } from "../../../src/simulation/call.ts";
import { createRandom } from "../../../src/simulation/random.ts";
import { createScene, FAST, happenedIn, shownBy, textsOf, type Scene } from "../../process/scene.ts";
import type { Command } from "../../support/command.ts";
import { uidOf } from "../../support/otlp-decoder.ts";
import { postgresTest } from "./postgres-test.ts";
import { startProxy, type Proxy } from "./proxy.ts";
import { type PostgresServer, startPostgres } from "./server.ts";
import { newSchema } from "./store.ts";

const ROUNDS = Number(process.env["REPLICA_ROUNDS"] ?? 14);
const SEED = Number(process.env["REPLICA_SEED"] ?? 1);
const BATCH = 20;
const REPLICAS = 3;
const LEASE_MS = 5_000;
/** So long that no lease runs out during a test, on a busy machine either. */
const LONG_LEASE_MS = 120_000;
/** For what has to come and may take its time on a busy machine. */
const PATIENCE = { timeout: 60_000, interval: 20 };
const RETRY_AFTER_SECONDS = 4;
/** Of the simulated organisation. */
const STREAMS = 5;

interface Replica extends AsyncDisposable {
  readonly proxy: Proxy;
  command: Command;
  start(): Promise<void>;
}

/**
 * What happened in Slack and nobody has delivered, and what was delivered and never shown. What nobody has asked for yet
 * is owed too: an entry that a stop finds in mid-answer was shown to a program that may leave it to the next.
 */
function differences({ receiver, slack }: Scene): {
  readonly lost: readonly string[];
  readonly invented: readonly string[];
} {
  const first = [...Map.groupBy(receiver.accepted, uidOf).values()].flatMap(([record]) => record ?? []);
  const [delivered, shown] = [new Set(textsOf(first)), new Set(shownBy(slack))];
  const owed = new Set([...shown, ...happenedIn(slack)]);
  return {
    lost: [...owed].filter((text) => !delivered.has(text)).slice(0, 3),
    invented: [...delivered].filter((text) => !shown.has(text)).slice(0, 3),
  };
}

/** Looks rarely: the proxies, Slack and the receiver run in this process, and a busy test would keep them from it. */
async function allDelivered(scene: Scene): Promise<void> {
  const expectAll = () => expect(differences(scene)).toEqual({ lost: [], invented: [] });
  await vi.waitFor(expectAll, { timeout: 120_000, interval: 500 });
}

postgresTest(() => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const sceneOf = () =>
    createScene({
      history: { logins: 60, integrationChanges: 60, activities: 400, auditEntries: 300 },
      settings: { sources: FAST, batch: { max_records: BATCH } },
    });

  async function replicaOf(scene: Scene, schema: string, name: string, leaseMs = LEASE_MS): Promise<Replica> {
    const proxy = await startProxy(server.port);
    const state = { postgres: { url: server.url(schema, proxy.port), lease: `${leaseMs}ms` } };
    const settings = { state, dead_letters: { path: `./dead-letters-${name}` } };
    const start = async (): Promise<Command> => {
      await using starting = new AsyncDisposableStack();
      const command = starting.use(await scene.start([], { settings }));
      await command.until("started");
      starting.move();
      return command;
    };
    const replica: Replica = {
      proxy,
      command: await start(),
      async start() {
        proxy.pass();
        replica.command = await start();
      },
      async [Symbol.asyncDispose]() {
        await replica.command[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      },
    };
    return replica;
  }

  /** Every commit there ever was, in the order of the database. */
  async function auditing(schema: string): Promise<void> {
    await server.query(
      schema,
      `CREATE TABLE audit (n bigint GENERATED ALWAYS AS IDENTITY, stream text, generation bigint, token bigint, holder bigint);
       CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO audit (stream, generation, token, holder) VALUES (NEW.name, NEW.generation, NEW.token, NEW.holder);
         RETURN NEW; END $$;
       CREATE TRIGGER audit AFTER UPDATE ON slack_otel_streams FOR EACH ROW
         WHEN (OLD.generation IS DISTINCT FROM NEW.generation) EXECUTE FUNCTION audit()`,
    );
  }

  it(`[P14] three replicas under ${ROUNDS} kills, pauses, partitions and restarts of the database lose nothing`, async () => {
    const random = createRandom(SEED);
    const schema = await newSchema(server);
    await using scene = await sceneOf();
    await using stack = new AsyncDisposableStack();
    const replicas: Replica[] = [];
    for (let n = 0; n < REPLICAS; n += 1) {
      replicas.push(stack.use(await replicaOf(scene, schema, String(n))));
      if (n === 0) await auditing(schema);
    }
    const counts = { kill: 0, pause: 0, partition: 0, cut: 0, restart: 0 };
    const kinds = Object.keys(counts) as (keyof typeof counts)[];
    const until = (commands: readonly Command[], event: string) =>
      commands.flatMap(({ log }) => log.filter((line) => line.event === event));
    const commands = replicas.map(({ command }) => command);

    for (let round = 0; round < ROUNDS; round += 1) {
      // Each kind comes, in any order after that.
      const kind = kinds[round] ?? random.pick(kinds);
      const replica = random.pick(replicas);
      const forMs = random.between(100, Math.round(LEASE_MS * 1.6));
      counts[kind] += 1;
      scene.traffic.history({ integrationChanges: 3, activities: 30, auditEntries: 20 }, 0.02);
      await setTimeout(random.between(0, 300));
      switch (kind) {
        case "kill":
          replica.command.signal("SIGKILL");
          await replica.command.ended;
          await setTimeout(random.between(0, LEASE_MS));
          await replica.start();
          commands.push(replica.command);
          break;
        case "pause":
          replica.command.signal("SIGSTOP");
          await setTimeout(forMs);
          replica.command.signal("SIGCONT");
          break;
        case "partition":
          replica.proxy.block();
          await setTimeout(forMs);
          replica.proxy.pass();
          break;
        case "cut":
          replica.proxy.cut();
          await setTimeout(forMs);
          replica.proxy.pass();
          break;
        case "restart":
          await server.restart();
          break;
        default:
          kind satisfies never;
      }
    }
    scene.traffic.history({ integrationChanges: 3, activities: 30, auditEntries: 20 }, 0.02);
    await allDelivered(scene);
    for (const { command } of replicas) command.signal("SIGTERM");
    for (const { command } of replicas) expect((await command.ended).code).toBe(0);

    const groups = Map.groupBy(scene.receiver.accepted, uidOf);
    expect(differences(scene)).toEqual({ lost: [], invented: [] });
    const repeats = new Map<string, number>();
    for (const [first, ...again] of groups.values()) {
      const stream = JSON.stringify(first?.attributes.get("slack.method"));
      repeats.set(stream, (repeats.get(stream) ?? 0) + again.length);
    }
    for (const count of repeats.values()) expect(count).toBeLessThanOrEqual(ROUNDS * BATCH);

    const audit = await server.query(schema, "SELECT stream, generation, token, holder FROM audit ORDER BY n");
    for (const commits of Map.groupBy(audit, ({ stream }) => stream).values()) {
      const numbers = commits.map(({ generation }) => Number(generation));
      expect(numbers).toEqual(numbers.map((_, n) => (numbers[0] as number) + n));
      const tokens = commits.map(({ token }) => Number(token));
      expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
      for (const sharing of Map.groupBy(commits, ({ token }) => token).values())
        expect(new Set(sharing.map(({ holder }) => holder)).size).toBe(1);
    }
    const lost = until(commands, "lease_lost").length;
    const taken = until(commands, "stream_claimed").length;
    console.info(
      `${JSON.stringify(counts)}: ${audit.length} commits, streams taken ${taken} times, leases lost ${lost}, ` +
        `repeats ${[...repeats.values()].reduce((sum, count) => sum + count, 0)} of ${groups.size} records`,
    );
    expect(lost).toBeGreaterThan(0);
    expect(taken).toBeGreaterThan(4);
  }, 600_000);

  it("a replica that stops gives its streams to the others at once, and nothing arrives twice", async () => {
    const schema = await newSchema(server);
    await using scene = await sceneOf();
    await using first = await replicaOf(scene, schema, "a", LONG_LEASE_MS);
    await using second = await replicaOf(scene, schema, "b", LONG_LEASE_MS);
    await vi.waitFor(() => expect(scene.receiver.accepted.length).toBeGreaterThan(400), PATIENCE);
    first.command.signal("SIGTERM");
    expect((await first.command.ended).code).toBe(0);
    const stoppedMs = Date.now();
    const taken = () => second.command.log.flatMap(({ event, stream }) => (event === "stream_claimed" ? [stream] : []));
    await vi.waitFor(() => expect(new Set(taken()).size).toBe(STREAMS), PATIENCE);
    console.info(`taken over after ${Date.now() - stoppedMs} ms`);
    scene.traffic.history({ integrationChanges: 3, activities: 30, auditEntries: 20 }, 0.02);
    await allDelivered(scene);
  }, 300_000);

  it("what Slack has stopped for one replica stays stopped when another takes the stream over", async () => {
    const schema = await newSchema(server);
    await using scene = await sceneOf();
    await using first = await replicaOf(scene, schema, "a");
    await using second = await replicaOf(scene, schema, "b");
    const [workspace] = scene.slack.tenant.workspaces.keys();
    const of = ({ method, workspace: of }: Call) => method === "team.integrationLogs" && of === workspace;
    scene.slack.setFaults([{ fault: { kind: "rate_limited", retryAfter: RETRY_AFTER_SECONDS }, where: of }]);
    const told = await Promise.race(
      [first, second].map(async ({ command }) => {
        await command.until("slack_retry");
        return command;
      }),
    );
    scene.slack.setFaults([]);
    const after = scene.slack.calls.length;
    told.signal("SIGTERM");
    expect((await told.ended).code).toBe(0);
    await vi.waitFor(() => expect(scene.slack.calls.slice(after).some(of)).toBe(true), PATIENCE);
    const asked = scene.slack.calls.filter(of);
    const at = asked.findIndex(({ outcome }) => outcome === "rate_limited");
    const [stopped, next] = asked.slice(at).map(({ atMs }) => atMs);
    expect(Number(next) - Number(stopped)).toBeGreaterThanOrEqual(RETRY_AFTER_SECONDS * 1000);
  }, 300_000);

  it("one paused for longer than its lease sends no more than the batch in flight when it wakes", async () => {
    const schema = await newSchema(server);
    await using scene = await sceneOf();
    await using old = await replicaOf(scene, schema, "old");
    await allDelivered(scene);
    scene.traffic.history({ activities: 400, auditEntries: 300 }, 0.02);
    const before = scene.receiver.requests.length;
    await vi.waitFor(() => expect(scene.receiver.requests.length).toBeGreaterThan(before + 2), {
      ...PATIENCE,
      interval: 1,
    });
    old.command.signal("SIGSTOP");
    await using next = await replicaOf(scene, schema, "next");
    await next.command.until("stream_claimed");
    const groupsOf = () => [...Map.groupBy(scene.receiver.accepted, uidOf).values()];
    await allDelivered(scene);
    old.command.signal("SIGCONT");
    await old.command.until("stream_lost");
    await next.command.until("stream_handed_over");
    scene.traffic.history({ activities: 30, auditEntries: 30 }, 0.02);
    await allDelivered(scene);
    const repeats = groupsOf().reduce((sum, group) => sum + group.length - 1, 0);
    // Each stream with a batch in flight when it was stopped, and one more at its end that the new one sends again.
    expect(repeats).toBeLessThanOrEqual(2 * STREAMS * BATCH);
  }, 400_000);

  it("run --once beside others reads what is free, leaves alone what another follows, and ends with 0", async () => {
    const schema = await newSchema(server);
    await using scene = await sceneOf();
    const settings = { state: { postgres: { url: server.url(schema), lease: "3s" } } };
    const [first, second] = await Promise.all([scene.once([], { settings }), scene.once([], { settings })]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(differences(scene)).toEqual({ lost: [], invented: [] });
    await using following = await replicaOf(scene, schema, "following", LONG_LEASE_MS);
    await vi.waitFor(
      () => expect(following.command.log.filter(({ event }) => event === "stream_claimed").length).toBe(STREAMS),
      PATIENCE,
    );
    const beside = await scene.once([], { settings });
    expect(beside.code).toBe(0);
    expect(beside.log.filter(({ event }) => event === "read_elsewhere")).toHaveLength(STREAMS);
    expect(following.command.log.some(({ event }) => event === "stream_handed_over")).toBe(false);
  }, 300_000);

  it("a run --once that loses the database ends with 3, and so does a start without one", async () => {
    const schema = await newSchema(server);
    await using scene = await sceneOf();
    await using proxy = await startProxy(server.port);
    const url = server.url(schema, proxy.port);
    const settings = { state: { postgres: { url, lease: "1s" } } };
    const hung = Promise.withResolvers<void>();
    scene.receiver.script({ kind: "slow", until: hung.promise });
    await using command = await scene.start(["--once"], { settings });
    await vi.waitFor(() => expect(scene.receiver.requests.length).toBeGreaterThan(0), PATIENCE);
    proxy.cut();
    hung.resolve();
    const ended = await command.ended;
    expect(ended.code).toBe(3);
    expect(ended.log.at(-1)?.["message"]).toMatch(/it cannot be reached/);
    const again = await scene.once([], { settings });
    expect(again.code).toBe(3);
    expect(again.stderr).toMatch(/it cannot be reached \(ECONNRESET|it cannot be reached/);
  }, 300_000);
});
