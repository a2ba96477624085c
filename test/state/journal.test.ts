import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { StateError } from "../../src/model.ts";
import { inspectSqliteState } from "../../src/state/inspect.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { refusal } from "./refusal.ts";
import { contentOf, makeSample } from "./sample.ts";
import { copyTo } from "./sqlite-harness.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { claimOf } from "./held.ts";

/** A state as a power cut in the middle of a commit leaves it: pages of the file overwritten, the old ones in the journal. */
async function interrupted(): Promise<{ path: string; content: string }> {
  const folder = temporaryFolder();
  const original = join(folder, "state.db");
  const content = await makeSample(original);
  const sound = readFileSync(original);
  const database = new DatabaseSync(original);
  database.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE");
  database.exec("UPDATE streams SET position = '\"torn\"'; UPDATE receipts SET identities = '[]'; DELETE FROM ledger");
  database.exec("INSERT INTO receipts SELECT NULL, 1, hex(zeroblob(9000)), 0 FROM streams");
  const path = copyTo(original, join(folder, "interrupted"));
  database.exec("ROLLBACK");
  database.close();
  expect(readFileSync(path).equals(sound)).toBe(false);
  expect(statSync(`${path}-journal`).size).toBeGreaterThan(4096);
  return { path, content };
}

const damage = (path: string, at: number): void => {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
};

describe("a commit that was cut short", () => {
  it("[P13] is undone by the next start, which then has exactly what was before", async () => {
    const { path, content } = await interrupted();
    const store = await openSqliteStore({ path });
    expect(await contentOf(store)).toBe(content);
    await store.close();
    expect(readdirSync(join(path, "..")).toSorted()).toEqual(["state.db", "state.db.lock"]);
  });

  it("is not undone when what it would give is damaged: neither file is touched", async () => {
    const { path } = await interrupted();
    const database = new DatabaseSync(copyTo(path, join(path, "..", "settled")));
    const { root } = database.prepare("SELECT rootpage AS root FROM sqlite_schema WHERE name = 'meta'").get() as {
      root: number;
    };
    database.close();
    damage(path, root * 4096 - 1);
    const before = [readFileSync(path), readFileSync(`${path}-journal`)] as const;
    expect(await refusal(openSqliteStore({ path }))).toMatch(/interrupted\/state\.db: .*checksum.*left as it is/);
    expect(readFileSync(path).equals(before[0])).toBe(true);
    expect(readFileSync(`${path}-journal`).equals(before[1])).toBe(true);
    expect(readdirSync(join(path, "..")).filter((name) => name.includes("check"))).toEqual([]);
  });

  it("never gives another state, however the journal is damaged", { timeout: 60_000 }, async () => {
    const { path, content } = await interrupted();
    const database = readFileSync(path);
    const journal = readFileSync(`${path}-journal`);
    const counts = { refused: 0, true: 0 };
    const attempt = async (bytes: Buffer): Promise<void> => {
      writeFileSync(path, database);
      writeFileSync(`${path}-journal`, bytes);
      try {
        const store = await openSqliteStore({ path });
        expect(await contentOf(store)).toBe(content);
        await store.close();
        counts.true += 1;
      } catch (error) {
        if (!(error instanceof StateError)) throw error;
        expect(readFileSync(path).equals(database)).toBe(true);
        counts.refused += 1;
      }
    };
    for (let n = 0; n < 150; n += 1) {
      const flipped = Buffer.from(journal);
      const at = Math.floor((n * journal.length) / 150) + (n % 7);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (n % 8));
      await attempt(flipped);
      await attempt(journal.subarray(0, at));
    }
    // Both outcomes occur; how often depends on the nonce that SQLite puts into every journal.
    expect(counts.refused).toBeGreaterThan(100);
    expect(counts.true).toBeGreaterThan(0);
  });

  it("can be looked at without being undone", async () => {
    const { path } = await interrupted();
    const before = readFileSync(path);
    const report = await inspectSqliteState(path);
    expect(report?.map(({ position }) => position)).toEqual([
      expect.objectContaining({ low: 5, high: 0 }),
      expect.objectContaining({ low: 5, high: 1 }),
      expect.objectContaining({ low: 5, high: 2 }),
    ]);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(join(path, "..")).toSorted()).toEqual(["state.db", "state.db-journal"]);
  });

  it("can be looked at through a link, beside which nothing is made", async () => {
    const { path } = await interrupted();
    const folder = temporaryFolder();
    symlinkSync(path, join(folder, "link.db"));
    expect((await inspectSqliteState(join(folder, "link.db")))?.length).toBe(3);
    expect(readdirSync(folder)).toEqual(["link.db"]);
    expect(readdirSync(join(path, "..")).toSorted()).toEqual(["state.db", "state.db-journal"]);
  });
});

describe("a journal that does not belong to the state", () => {
  it("gives no other state: an old one beside a newer file", async () => {
    const { path } = await interrupted();
    const newer = join(path, "..", "newer");
    mkdirSync(newer);
    const copy = join(newer, "state.db");
    copyFileSync(path, copy);
    copyFileSync(`${path}-journal`, `${copy}-journal`);
    const first = await openSqliteStore({ path: copy });
    const claim = await claimOf(first, "access_logs/T1");
    await claim.state.commit({ remember: [], position: "newer" });
    await claim[Symbol.asyncDispose]();
    const content = await contentOf(first);
    await first.close();
    copyFileSync(`${path}-journal`, `${copy}-journal`);
    let outcome: string;
    try {
      const store = await openSqliteStore({ path: copy });
      outcome = await contentOf(store);
      await store.close();
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      outcome = "refused";
    }
    expect(["refused", content]).toContain(outcome);
  });

  it("is no harm when it is empty or zeroed", async () => {
    const path = join(temporaryFolder(), "state.db");
    const content = await makeSample(path);
    for (const journal of [Buffer.alloc(0), Buffer.alloc(512)]) {
      writeFileSync(`${path}-journal`, journal);
      const store = await openSqliteStore({ path });
      expect(await contentOf(store)).toBe(content);
      await store.close();
    }
    expect(existsSync(`${path}-journal`)).toBe(false);
  });
});
