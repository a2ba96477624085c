import { expect, test } from "vitest";
import { StateError } from "../../../src/model.ts";
import { giveTurnBack, takeTurn } from "../../../src/state/postgres/turns.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { away, forbidden, type Script, scriptedDatabase } from "./scripted-database.ts";

const TAKE = "INTO slack_otel_turns";
const GIVE_BACK = "DELETE FROM slack_otel_turns";
const MINE = [{ holder: 7 }];
const never = new AbortController().signal;

function stage(answer: Script[string]) {
  const clock = createVirtualClock();
  const database = scriptedDatabase({ [TAKE]: answer, [GIVE_BACK]: () => [] });
  const lease: { id: number | undefined } = { id: 7 };
  const replica = {
    get id() {
      return lease.id;
    },
    hold: () => Promise.reject(new Error("no stream is asked for")),
    close: async () => undefined,
  };
  const take = (signal = never) => takeTurn(database, replica, "token", clock, signal);
  return { clock, database, lease, take };
}

test("a turn that is free is taken without a wait, by the replica's id", async () => {
  const { clock, database, take } = stage(() => MINE);
  expect(await take()).toBe(7);
  expect(database.valuesOf(TAKE)).toEqual([["token", 7]]);
  expect(clock.waits).toEqual([]);
});

test.each([
  ["another has it", () => []],
  ["the database is away", away],
])("while %s it is asked for again, a tenth of a second later", async (_, refused) => {
  let tries = 0;
  const { clock, take } = stage(() => (++tries < 4 ? refused() : MINE));
  expect(await clock.run(take())).toBe(7);
  expect(clock.waits).toEqual([100, 100, 100]);
});

test("a replica without a lease asks for no turn, and then takes it by its new id", async () => {
  const { clock, database, lease, take } = stage(() => MINE);
  lease.id = undefined;
  const taken = take();
  await clock.advance(1_000);
  expect(database.asked).toEqual([]);
  lease.id = 9;
  expect(await clock.run(taken)).toBe(9);
});

test("it is told by the id it was taken with, though that lease is lost meanwhile", async () => {
  const { lease, take } = stage(() => {
    lease.id = undefined;
    return MINE;
  });
  expect(await take()).toBe(7);
});

test("a database that will never give a turn is told in words, and asked once", async () => {
  const { database, take } = stage(forbidden);
  const error: unknown = await take().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(StateError);
  expect(String(error)).toMatch(/db:5432\/logs: no permission \(42501\)/);
  expect(database.asked).toEqual([TAKE]);
});

test("who is told to stop waits no longer, and takes no turn afterwards", async () => {
  const { clock, database, take } = stage(() => []);
  const stop = new AbortController();
  const taken = take(stop.signal);
  await clock.advance(150);
  const asked = database.asked.length;
  const reason = new Error("stopped");
  stop.abort(reason);
  await expect(taken).rejects.toBe(reason);
  await expect(take(stop.signal)).rejects.toBe(reason);
  expect(database.asked).toHaveLength(asked);
  expect(clock.pending).toBe(0);
});

test("a turn is given back by the id that it was taken with", async () => {
  const { database } = stage(() => MINE);
  await giveTurnBack(database, "token", 7);
  expect(database.valuesOf(GIVE_BACK)).toEqual([["token", 7]]);
});
