import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import type { Holding } from "../../../src/state/postgres/lease.ts";
import { createQueue, type Queue } from "../../../src/state/postgres/queue.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";

const never = new AbortController().signal;
const HOLDING = {} as Holding;

const namesOf = (queue: Queue) => [...queue].map(({ name }) => name);
const firstOf = (queue: Queue) => {
  const [first] = queue;
  if (first === undefined) throw new Error("nobody waits");
  return first;
};

test("those who wait are there in their order, with since when, and have seen no free turn", async () => {
  const clock = createVirtualClock();
  const queue = createQueue(clock);
  expect(queue.size).toBe(0);
  void queue.wait("b", never);
  await clock.advance(5);
  void queue.wait("a", never);
  expect([...queue]).toMatchObject([
    { name: "b", sinceMs: 0, freeTurns: 0 },
    { name: "a", sinceMs: 5, freeTurns: 0 },
  ]);
  expect(queue.size).toBe(2);
});

test("a stream is given to one, who then waits no more", async () => {
  const queue = createQueue(createVirtualClock());
  const [first, second] = [queue.wait("a", never), queue.wait("a", never)];
  expect(queue.give(firstOf(queue), () => HOLDING)).toBe(true);
  expect(await first).toBe(HOLDING);
  expect(queue.size).toBe(1);
  queue.refuseAll(new Error("over"));
  await expect(second).rejects.toThrow("over");
});

test("who is told to stop rejects with the reason, and no stream is taken for it afterwards", async () => {
  const queue = createQueue(createVirtualClock());
  const stop = new AbortController();
  const [stopped, other] = [queue.wait("a", stop.signal), queue.wait("b", never)];
  const waiting = firstOf(queue);
  const reason = new Error("stopped");
  stop.abort(reason);
  await expect(stopped).rejects.toBe(reason);
  expect(namesOf(queue)).toEqual(["b"]);
  const given = queue.give(waiting, () => {
    throw new Error("was taken for nobody");
  });
  expect(given).toBe(false);
  queue.give(firstOf(queue), () => HOLDING);
  expect(await other).toBe(HOLDING);
});

test("one is refused, and the others wait on", async () => {
  const queue = createQueue(createVirtualClock());
  const refused = queue.wait("a", never);
  void queue.wait("b", never);
  const reason = new Error("held elsewhere");
  queue.refuse(firstOf(queue), reason);
  await expect(refused).rejects.toBe(reason);
  expect(namesOf(queue)).toEqual(["b"]);
});

test("all are refused at the end", async () => {
  const queue = createQueue(createVirtualClock());
  const waits = ["a", "b", "c"].map((name) => queue.wait(name, never));
  const reason = new Error("closed");
  queue.refuseAll(reason);
  expect(await Promise.allSettled(waits)).toEqual(waits.map(() => ({ status: "rejected", reason })));
  expect(queue.size).toBe(0);
});

test("nothing is left on the signal, which may last as long as the program, however a wait ends", async () => {
  const queue = createQueue(createVirtualClock());
  const { signal } = new AbortController();
  const waits = [queue.wait("a", signal), queue.wait("b", signal)];
  queue.give(firstOf(queue), () => HOLDING);
  queue.refuse(firstOf(queue), new Error("refused"));
  await Promise.allSettled(waits);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
