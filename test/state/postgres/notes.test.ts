import { expect, test } from "vitest";
import { ClaimLostError } from "../../../src/state/claims.ts";
import { createNotes, readNote } from "../../../src/state/postgres/notes.ts";
import { noteChecksum } from "../../../src/state/rows.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { away, type Script, scriptedDatabase } from "./scripted-database.ts";

const READ = "SELECT text";
const WRITE = "INTO slack_otel_notes";
const TAKE = "INTO slack_otel_turns";
const GIVE_BACK = "DELETE FROM slack_otel_turns";
const never = new AbortController().signal;

/** The notes of replica 7, in a database that lets it do all it wants. */
function stage(script: Script = {}) {
  const clock = createVirtualClock();
  const closed = new AbortController();
  const database = scriptedDatabase({
    [READ]: () => [],
    [WRITE]: () => [{ name: "token" }],
    [TAKE]: () => [{ holder: 7 }],
    [GIVE_BACK]: () => [],
    ...script,
  });
  let guarded = 0;
  const notes = createNotes({
    database,
    replica: { id: 7, hold: () => Promise.reject(new Error("no stream")), close: async () => undefined },
    clock,
    guarded(work) {
      guarded += 1;
      return work();
    },
    closed: closed.signal,
  });
  return { clock, closed, database, notes, guarded: () => guarded };
}

test("a note comes back as the text it was, and none where there is none", async () => {
  const text = JSON.stringify('any "text"');
  const row = { text, checksum: noteChecksum({ name: "token", text }) };
  const { notes } = stage({ [READ]: ([name]) => (name === "token" ? [row] : []) });
  expect([await notes.read("token"), await notes.read("none")]).toEqual(['any "text"', undefined]);
});

test("a note that somebody edited, or that stands under another name, is damage", async () => {
  const text = JSON.stringify("value");
  const database = scriptedDatabase({ [READ]: () => [{ text, checksum: noteChecksum({ name: "token", text }) }] });
  await expect(readNote(database, "other")).rejects.toThrow(/db:5432\/logs: the checksum of a note does not fit/);
});

test("within a turn a note is written by the id the turn was taken with, and before and after it by anybody", async () => {
  const { notes, database } = stage();
  const holders = () => database.valuesOf(WRITE).map((values) => values.at(-1));
  await notes.write("token", "a");
  await notes.exclusively("token", never, async () => {
    await notes.write("token", "b");
    await notes.write("other", "c");
  });
  await notes.write("token", "d");
  expect(holders()).toEqual([null, 7, null, null]);
});

test("a note whose turn went to another is not written, and its writer is told so", async () => {
  const { notes } = stage({ [WRITE]: () => [] });
  const writing = notes.exclusively("token", never, () => notes.write("token", "late"));
  await expect(writing).rejects.toThrow(new ClaimLostError("The turn on token is lost"));
});

test("a turn is given back whatever the work comes to, after it, and its outcome is told", async () => {
  const { notes, database } = stage();
  const asked = async () => [...database.asked];
  expect(await notes.exclusively("token", never, asked)).toEqual([TAKE]);
  const failing = notes.exclusively("token", never, () => Promise.reject(new Error("mine")));
  await expect(failing).rejects.toThrow("mine");
  expect(database.asked).toEqual([TAKE, GIVE_BACK, TAKE, GIVE_BACK]);
  expect(database.valuesOf(GIVE_BACK)).toEqual([
    ["token", 7],
    ["token", 7],
  ]);
});

test("of one program only one asks the database for a turn, the others wait for it here", async () => {
  const { notes, database } = stage();
  const held = Promise.withResolvers<void>();
  const first = notes.exclusively("token", never, () => held.promise);
  const second = notes.exclusively("token", never, async () => "second");
  await new Promise(setImmediate);
  expect(database.asked).toEqual([TAKE]);
  held.resolve();
  await first;
  expect(await second).toBe("second");
});

test("reading, writing and giving a turn back go through the store, which asks again while the database is away", async () => {
  const { notes, guarded } = stage();
  await notes.read("token");
  await notes.write("token", "a");
  expect(guarded()).toBe(2);
  await notes.exclusively("token", never, async () => undefined);
  expect(guarded()).toBe(3);
});

test("a turn that cannot be given back is told, and bars nobody here", async () => {
  const { notes } = stage({ [GIVE_BACK]: away });
  for (const _ of ["first", "second"]) {
    await expect(notes.exclusively("token", never, async () => undefined)).rejects.toThrow("Connection terminated");
  }
});

test.each(["the signal", "the store's end"])(
  "%s ends the wait for a turn that another has, and bars nobody",
  async (end) => {
    let isFree = false;
    const { clock, closed, notes } = stage({ [TAKE]: () => (isFree ? [{ holder: 7 }] : []) });
    const stop = new AbortController();
    const reason = new Error("ended");
    const waiting = notes.exclusively("token", stop.signal, () => Promise.reject(new Error("ran")));
    await clock.advance(1_000);
    (end === "the signal" ? stop : closed).abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
    isFree = true;
    if (end === "the signal") expect(await notes.exclusively("token", never, async () => "next")).toBe("next");
  },
);
