import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { StateError } from "../../src/model.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { describeStore } from "./contract.ts";
import { hex, identity } from "./identity.ts";
import { refusal } from "./refusal.ts";
import { sqliteHarness } from "./sqlite-harness.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { claimOf, stateOf } from "./held.ts";

describeStore("sqlite", () => sqliteHarness(temporaryFolder()), 10);
describeStore("sqlite that moves its identities early", () => sqliteHarness(temporaryFolder(), 10), 40);

describe("openSqliteStore on a first run", () => {
  it("makes the last folder with mode 0700 and the files with 0600", async () => {
    const path = join(temporaryFolder(), "new", "state.db");
    const store = await openSqliteStore({ path });
    await (await stateOf(store, "s")).commit({ remember: [identity(1)], position: 1 });
    expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(path, "..")).toSorted()).toEqual(["state.db", "state.db.lock"]);
    for (const file of [path, `${path}.lock`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it("makes the journal with mode 0600 too", async () => {
    const path = join(temporaryFolder(), "state.db");
    let mode: number | undefined;
    const store = await openSqliteStore({
      path,
      reached: (point) => {
        if (point === "position-written") mode = statSync(`${path}-journal`).mode & 0o777;
      },
    });
    await (await stateOf(store, "s")).commit({ remember: [], position: 1 });
    expect(mode).toBe(0o600);
    await store.close();
  });

  it("refuses when the folder above is missing too: a volume that is not mounted looks like that", async () => {
    const path = join(temporaryFolder(), "a", "b", "state.db");
    expect(await refusal(openSqliteStore({ path }))).toMatch(
      /b\/state\.db: its folder does not exist.*Create the folder/,
    );
    expect(existsSync(join(path, "..", ".."))).toBe(false);
  });

  it("refuses when a file stands where the folder should be", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(await refusal(openSqliteStore({ path: join(folder, "file", "state.db") }))).toContain("folder");
  });

  it("starts over what a crash before the rename has left", async () => {
    const path = join(temporaryFolder(), "state.db");
    writeFileSync(`${path}.new`, "SQLite format 3\0half");
    writeFileSync(`${path}.new-journal`, "half");
    const store = await openSqliteStore({ path });
    expect(store.isNew).toBe(true);
    await store.close();
    expect(readdirSync(join(path, "..")).toSorted()).toEqual(["state.db", "state.db.lock"]);
  });

  it("[P5] has a whole state at its name as soon as there is one", async () => {
    const path = join(temporaryFolder(), "state.db");
    const crash = (point: string): void => {
      if (point === "store-created") throw new Error("crash");
    };
    await expect(openSqliteStore({ path, reached: crash })).rejects.toThrow("crash");
    const store = await openSqliteStore({ path, lockWaitMs: 0 });
    expect(store.isNew).toBe(false);
    await store.close();
  });

  it("refuses a journal whose state is gone", async () => {
    const path = join(temporaryFolder(), "state.db");
    writeFileSync(`${path}-journal`, Buffer.from("d9d505f920a163d700000001", "hex"));
    expect(await refusal(openSqliteStore({ path }))).toMatch(/state\.db: the file is gone, but its journal.*aside/);
    expect(existsSync(path)).toBe(false);
  });
});

describe("openSqliteStore through links", () => {
  it("follows a link to the state, and locks the state itself", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "state.db");
    symlinkSync(path, join(folder, "link.db"));
    await (await openSqliteStore({ path })).close();
    const store = await openSqliteStore({ path: join(folder, "link.db") });
    expect(store.isNew).toBe(false);
    expect(await refusal(openSqliteStore({ path, lockWaitMs: 0 }))).toContain("another instance");
    await store.close();
  });

  it("refuses a link to nothing", async () => {
    const folder = temporaryFolder();
    symlinkSync(join(folder, "gone", "state.db"), join(folder, "link.db"));
    expect(await refusal(openSqliteStore({ path: join(folder, "link.db") }))).toContain(
      "a link to a file that does not",
    );
  });
});

describe("openSqliteStore beside others", () => {
  it("refuses a second instance after its wait, and not after the first has ended", async () => {
    const path = join(temporaryFolder(), "state.db");
    const first = await openSqliteStore({ path });
    const message = await refusal(openSqliteStore({ path, lockWaitMs: 100 }));
    expect(message).toMatch(/state\.db: another instance is using it.*stop the other one/);
    const waiting = openSqliteStore({ path, lockWaitMs: 10_000 });
    await first.close();
    const second = await waiting;
    expect(second.isNew).toBe(false);
    await second.close();
  });

  it("ends its wait when it is told to, with the signal's reason", async () => {
    const path = join(temporaryFolder(), "state.db");
    const first = await openSqliteStore({ path });
    const stop = new AbortController();
    const waiting = openSqliteStore({ path, lockWaitMs: 600_000, signal: stop.signal });
    const reason = new Error("stopped");
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await first.close();
  });

  it("opens and makes nothing when it was told to stop before", async () => {
    const path = join(temporaryFolder(), "state.db");
    const reason = new Error("stopped");
    await expect(openSqliteStore({ path, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  it("says what to do when its lock file is another file", async () => {
    const path = join(temporaryFolder(), "state.db");
    writeFileSync(`${path}.lock`, "pid 4711\n".repeat(100));
    expect(await refusal(openSqliteStore({ path }))).toMatch(/state\.db\.lock: it is no lock file.*Remove it/);
  });

  it("lets readers in, before and after a commit", async () => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path });
    const state = await stateOf(store, "s");
    await state.commit({ remember: [], position: 1 });
    const reader = new DatabaseSync(path, { readOnly: true });
    const read = reader.prepare("SELECT position FROM streams");
    expect(read.get()).toEqual({ position: "1" });
    await state.commit({ remember: [], position: 2 });
    expect(read.get()).toEqual({ position: "2" });
    reader.close();
    await store.close();
  });

  it("waits for a reader that is in the way of a commit", async () => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path });
    const state = await stateOf(store, "s");
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec("BEGIN; SELECT * FROM streams");
    const commit = state.commit({ remember: [identity(1)], position: 1 });
    expect(state.position).toBeUndefined();
    reader.exec("COMMIT");
    await commit;
    expect(state.position).toBe(1);
    expect((await state.known([hex(1)])).size).toBe(1);
    reader.close();
    await store.close();
  });

  it("[P11] notices another writer where locks do nothing, and keeps what that one wrote", async () => {
    const path = join(temporaryFolder(), "state.db");
    const first = await openSqliteStore({ path });
    const mine = await stateOf(first, "s");
    await mine.commit({ remember: [], position: "before" });
    rmSync(`${path}.lock`);
    const second = await openSqliteStore({ path });
    await (await stateOf(second, "s")).commit({ remember: [identity(2)], position: "theirs" });
    await expect(mine.commit({ remember: [identity(1)], position: "mine" })).rejects.toThrow(/another instance/);
    await expect(mine.commit({ remember: [identity(1)], position: "mine" })).rejects.toThrow(StateError);
    await first.close();
    await second.close();
    const third = await stateOf(await openSqliteStore({ path }), "s");
    expect(third.position).toBe("theirs");
    expect([...(await third.known([hex(1), hex(2)])).keys()]).toEqual([hex(2)]);
  });
});

