import { expect, test } from "vitest";
import { StateError } from "../../../src/model.ts";
import { ASKED, cut, type ReplicaDatabase, replicaDatabase } from "./replica-database.ts";
import { LEASE_MS, outcomeOf, startStage, TURN_MS } from "./replica-stage.ts";
import { forbidden } from "./scripted-database.ts";

const never = new AbortController().signal;

test("without the database its streams are lost within a turn after nine tenths of the lease, and it says so once", async () => {
  const { clock, hold, database, replica, log } = await startStage();
  const { lost } = await hold("a");
  cut(database);
  await clock.advance(0.9 * LEASE_MS);
  expect([replica.id, lost.aborted]).toEqual([1, false]);
  await clock.advance(TURN_MS);
  expect(lost.aborted).toBe(true);
  await clock.advance(LEASE_MS);
  expect(log).toEqual(["info stream_claimed a", "warn state_unreachable", "warn lease_lost"]);
});

test("it has no id any more as soon as its lease is over", async () => {
  const { clock, database, replica } = await startStage();
  cut(database);
  await clock.advance(0.9 * LEASE_MS - 1);
  expect(replica.id).toBe(1);
  await clock.advance(1);
  expect(replica.id).toBeUndefined();
});

test("once it is back what is held goes on within the lease, and it says so once", async () => {
  const { clock, hold, database, replica, log } = await startStage();
  const { lost } = await hold("a");
  cut(database);
  await clock.advance(LEASE_MS / 2);
  database.instead.clear();
  await clock.advance(LEASE_MS);
  expect([lost.aborted, replica.id]).toEqual([false, 1]);
  expect(log.slice(1)).toEqual(["warn state_unreachable", "info state_reachable"]);
});

test("after a lease that was lost it frees what that one held, and takes its streams anew by a new one", async () => {
  const { clock, hold, database, replica } = await startStage();
  await hold("a");
  cut(database);
  await clock.advance(LEASE_MS);
  const again = hold("a");
  database.instead.clear();
  expect((await clock.run(again)).stream.token).toBe(2);
  await clock.advance(3 * TURN_MS);
  expect([replica.id, [...database.replicas.keys()]]).toEqual([2, [2]]);
  const left = database.valuesOf(ASKED.leave).length;
  await clock.advance(3 * TURN_MS);
  expect([database.valuesOf(ASKED.join).length, database.valuesOf(ASKED.leave).length]).toEqual([2, left]);
});

test.each<[string, (database: ReplicaDatabase) => void]>([
  ["is not there to be renewed", ({ replicas }) => replicas.clear()],
  ["is gone when it looks around", ({ instead }) => instead.set("survey", () => (instead.clear(), []))],
])("a lease that another found over, and so %s, is lost, and followed by another", async (_, end) => {
  const { clock, hold, database, replica } = await startStage();
  const { lost } = await hold("a");
  end(database);
  await clock.advance(TURN_MS);
  expect([lost.aborted, replica.id]).toEqual([true, undefined]);
  expect((await hold("a")).lost.aborted).toBe(false);
  expect(replica.id).toBe(2);
});

test("one that is found over only when a stream is taken is lost too, and the stream goes to the next", async () => {
  const { clock, hold, database, replica, log } = await startStage();
  const { lost } = await hold("a");
  database.instead.set("take", () => {
    database.instead.clear();
    throw Object.assign(new Error("there is no such replica"), { code: "23503" });
  });
  const { holder } = await clock.run(hold("b"));
  expect([lost.aborted, holder, replica.id]).toEqual([true, 2, 2]);
  expect(log.slice(1)).toEqual(["warn lease_lost", "info stream_claimed b"]);
});

test("a lease counts from before the request that renews it, however long that takes", async () => {
  const { clock, hold, database } = await startStage();
  const holding = await hold("a");
  database.instead.set("renew", async (values) => {
    await clock.sleep(LEASE_MS / 2, never);
    cut(database);
    return database.really("renew", values);
  });
  await clock.advance(TURN_MS + 0.9 * LEASE_MS);
  expect(holding.lost.aborted).toBe(false);
  await clock.advance(1);
  expect(holding.lost.aborted).toBe(true);
});

test("a request that is under way does not keep from noticing that the lease is over", async () => {
  const { clock, hold, database, log } = await startStage();
  await hold("a");
  database.instead.set("renew", (values) =>
    clock.sleep(2 * LEASE_MS, never).then(() => database.really("renew", values)),
  );
  await clock.advance(LEASE_MS + TURN_MS);
  expect(log).toEqual(["info stream_claimed a", "warn lease_lost"]);
});

test("what the database will never do ends it, in words, for all who wait and all who ask later", async () => {
  const { clock, hold, database } = await startStage();
  const { lost } = await hold("a");
  database.other({ wanted: 1, waiting: 0 }, "held");
  const waiting = outcomeOf(hold("held"));
  database.instead.set("renew", forbidden);
  await clock.advance(TURN_MS);
  expect(waiting.now).toBeInstanceOf(StateError);
  expect(String(waiting.now)).toMatch(/db:5432\/logs: no permission \(42501\)/);
  expect(lost.aborted).toBe(true);
  await expect(hold("b")).rejects.toBe(waiting.now);
  const asked = database.asked.length;
  await clock.advance(LEASE_MS);
  expect(database.asked).toHaveLength(asked);
});

test("at its end it tells what Slack has stopped, and then frees all it held", async () => {
  const { clock, hold, database, replica, order } = await startStage();
  const { lost } = await hold("a");
  database.other({ wanted: 1, waiting: 0 }, "held");
  const waiting = outcomeOf(hold("held"));
  await clock.advance(TURN_MS / 2);
  order.length = 0;
  database.instead.set("leave", (values) => (order.push("leave"), database.really("leave", values)));
  await replica.close();
  expect(order).toEqual(["tell", "leave"]);
  expect([lost.aborted, database.heldBy(undefined), [...database.replicas.keys()]]).toEqual([true, ["a"], [2]]);
  expect(String(waiting.now)).toBe("Error: The store is closed");
  await expect(hold("b")).rejects.toThrow("The store is closed");
  expect([replica.id, clock.pending]).toEqual([undefined, 0]);
});

test("it frees what it held only when its last request is over, which might take more", async () => {
  const { clock, hold, database, replica } = await startStage();
  const waiting = outcomeOf(hold("a"));
  database.instead.set("take", (values) => clock.sleep(50, never).then(() => database.really("take", values)));
  await clock.advance(0);
  await clock.run(replica.close());
  await clock.advance(TURN_MS);
  expect([database.heldBy(undefined), waiting.now]).toEqual([["a"], "done"]);
});

test("it ends though the database is away", async () => {
  const { hold, database, replica } = await startStage();
  await hold("a");
  cut(database);
  await replica.close();
  expect(database.asked.at(-1)).toBe(ASKED.leave);
});

test("it asks for nothing to be freed where it never had a lease", async () => {
  const database = replicaDatabase();
  cut(database);
  const { replica } = await startStage({ database });
  await replica.close();
  expect(new Set(database.asked)).toEqual(new Set([ASKED.join]));
});
