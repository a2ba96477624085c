import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import type { Identity } from "../../src/model.ts";
import { openLedger, prepareLedger } from "../../src/state/ledger.ts";
import { TABLES } from "../../src/state/rows.ts";
import { hex, identity } from "./identity.ts";

/** The ledger of stream 1, opened anew whenever `reopen` is called, as a restarted program does. */
function ledgerOf(recentAtMost: number) {
  const database = new DatabaseSync(":memory:");
  onTestFinished(() => database.close());
  for (const table of TABLES) database.exec(table);
  const statements = prepareLedger(database);
  const row = { id: 1, name: "s", position: null, report: null, generation: 0 };
  let state = { forgetBelow: null as number | null, recent: 0, moved: 0 };
  let ledger = openLedger(statements, "state.db", { ...row, ...state });
  const count = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  return {
    database,
    reopen() {
      ledger = openLedger(statements, "state.db", { ...row, ...state });
    },
    write(identities: readonly Identity[], forgetBelow: number | null = state.forgetBelow, atMost = recentAtMost) {
      const { settle, recent, moved } = ledger.write(identities, forgetBelow, atMost);
      settle();
      state = { forgetBelow, recent, moved };
    },
    /** In a transaction that came to nothing: all is as it was. */
    writeInVain(identities: readonly Identity[]) {
      database.exec("BEGIN");
      ledger.write(identities, state.forgetBelow, recentAtMost);
      database.exec("ROLLBACK");
    },
    marks: (...numbers: number[]) => [...ledger.lookUp(numbers.map(hex)).values()].flat().map(({ mark }) => mark),
    lookUp: (keys: readonly string[]) => ledger.lookUp(keys),
    rows: () => ({ receipts: count("receipts"), moved: count("ledger"), recent: state.recent }),
  };
}
const some = (from: number, count: number, mark?: number) =>
  Array.from({ length: count }, (_, n) => identity(from + n, mark === undefined ? {} : { mark }));

test("what fits is kept in one row a commit, and a commit without any adds none", () => {
  const { write, rows, marks, reopen } = ledgerOf(10);
  write(some(0, 4));
  write([]);
  write(some(4, 6));
  expect(rows()).toEqual({ receipts: 2, moved: 0, recent: 10 });
  expect(marks(0, 9, 10)).toEqual([1000, 1009]);
  reopen();
  expect(marks(0, 9, 10)).toEqual([1000, 1009]);
  write([]);
  expect(rows()).toEqual({ receipts: 2, moved: 0, recent: 10 });
});

test("what does not fit moves to the table where it is many", () => {
  const { write, rows, marks, reopen } = ledgerOf(10);
  write(some(0, 10));
  write(some(10, 1));
  expect(rows()).toEqual({ receipts: 0, moved: 11, recent: 0 });
  expect(marks(0, 10, 11)).toEqual([1000, 1010]);
  write(some(11, 3));
  expect(rows()).toEqual({ receipts: 1, moved: 11, recent: 3 });
  write(some(14, 3));
  expect(rows()).toEqual({ receipts: 2, moved: 11, recent: 6 });
  expect(marks(0, 10, 11)).toEqual([1000, 1010, 1011]);
  reopen();
  expect(marks(0, 10, 11)).toEqual([1000, 1010, 1011]);
  write(some(17, 5));
  expect(rows()).toEqual({ receipts: 0, moved: 22, recent: 0 });
});

test("what has moved counts no more when it is said how many are left", () => {
  const { write, rows, marks } = ledgerOf(10);
  write([...some(0, 10, 5), identity(10, { mark: 1 })]);
  write(some(11, 9, 1));
  write(some(20, 2, 5), 2);
  expect(rows()).toEqual({ receipts: 1, moved: 11, recent: 2 });
  expect(marks(0, 10, 11, 20)).toEqual([5, 5]);
});

