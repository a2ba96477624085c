import { expect, test } from "vitest";
import { createThrottles } from "../../../src/state/postgres/throttles.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { away, type Script, scriptedDatabase } from "./scripted-database.ts";

const TOLD = "INTO slack_otel_throttles";
const READ = "SELECT place";
const SWEPT = "DELETE FROM slack_otel_throttles";
const PLACE = "acme/team.accessLogs T1";

function stage(script: Script = {}) {
  const clock = createVirtualClock();
  const database = scriptedDatabase({ [TOLD]: () => [], [READ]: () => [], [SWEPT]: () => [], ...script });
  const throttles = createThrottles(database, clock);
  const told = () => database.valuesOf(TOLD).map(([given]) => JSON.parse(String(given)) as unknown);
  return { clock, database, throttles, told };
}

test("a place is stopped for as long as was said, and no other is", async () => {
  const { clock, throttles } = stage();
  throttles.stop(PLACE, 30_000);
  await clock.advance(10_000);
  expect(throttles.leftMs(PLACE)).toBe(20_000);
  expect(throttles.leftMs("acme/team.accessLogs T2")).toBeLessThanOrEqual(0);
});

test("what is told is how long each place is stopped still, and never less than nought", async () => {
  const { clock, throttles, told } = stage();
  throttles.stop(PLACE, 30_000);
  throttles.stop("over", 5_000);
  await clock.advance(10_000);
  await throttles.tell();
  expect(told()).toEqual([
    [
      { place: PLACE, ms: 20_000 },
      { place: "over", ms: 0 },
    ],
  ]);
});

test("what is told once is not told again, and nothing is asked where there is nothing to tell", async () => {
  const { throttles, database } = stage();
  await throttles.tell();
  expect(database.asked).toEqual([]);
  throttles.stop(PLACE, 30_000);
  await throttles.tell();
  await throttles.tell();
  expect(database.asked).toEqual([TOLD, SWEPT]);
});

test("what could not be told is told the next time", async () => {
  let isAway = true;
  const { throttles, told } = stage({ [TOLD]: () => (isAway ? away() : []) });
  throttles.stop(PLACE, 30_000);
  await expect(throttles.tell()).rejects.toThrow("Connection terminated");
  expect(throttles.leftMs(PLACE)).toBe(30_000);
  isAway = false;
  await throttles.tell();
  expect(told()).toHaveLength(2);
});

test("a place that is stopped anew while it is told is told again", async () => {
  const { throttles, told } = stage({
    [TOLD]: () => {
      if (told().length === 1) throttles.stop(PLACE, 60_000);
      return [];
    },
  });
  throttles.stop(PLACE, 30_000);
  await throttles.tell();
  expect(throttles.leftMs(PLACE)).toBe(60_000);
  await throttles.tell();
  expect(told()).toEqual([[{ place: PLACE, ms: 30_000 }], [{ place: PLACE, ms: 60_000 }]]);
});

test("a place stays stopped here after it was told, before the others' are read", async () => {
  const { throttles } = stage();
  throttles.stop(PLACE, 30_000);
  await throttles.tell();
  expect(throttles.leftMs(PLACE)).toBe(30_000);
});

test("of what was learnt and what was said here the longer counts, told or not", async () => {
  const { throttles } = stage({ [READ]: () => [{ place: PLACE, left: 40_000 }] });
  throttles.stop(PLACE, 30_000);
  await throttles.learn();
  expect(throttles.leftMs(PLACE)).toBe(40_000);
  await throttles.tell();
  expect(throttles.leftMs(PLACE)).toBe(40_000);
  throttles.stop(PLACE, 50_000);
  expect(throttles.leftMs(PLACE)).toBe(50_000);
  await throttles.tell();
  expect(throttles.leftMs(PLACE)).toBe(50_000);
});

test("what others were told counts from when the answer is here, and is over once the database has it no more", async () => {
  const answers = [[{ place: PLACE, left: 30_000 }], []];
  const { clock, throttles } = stage({
    async [READ]() {
      await clock.sleep(2_000, new AbortController().signal);
      return answers.shift() ?? [];
    },
  });
  await clock.run(throttles.learn());
  expect(throttles.leftMs(PLACE)).toBe(30_000);
  await clock.run(throttles.learn());
  expect(throttles.leftMs(PLACE)).toBeLessThanOrEqual(0);
});
