import { expect, test } from "vitest";
import { createStreamState } from "../../../src/state/postgres/stream-state.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { identityChecksum } from "../../../src/state/rows.ts";
import { hex, identity } from "../identity.ts";
import { away, type Script, scriptedDatabase } from "./scripted-database.ts";

const COMMIT = "WITH moved";
const LOOK_UP = "JOIN slack_otel_ledger";
const REMOVE = "WITH gone";
const MINUTE = 60_000;

/** A stream that forgets below 10, in a database that does all that it is told. */
function stage(script: Script = {}) {
  const clock = createVirtualClock();
  const rows = [9, 10, 20].map((mark) => {
    const one = identity(mark, { mark });
    return { ...one, count: null, last_seconds: null, checksum: identityChecksum(1, one) };
  });
  const database = scriptedDatabase({
    [COMMIT]: () => [{ moved: 1 }],
    [LOOK_UP]: () => rows,
    [REMOVE]: () => [{ gone: 0 }],
    ...script,
  });
  const never = new AbortController().signal;
  const state = createStreamState({
    database,
    holding: {
      stream: { id: 1, name: "a", position: null, report: null, generation: 0, forgetBelow: 10, token: 1 },
      holder: 7,
      lost: never,
      handOver: never,
      lose: () => undefined,
      release: async () => undefined,
    },
    clock,
    reached: () => undefined,
  });
  return {
    clock,
    database,
    state,
    known: async () => [...(await state.known([hex(1)])).keys()],
    removals: () => database.valuesOf(REMOVE).length,
  };
}

test("what is below the bound is not known, whether the database has it still or not", async () => {
  const { state, known } = stage();
  expect(await known()).toEqual([hex(10), hex(20)]);
  await state.commit({ remember: [], forgetBelow: 15 });
  expect(await known()).toEqual([hex(20)]);
});

test("the bound never falls, and stays where a commit brings none", async () => {
  const { state, known } = stage();
  await state.commit({ remember: [], forgetBelow: 3 });
  await state.commit({ remember: [] });
  expect(await known()).toEqual([hex(10), hex(20)]);
});

test("what is below the commit's own bound is not written", async () => {
  const { state, database } = stage();
  await state.commit({ remember: [identity(14, { mark: 14 }), identity(15, { mark: 15 })], forgetBelow: 15 });
  expect(database.valuesOf(COMMIT)[0]).toContain(`{${hex(15)}}`);
});

test("what is forgotten is removed once a minute at most, by a commit that forgets", async () => {
  const { clock, state, removals } = stage();
  const forget = () => state.commit({ remember: [], forgetBelow: 15 });
  await clock.advance(MINUTE - 1);
  await forget();
  expect(removals()).toBe(0);
  await clock.advance(1);
  await state.commit({ remember: [] });
  expect(removals()).toBe(0);
  await forget();
  expect(removals()).toBe(1);
  await clock.advance(MINUTE - 1);
  await forget();
  expect(removals()).toBe(1);
  await clock.advance(1);
  await forget();
  expect(removals()).toBe(2);
});

test("the removal is tried again while the database is away", async () => {
  let tries = 0;
  const { clock, state, removals } = stage({ [REMOVE]: () => (++tries === 1 ? away() : [{ gone: 0 }]) });
  await clock.advance(MINUTE);
  await clock.run(state.commit({ remember: [], forgetBelow: 15 }));
  expect(removals()).toBe(2);
});
