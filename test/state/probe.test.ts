import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { probeSqliteState } from "../../src/state/probe.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { StateError } from "../../src/model.ts";
import { makeSample } from "./sample.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const signal = new AbortController().signal;

test("no state is no state, and none is made", async () => {
  const folder = temporaryFolder();
  expect(await probeSqliteState(join(folder, "state.db"), signal)).toEqual({ kind: "new" });
  expect(await probeSqliteState(join(folder, "new", "state.db"), signal)).toEqual({ kind: "new" });
  expect(readdirSync(folder)).toEqual([]);
});

test("a state that an instance has open is in use, and the instance keeps its lock", async () => {
  const path = join(temporaryFolder(), "state.db");
  const store = await openSqliteStore({ path });
  expect(await probeSqliteState(path, signal)).toMatchObject({ kind: "in_use" });
  await expect(openSqliteStore({ path, lockWaitMs: 0 })).rejects.toThrow(/another instance/);
  await store.close();
  const before = readFileSync(path);
  expect(await probeSqliteState(path, signal)).toEqual({ kind: "ready", streams: [] });
  expect(readFileSync(path)).toEqual(before);
  await (await openSqliteStore({ path, lockWaitMs: 0 })).close();
});

test("what run would refuse is refused with the same words, and left as it is", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "state.db");
  await expect(probeSqliteState(join(folder, "a", "b", "state.db"), signal)).rejects.toThrow(StateError);
  writeFileSync(path, "");
  await expect(probeSqliteState(path, signal)).rejects.toThrow(/it is empty/);
  writeFileSync(path, "no database at all, but long enough to be looked at");
  await expect(probeSqliteState(path, signal)).rejects.toThrow(/not an SQLite database/);
  expect(readFileSync(path, "utf8")).toMatch(/^no database/);
  mkdirSync(join(folder, "folder.db"));
  await expect(probeSqliteState(join(folder, "folder.db"), signal)).rejects.toThrow(/it is a folder/);
});

test("what run would not take for a first run is refused, and nothing is made", async () => {
  const folder = temporaryFolder();
  symlinkSync(join(folder, "gone.db"), join(folder, "link.db"));
  await expect(probeSqliteState(join(folder, "link.db"), signal)).rejects.toThrow(/a link to a file that does not/);
  symlinkSync(join(folder, "gone"), join(folder, "unmounted"));
  const unmounted = join(folder, "unmounted", "state.db");
  await expect(probeSqliteState(unmounted, signal)).rejects.toThrow(/its folder does not exist/);
  writeFileSync(join(folder, "state.db-journal"), "hot");
  await expect(probeSqliteState(join(folder, "state.db"), signal)).rejects.toThrow(/its journal .* is there/);
  expect(readdirSync(folder).toSorted()).toEqual(["link.db", "state.db-journal", "unmounted"]);
});

test("a state is in use whichever of its names is asked for", async () => {
  const folder = temporaryFolder();
  const [path, link] = [join(folder, "state.db"), join(folder, "link.db")];
  symlinkSync(path, link);
  const store = await openSqliteStore({ path });
  expect(await probeSqliteState(link, signal)).toMatchObject({ kind: "in_use" });
  await store.close();
  expect(await probeSqliteState(link, signal)).toMatchObject({ kind: "ready" });
  expect(readdirSync(folder).toSorted()).toEqual(["link.db", "state.db", "state.db.lock"]);
});

test("a folder that takes no file is told, as on a full or a read-only disk", async () => {
  const folder = temporaryFolder();
  // Writing below it fails whoever asks, root too.
  symlinkSync("/proc/self", join(folder, "proc"));
  await expect(probeSqliteState(join(folder, "proc", "state.db"), signal)).rejects.toThrow(StateError);
  expect(existsSync(join(folder, "proc", "state.db"))).toBe(false);
});

test("damage is found that a look at the streams does not come to", async () => {
  const path = join(temporaryFolder(), "state.db");
  await makeSample(path);
  const database = new DatabaseSync(path);
  database.exec("DELETE FROM ledger WHERE key = (SELECT max(key) FROM ledger)");
  database.close();
  await expect(probeSqliteState(path, signal)).rejects.toThrow(/entry is missing/);
});

test("a lock that cannot be taken for another reason than an instance is told as such", async () => {
  const path = join(temporaryFolder(), "state.db");
  await makeSample(path);
  writeFileSync(`${path}.lock`, "pid 4711\n".repeat(100));
  await expect(probeSqliteState(path, signal)).rejects.toThrow(/state\.db\.lock: it is no lock file/);
});
