import { expect, test } from "vitest";
import { ClaimLostError } from "../../../src/state/claims.ts";
import type { Row } from "../../../src/state/postgres/database.ts";
import { createStreamState } from "../../../src/state/postgres/stream-state.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { identity } from "../identity.ts";
import { away, forbidden, type Script, scriptedDatabase } from "./scripted-database.ts";

const COMMIT = "WITH moved";
const LOOK_UP = "JOIN slack_otel_ledger";
const REMOVE = "WITH gone";
const [ID, TOKEN, HOLDER] = [1, 3, 7];

/** The stream as the database has it, and one who holds it. `failing` answers in place of what the row says. */
function stage({ failing = [], script = {} }: { readonly failing?: Script[string][]; readonly script?: Script } = {}) {
  const clock = createVirtualClock();
  const stored = { token: TOKEN, holder: HOLDER as number | null, generation: 0, checksum: 0 };
  /** A statement shows the row as it was before it. */
  const write: (values: Parameters<Script[string]>[0]) => Row[] = ([, token, holder, generation, , , , checksum]) => {
    const before = { ...stored };
    const moved = token === stored.token && holder === stored.holder && generation === stored.generation;
    if (moved) Object.assign(stored, { generation: stored.generation + 1, checksum });
    return [{ moved: Number(moved), ...before }];
  };
  const database = scriptedDatabase({
    [COMMIT]: (values) => (failing.shift() ?? write)(values),
    [LOOK_UP]: () => [],
    [REMOVE]: () => [{ gone: 0 }],
    ...script,
  });
  const lost = new AbortController();
  const reason = new ClaimLostError("lost");
  const lose = () => lost.abort(reason);
  const points: string[] = [];
  const state = createStreamState({
    database,
    holding: {
      stream: { id: ID, name: "a", position: null, report: null, generation: 0, forgetBelow: null, token: TOKEN },
      holder: HOLDER,
      lost: lost.signal,
      handOver: new AbortController().signal,
      lose,
      release: async () => undefined,
    },
    clock,
    reached: (point) => void points.push(`${point} after ${database.asked.length}`),
  });
  return { clock, database, stored, write, state, reason, lose, lost: lost.signal, points };
}
const AT_1 = { remember: [], position: 1 };

test("what is committed is there once the database has it, and stays where a commit brings none", async () => {
  const { state, points } = stage();
  expect([state.position, state.report]).toEqual([undefined, undefined]);
  const commit = state.commit({ ...AT_1, report: "r" });
  expect(state.position).toBeUndefined();
  await commit;
  await state.commit({ remember: [] });
  expect([state.position, state.report]).toEqual([1, "r"]);
  expect(points.slice(0, 3)).toEqual([
    "position-begun after 0",
    "position-written after 0",
    "position-committed after 1",
  ]);
});

test("while the database is away a commit is tried again, five times a second", async () => {
  const { clock, state, database } = stage({ failing: [away, away] });
  await clock.run(state.commit(AT_1));
  expect([state.position, clock.waits]).toEqual([1, [200, 200]]);
  const [first, ...others] = database.valuesOf(COMMIT);
  expect(others).toEqual([first, first]);
});

test("what is known is asked for again in the same way", async () => {
  let tries = 0;
  const { clock, state } = stage({ script: { [LOOK_UP]: () => (++tries < 3 ? away() : []) } });
  expect(await clock.run(state.known([identity(1).key]))).toEqual(new Map());
  expect(clock.waits).toEqual([200, 200]);
});

test("a stream that is lost while the database is away is given up with the reason, and nothing is asked of it again", async () => {
  const { clock, state, lose, reason, database } = stage({ failing: [away] });
  const commit = state.commit(AT_1);
  await clock.advance(100);
  lose();
  await expect(commit).rejects.toBe(reason);
  await expect(state.commit(AT_1)).rejects.toBe(reason);
  await expect(state.known([identity(1).key])).rejects.toBe(reason);
  expect([database.asked, clock.pending, state.position]).toEqual([[COMMIT], 0, undefined]);
});

test("nothing of a commit to a stream that was lost before is begun", async () => {
  const { state, lose, points } = stage();
  lose();
  await expect(state.commit(AT_1)).rejects.toThrow("lost");
  expect(points).toEqual([]);
});

test("a commit whose answer was lost counts as done, and the next goes on from it", async () => {
  const made = stage({ failing: [(values) => (made.write(values), away())] });
  const { clock, state, stored } = made;
  await clock.run(state.commit(AT_1));
  await state.commit({ remember: [], position: 2 });
  expect([state.position, stored.generation]).toEqual([2, 2]);
});

test("one that the database had not done yet when it was tried again counts as done when it shows", async () => {
  // The second try waited for the first, and sees the row as it was before that.
  const made = stage({
    failing: [
      away,
      (values) => (made.write(values), [{ moved: 0, token: TOKEN, holder: HOLDER, generation: 0, checksum: 0 }]),
    ],
  });
  const { clock, state, stored } = made;
  await clock.run(state.commit(AT_1));
  expect([state.position, stored.generation]).toEqual([1, 1]);
});

test.each<[string, Partial<ReturnType<typeof stage>["stored"]>]>([
  ["another took", { token: TOKEN + 1 }],
  ["nobody holds any more", { holder: null }],
])("a stream that %s is lost, and what was to be committed is not there", async (_, change) => {
  const { state, stored, lost, reason } = stage();
  Object.assign(stored, change);
  await expect(state.commit(AT_1)).rejects.toBe(reason);
  expect([lost.aborted, state.position]).toEqual([true, undefined]);
});

test("it is lost to another even where what is there looks as if it was written here", async () => {
  const made = stage({ failing: [(values) => (made.write(values), (made.stored.token += 1), away())] });
  await expect(made.clock.run(made.state.commit(AT_1))).rejects.toBe(made.reason);
});

test("a stream that is not in the database any more is lost", async () => {
  const { state, reason } = stage({ failing: [() => []] });
  await expect(state.commit(AT_1)).rejects.toBe(reason);
});

test.each([1, 5])("a stream somebody wrote to without its lease is damaged, at generation %i", async (generation) => {
  const { state, stored, lost } = stage();
  Object.assign(stored, { generation, checksum: 99 });
  await expect(state.commit(AT_1)).rejects.toThrow(/db:5432\/logs: another program wrote to a without its lease/);
  expect([lost.aborted, state.position]).toEqual([false, undefined]);
});

test("what the database will never do is told at once", async () => {
  const { clock, state } = stage({ failing: [forbidden] });
  await expect(state.commit(AT_1)).rejects.toMatchObject({ code: "42501" });
  expect(clock.waits).toEqual([]);
});
