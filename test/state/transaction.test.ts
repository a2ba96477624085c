import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { patiently, transact } from "../../src/state/transaction.ts";
import { temporaryFolder } from "./temporary-folder.ts";

function opened(path = join(temporaryFolder(), "file.db")): { path: string; database: DatabaseSync } {
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  database.exec("CREATE TABLE IF NOT EXISTS t (a INTEGER) STRICT");
  return { path, database };
}
const rowsOf = (database: DatabaseSync) => database.prepare("SELECT a FROM t").all();

test("what the work wrote is there for others when it has ended, with what it gave", () => {
  const { path, database } = opened();
  expect(transact(database, () => database.prepare("INSERT INTO t VALUES (1)").run().changes)).toBe(1);
  expect(database.isTransaction).toBe(false);
  expect(rowsOf(opened(path).database)).toEqual([{ a: 1 }]);
});

test("nothing of a work that fails is kept, and the next one can be done", () => {
  const { database } = opened();
  const failing = () => {
    database.exec("INSERT INTO t VALUES (1)");
    throw new Error("mine");
  };
  expect(() => transact(database, failing)).toThrow("mine");
  expect(database.isTransaction).toBe(false);
  transact(database, () => database.exec("INSERT INTO t VALUES (2)"));
  expect(rowsOf(database)).toEqual([{ a: 2 }]);
});

test("the work's own error is told where SQLite has ended the transaction itself", () => {
  const { database } = opened();
  const failing = () => {
    database.exec("ROLLBACK");
    throw new Error("the disk is full");
  };
  expect(() => transact(database, failing)).toThrow("the disk is full");
});

test("work is done again while somebody is in the way, and not for any other reason", async () => {
  const busy = Object.assign(new Error("database is locked"), { errcode: 5 });
  let isBusyNow = true;
  setTimeout(() => (isBusyNow = false), 10);
  let tries = 0;
  const outcome = patiently(() => {
    tries += 1;
    if (isBusyNow) throw busy;
    return "done";
  });
  expect(await outcome).toBe("done");
  expect(tries).toBe(2);
  const failing = () => {
    tries += 1;
    throw new Error("mine");
  };
  await expect(patiently(failing)).rejects.toThrow("mine");
  expect(tries).toBe(3);
});
