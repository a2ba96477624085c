import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { inspectSqliteState } from "../../src/state/inspect.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { claimOf, stateOf } from "./held.ts";
import { identity } from "./identity.ts";
import { refusal } from "./refusal.ts";
import { contentOf } from "./sample.ts";
import { copyTo } from "./sqlite-harness.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Written by the first version of this program; its digest is what that version read out of it, without reports and notes. */
const FIXTURE = fileURLToPath(new URL("version-1.sqlite", import.meta.url));
const CONTENT = "35c3c33363beb608f983f49c5fa130a8a83ff42304e624b603d41d7b2160fad4";

function versionOf(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare("PRAGMA user_version").get()?.["user_version"];
  } finally {
    database.close();
  }
}

function fixture(): string {
  const path = join(temporaryFolder(), "state.db");
  copyFileSync(FIXTURE, path);
  return path;
}

describe("a state of version 1", () => {
  it("is read on from as it was, and is one of this version from then on", async () => {
    const path = fixture();
    const store = await openSqliteStore({ path });
    expect(store.isNew).toBe(false);
    expect(await contentOf(store, 1)).toBe(CONTENT);
    const claim = await claimOf(store, "access_logs/T1");
    expect(claim.state.report).toBeUndefined();
    await claim.state.commit({ remember: [identity(7)], report: { now: 1 } });
    await store.notes.write("token", "t");
    await store.close();
    expect(versionOf(path)).toBe(2);
    const again = await openSqliteStore({ path });
    expect((await stateOf(again, "access_logs/T1")).report).toEqual({ now: 1 });
    expect((await stateOf(again, "access_logs/T2")).position).toBeUndefined();
    await again.close();
  });

  it("[P7] is as it was after a crash in the middle, and is migrated by the next start", async () => {
    const path = fixture();
    let crashed = "";
    const crash = (point: string): void => {
      if (point !== "migration-written") return;
      crashed = copyTo(path, join(path, "..", "crashed"));
      throw new Error("crash");
    };
    await expect(openSqliteStore({ path, reached: crash })).rejects.toThrow("crash");
    expect(versionOf(path)).toBe(1);
    const store = await openSqliteStore({ path: crashed });
    expect(await contentOf(store, 1)).toBe(CONTENT);
    await store.close();
    expect(versionOf(crashed)).toBe(2);
  });

  it("is read as it is by who only looks", async () => {
    const path = fixture();
    const bytes = readFileSync(path);
    const streams = await inspectSqliteState(path);
    expect(streams?.map(({ name, report, identities }) => [name, report, identities])).toEqual([
      ["access_logs/T1", undefined, 60],
      ["integration_logs/T1", undefined, 48],
      ["audit_logs/E1", undefined, 36],
    ]);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it.each([
    ["an edited position", "UPDATE streams SET position = '{}' WHERE id = 1", /checksum of a stream's/],
    ["a stream that vanished", "DELETE FROM streams WHERE id = 2", /a stream is missing/],
    ["an identity that vanished", "DELETE FROM ledger WHERE key = (SELECT max(key) FROM ledger)", /entry is missing/],
    ["a version that it is not of", "PRAGMA user_version = 2", /tables are not those/],
  ])("with %s is refused, and not migrated", async (_, sql, message) => {
    const path = fixture();
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    const bytes = readFileSync(path);
    expect(await refusal(openSqliteStore({ path }))).toMatch(message);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it("with one of 60 bits flipped is refused, or gives what it was", async () => {
    const path = fixture();
    const bytes = readFileSync(path);
    let refused = 0;
    for (let n = 0; n < 60; n += 1) {
      const flipped = Buffer.from(bytes);
      const at = Math.floor((n * bytes.length) / 60) + (n % 11);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (n % 8));
      writeFileSync(path, flipped);
      const store = await openSqliteStore({ path }).catch(() => undefined);
      if (store === undefined) refused += 1;
      else expect(await contentOf(store, 1)).toBe(CONTENT);
      await store?.close();
    }
    expect(refused).toBeGreaterThan(6);
  });
});