describe("the state file", () => {
  it.each([
    ["moves identities out of its receipts when they are many", Infinity, 1500, 2000],
    ["moves none where few are kept", 3, 0, 0],
  ])("%s", async (_, keptRounds, least, most) => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path, recentAtMost: 500 });
    const state = await stateOf(store, "s");
    for (let round = 0; round < 100; round += 1) {
      const remember = Array.from({ length: 20 }, (_, i) => identity(round * 20 + i, { mark: round }));
      await state.commit({ remember, forgetBelow: Math.max(0, round - keptRounds) });
    }
    const reader = new DatabaseSync(path, { readOnly: true });
    const counted = reader.prepare(
      "SELECT (SELECT count(*) FROM ledger) AS moved, (SELECT count(*) FROM receipts) AS r",
    );
    const counts = counted.get() as { moved: number; r: number };
    expect(counts.moved).toBeGreaterThanOrEqual(least);
    expect(counts.moved).toBeLessThanOrEqual(most);
    expect(counts.r).toBeLessThanOrEqual(25);
    reader.close();
    await store.close();
  });

  it("is not written to before a commit is complete, be it one of megabytes", async () => {
    const path = join(temporaryFolder(), "state.db");
    let sizeWithin: number | undefined;
    const reached = (point: string) => {
      if (point === "position-written") sizeWithin = statSync(path).size;
    };
    const store = await openSqliteStore({ path, reached });
    const state = await stateOf(store, "s");
    const sizeBefore = statSync(path).size;
    await state.commit({ remember: [], position: "x".repeat(6_000_000) });
    expect(sizeWithin).toBe(sizeBefore);
    expect(statSync(path).size).toBeGreaterThan(6_000_000);
    await store.close();
  });

  it("parts the room in memory among the streams that are held", async () => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path, recentAtMost: 12 });
    const some = (from: number, count: number) => Array.from({ length: count }, (_, n) => identity(from + n));
    const moved = () => {
      const reader = new DatabaseSync(path, { readOnly: true });
      const counted = reader.prepare("SELECT count(*) AS moved FROM ledger").get()?.["moved"];
      reader.close();
      return counted;
    };
    const state = await stateOf(store, "a");
    const other = await claimOf(store, "b");
    await state.commit({ remember: some(0, 6) });
    expect(moved()).toBe(0);
    await state.commit({ remember: some(6, 1) });
    expect(moved()).toBe(7);
    await other[Symbol.asyncDispose]();
    await state.commit({ remember: some(7, 12) });
    expect(moved()).toBe(7);
    await state.commit({ remember: some(19, 1) });
    expect(moved()).toBe(20);
    await store.close();
  });

  it("does not grow without end while identities come and go", async () => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path, recentAtMost: 200 });
    const state = await stateOf(store, "s");
    const sizes: number[] = [];
    for (let round = 0; round < 60; round += 1) {
      const remember = Array.from({ length: 100 }, (_, i) => identity(round * 100 + i, { mark: round }));
      await state.commit({ remember, position: round, forgetBelow: round - 5 });
      sizes.push(statSync(path).size);
    }
    expect(sizes.at(-1)).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 30)));
    await store.close();
  });
});

describe("a store of many streams", () => {
  it("takes those that come together, in one transaction, and keeps each apart from the others", async () => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path });
    const names = (from: number, count: number) => Array.from({ length: count }, (_, n) => `s${from + n}`);
    // https://sqlite.org/fileformat.html#file_change_counter
    const transactions = () => readFileSync(path).readUInt32BE(24);
    const bring = async (those: readonly string[]) => {
      const states = await Promise.all(those.map((name) => stateOf(store, name)));
      const before = transactions();
      await Promise.all(states.map((state, n) => state.commit({ remember: [identity(n)], position: those[n] })));
      return transactions() - before;
    };
    expect(await bring(names(0, 60))).toBe(1);
    expect(await bring(names(60, 3))).toBe(1);
    expect(await bring(names(63, 3))).toBe(1);
    await store.close();
    const again = await openSqliteStore({ path });
    for (const name of names(0, 66)) expect((await stateOf(again, name)).position).toBe(name);
    await again.close();
  });
});
