import { expect, test } from "vitest";
import { ASKED, replicaDatabase } from "./replica-database.ts";
import { outcomeOf, startStage, TURN_MS } from "./replica-stage.ts";

test("a stream that is asked for is taken at once, and not only in the next turn", async () => {
  const { clock, hold, log } = await startStage();
  const { stream } = await hold("a");
  expect(stream).toMatchObject({ name: "a", token: 1 });
  expect([clock.monotonic(), log]).toEqual([1, ["info stream_claimed a"]]);
});

test("one that is asked for too late for a turn that is under way is taken right after it", async () => {
  const { clock, hold, database } = await startStage();
  let late: Promise<unknown> | undefined;
  database.instead.set("free", (values) => {
    database.instead.delete("free");
    late = hold("b");
    return database.really("free", values);
  });
  await hold("a");
  await late;
  expect(clock.monotonic()).toBe(1);
});

test.each([
  [300, 50],
  [3_000, 100],
  [60_000, 1_000],
])("with a lease of %i ms the database is asked every %i ms", async (leaseMs, turnMs) => {
  const { clock, database } = await startStage({ leaseMs });
  await clock.advance(10 * turnMs);
  expect(database.valuesOf(ASKED.join)).toEqual([["me", leaseMs]]);
  expect(database.valuesOf(ASKED.renew)).toHaveLength(11);
});

test("it takes no more than its share of what is free, and the rest once nobody takes it", async () => {
  const database = replicaDatabase();
  database.other({ wanted: 4, waiting: 4 });
  const { clock, hold, replica } = await startStage({ database });
  for (const name of ["a", "b", "c", "d"]) void hold(name).catch(() => undefined);
  await clock.advance(0);
  expect(database.heldBy(replica.id)).toEqual(["a", "b"]);
  await clock.advance(2.5 * TURN_MS);
  expect(database.heldBy(replica.id)).toEqual(["a", "b"]);
  await clock.advance(TURN_MS);
  expect(database.heldBy(replica.id)).toEqual(["a", "b", "c", "d"]);
});

test("a stream counts as nobody's only after it was free for turns on end", async () => {
  const database = replicaDatabase();
  const other = database.other({ wanted: 1, waiting: 1 });
  const { clock, hold, replica } = await startStage({ database });
  void hold("a").catch(() => undefined);
  await clock.advance(2.5 * TURN_MS);
  const stream = database.streams.get("a");
  if (stream !== undefined) stream.holder = other;
  await clock.advance(TURN_MS);
  if (stream !== undefined) stream.holder = undefined;
  await clock.advance(3 * TURN_MS);
  expect(database.heldBy(replica.id)).toEqual([]);
  await clock.advance(TURN_MS);
  expect(database.heldBy(replica.id)).toEqual(["a"]);
});

test("beyond its share it takes only what is nobody's, and not what another has just left", async () => {
  const database = replicaDatabase();
  const other = database.other({ wanted: 3, waiting: 2 }, "left");
  const { clock, hold, replica } = await startStage({ database });
  await hold("mine");
  for (const name of ["left", "nobody's"]) void hold(name).catch(() => undefined);
  await clock.advance(2.5 * TURN_MS);
  await database.query(ASKED.giveBack, [Number(database.streams.get("left")?.id), 0, other]);
  await clock.advance(TURN_MS);
  expect(database.heldBy(replica.id)).toEqual(["mine", "nobody's"]);
});

test("of its streams it hands over what others wait for beyond its share, and no more", async () => {
  const { clock, hold, database } = await startStage();
  const holdings = await Promise.all(["a", "b", "c", "d"].map((name) => hold(name)));
  const asked = () => holdings.filter(({ handOver }) => handOver.aborted).length;
  await clock.advance(TURN_MS);
  expect(asked()).toBe(0);
  database.other({ wanted: 4, waiting: 1 });
  await clock.advance(TURN_MS);
  expect(asked()).toBe(1);
  database.other({ wanted: 4, waiting: 4 });
  await clock.advance(TURN_MS);
  expect(asked()).toBe(2);
});

test("it tells the others how many streams it wants, and of those it waits for", async () => {
  const { clock, hold, database, replica } = await startStage();
  database.other({ wanted: 1, waiting: 0 }, "held");
  await hold("a");
  void hold("held").catch(() => undefined);
  await clock.advance(2 * TURN_MS);
  expect(database.replicas.get(Number(replica.id))).toEqual({ wanted: 2, waiting: 1 });
});

test("what Slack has stopped is told and learnt in each turn, and learnt before a stream is begun", async () => {
  const { order, hold, database } = await startStage();
  expect(order.splice(0)).toEqual(["tell", "learn"]);
  database.instead.set("take", (values) => (order.push("take"), database.really("take", values)));
  await hold("a").then(() => order.push("begun"));
  expect(order).toEqual(["tell", "learn", "take", "learn", "begun"]);
});

test("a stream of which the answer was lost is freed, and those it holds are not", async () => {
  const { clock, hold, database } = await startStage();
  await hold("a");
  const held = hold("b");
  database.instead.set("take", (values) => {
    database.instead.delete("take");
    void database.really("take", values);
    throw new Error("Query read timeout");
  });
  expect((await clock.run(held)).stream.token).toBe(2);
  expect(database.streams.get("a")).toMatchObject({ token: 1, holder: 1 });
  await clock.advance(3 * TURN_MS);
  expect(database.valuesOf(ASKED.freeAllBut)).toHaveLength(1);
});

test("a stream that nobody here wants any more when it comes is given back at once", async () => {
  const { clock, hold, database, log } = await startStage();
  const stop = new AbortController();
  const waiting = outcomeOf(hold("a", stop.signal));
  database.instead.set("take", (values) => {
    stop.abort("stopped");
    return database.really("take", values);
  });
  await clock.advance(1);
  expect(waiting.now).toBe("stopped");
  expect([database.heldBy(undefined), log]).toEqual([["a"], []]);
});

test("a stream is made once, if it is new here, and not asked for while another has it", async () => {
  const { clock, hold, database } = await startStage();
  await hold("a");
  database.other({ wanted: 1, waiting: 0 }, "held");
  void hold("held").catch(() => undefined);
  await clock.advance(5 * TURN_MS);
  const added = database.valuesOf(ASKED.add).map(([given]) => String(given).match(/"name":"\w+"/g));
  expect(added).toEqual([['"name":"a"'], ['"name":"held"']]);
  expect(database.valuesOf(ASKED.take)).toHaveLength(1);
});

test("where nothing is wanted nothing is looked for", async () => {
  const { clock, database } = await startStage();
  await clock.advance(3 * TURN_MS);
  expect(new Set(database.asked)).toEqual(new Set([ASKED.join, ASKED.renew, ASKED.expire, ASKED.survey]));
});

test("who is told to stop before asks for nothing", async () => {
  const { clock, hold, database } = await startStage();
  await expect(hold("a", AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
  await clock.advance(TURN_MS);
  expect(database.asked).not.toContain(ASKED.free);
});
