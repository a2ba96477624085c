import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { createTurns } from "../../src/state/turns.ts";

const signal = new AbortController().signal;
const settled = () => new Promise(setImmediate);

test("who comes after a turn was handed on waits for the one who has it now", async () => {
  const turn = createTurns();
  const first = await turn("a", signal);
  const second = turn("a", signal);
  first();
  const release = await second;
  await settled();
  let isThird = false;
  const third = turn("a", signal).then((over) => {
    isThird = true;
    over();
  });
  await settled();
  expect(isThird).toBe(false);
  release();
  await third;
});

test("names do not wait for each other", async () => {
  const turn = createTurns();
  const first = await turn("a", signal);
  (await turn("b", signal))();
  first();
  (await turn("a", signal))();
});

test("a wait that is ended rejects at once, and who came later still waits for the holder", async () => {
  const turn = createTurns();
  const first = await turn("a", signal);
  const stop = new AbortController();
  const second = turn("a", stop.signal);
  let isThird = false;
  const third = turn("a", signal).then(() => (isThird = true));
  stop.abort(new Error("stopped"));
  await expect(second).rejects.toThrow("stopped");
  await settled();
  expect(isThird).toBe(false);
  first();
  await third;
});

test("who was told to stop before gets no turn, and takes none from others", async () => {
  const turn = createTurns();
  await expect(turn("a", AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
  (await turn("a", signal))();
});

test("nothing is left on the signal, which may last as long as the program", async () => {
  const turn = createTurns();
  const stop = new AbortController();
  for (let count = 0; count < 20; count += 1) (await turn("a", stop.signal))();
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
});
