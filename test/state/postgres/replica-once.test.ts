import { expect, test } from "vitest";
import { HeldElsewhereError } from "../../../src/state/claims.ts";
import { cut, replicaDatabase } from "./replica-database.ts";
import { LEASE_MS, outcomeOf, startStage, TURN_MS } from "./replica-stage.ts";

test("one that reads each stream once takes what is free, hands nothing over and takes nothing over", async () => {
  const { clock, hold, database, replica } = await startStage({ once: true });
  await clock.advance(LEASE_MS);
  const holdings = await Promise.all(["a", "b", "c"].map((name) => hold(name)));
  database.other({ wanted: 4, waiting: 3 }, "held");
  const refused = hold("held");
  const outcome = outcomeOf(refused);
  await clock.advance(2 * TURN_MS);
  expect(holdings.map(({ handOver }) => handOver.aborted)).toEqual([false, false, false]);
  expect(database.replicas.get(Number(replica.id))).toEqual({ wanted: 4, waiting: 0 });
  await clock.advance(1.5 * LEASE_MS - 3 * TURN_MS);
  expect(outcome.now).toBe("waits");
  await clock.advance(TURN_MS);
  expect(outcome.now).toEqual(new HeldElsewhereError("Another replica reads held"));
});

test("it waits on for a stream that is free but not its share, and any other waits for a held one too", async () => {
  const database = replicaDatabase();
  database.other({ wanted: 1, waiting: 1 });
  const once = await startStage({ once: true, database });
  database.instead.set("take", () => []);
  const free = outcomeOf(once.hold("free"));
  const lasting = await startStage();
  lasting.database.other({ wanted: 1, waiting: 0 }, "held");
  const held = outcomeOf(lasting.hold("held"));
  for (const { clock } of [once, lasting]) await clock.advance(3 * LEASE_MS);
  expect([free.now, held.now]).toEqual(["waits", "waits"]);
});

test("one that reads each stream once ends when the database stays away, and any other waits on", async () => {
  const [once, lasting] = [await startStage({ once: true }), await startStage()];
  const outcomes = [once, lasting].map(({ database, hold }) => {
    cut(database);
    return outcomeOf(hold("a"));
  });
  for (const { clock } of [once, lasting]) await clock.advance(0.9 * LEASE_MS - 1);
  expect(outcomes.map(({ now }) => now)).toEqual(["waits", "waits"]);
  for (const { clock } of [once, lasting]) await clock.advance(2 * TURN_MS);
  expect(String(outcomes[0]?.now)).toMatch(/it cannot be reached \(no answer in time\)/);
  expect(outcomes[1]?.now).toBe("waits");
});