test("what is forgotten stays so when the state is opened again, be it still in the file", () => {
  const { write, rows, marks, reopen } = ledgerOf(10);
  write([identity(0, { mark: 1 }), identity(1, { mark: 2 })]);
  write([], 2);
  reopen();
  expect(rows().recent).toBe(2);
  expect(marks(0, 1)).toEqual([2]);
});

test("what is left of it becomes one row again where it is few, and moves nothing", () => {
  const { write, rows, marks, reopen } = ledgerOf(10);
  write(some(0, 9, 1));
  write(some(9, 5, 2), 2);
  expect(rows()).toEqual({ receipts: 1, moved: 0, recent: 5 });
  reopen();
  expect(marks(0, 9, 13)).toEqual([2, 2]);
  write(some(14, 6, 3), 3);
  expect(rows()).toEqual({ receipts: 0, moved: 6, recent: 0 });
});

test("where more streams leave it less room, what is forgotten by then goes first", () => {
  const { write, rows, marks } = ledgerOf(10);
  write(some(0, 9, 1));
  write(some(9, 1, 2), 2, 4);
  expect(rows()).toEqual({ receipts: 1, moved: 0, recent: 1 });
  expect(marks(0, 9)).toEqual([2]);
  write([], 3, 0);
  expect(rows()).toEqual({ receipts: 0, moved: 0, recent: 0 });
});

test("forgotten identities leave the table with the next that move there", () => {
  const { write, rows, marks } = ledgerOf(4);
  write(some(0, 5, 1));
  write(some(5, 2, 2), 2);
  expect(marks(0, 5)).toEqual([2]);
  expect(rows()).toEqual({ receipts: 1, moved: 5, recent: 2 });
  write(some(7, 3, 2), 2);
  expect(rows()).toEqual({ receipts: 0, moved: 5, recent: 0 });
  expect(marks(0, 5, 9)).toEqual([2, 2]);
});

test("a mark that is as high as the bound is not forgotten, before and after it moves", () => {
  const { write, marks } = ledgerOf(2);
  write([identity(1, { mark: 5 }), identity(2, { mark: 4 })], 5);
  expect(marks(1, 2)).toEqual([5]);
  write(some(3, 3, 5), 5);
  expect(marks(1, 2, 3, 5)).toEqual([5, 5, 5]);
});

test("a write in vain changes nothing that is seen, nor what comes after it", () => {
  const { write, writeInVain, marks, rows } = ledgerOf(4);
  write(some(0, 3));
  writeInVain(some(3, 1));
  writeInVain(some(3, 5));
  expect(marks(0, 2, 3, 7)).toEqual([1000, 1002]);
  write(some(3, 1));
  expect(rows()).toEqual({ receipts: 2, moved: 0, recent: 4 });
});

test("of the same identity in the table and beside it the higher mark counts", () => {
  const { write, marks, lookUp } = ledgerOf(1);
  write([identity(1, { mark: 5 }), identity(2, { mark: 5 })]);
  write([identity(1, { mark: 9 })]);
  expect(marks(1)).toEqual([9]);
  write([identity(2, { mark: 3 })]);
  expect(marks(1, 2)).toEqual([9, 5]);
  expect(lookUp([hex(1), hex(1)]).get(hex(1))).toEqual([identity(1, { mark: 9 })]);
});

test("every number comes back from the table as it was, and one that changed there is noticed", () => {
  const { write, lookUp, database } = ledgerOf(1);
  const full = identity(1, { version: hex(7), count: 0, lastSeconds: 1.5, mark: -2.25 });
  write([full, identity(2)]);
  expect(lookUp([hex(1), hex(2)])).toEqual(
    new Map([
      [hex(1), [full]],
      [hex(2), [identity(2)]],
    ]),
  );
  database.exec("UPDATE ledger SET count = 1 WHERE mark < 0");
  expect(() => lookUp([hex(1)])).toThrow(/state\.db: the checksum of a delivered entry does not fit/);
});
