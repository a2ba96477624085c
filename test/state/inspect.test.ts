import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { inspectSqliteState, readSqliteNote } from "../../src/state/inspect.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { identity } from "./identity.ts";
import { refusal } from "./refusal.ts";
import { makeSample } from "./sample.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { stateOf } from "./held.ts";

describe("inspectSqliteState", () => {
  it("[P6] says that there is no state, and makes none", async () => {
    const folder = temporaryFolder();
    expect(await inspectSqliteState(join(folder, "state.db"))).toBeUndefined();
    expect(await inspectSqliteState(join(folder, "none", "state.db"))).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("[P12] reads beside a running instance what that one committed", async () => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path, recentAtMost: 3 });
    const first = await stateOf(store, "access_logs/T1");
    await stateOf(store, "audit_logs/E1");
    await first.commit({ remember: [identity(1), identity(2), identity(3)], position: { low: 1 } });
    await first.commit({ remember: [identity(4)], report: { pages: 1 } });
    expect(await inspectSqliteState(path)).toEqual([
      { name: "access_logs/T1", position: { low: 1 }, report: { pages: 1 }, identities: 4 },
      { name: "audit_logs/E1", position: undefined, report: undefined, identities: 0 },
    ]);
    await first.commit({ remember: [], position: { low: 2 } });
    expect((await inspectSqliteState(path))?.[0]?.position).toEqual({ low: 2 });
    await store.close();
  });

  it("reads a note beside a running instance, and none where there is none", async () => {
    const path = join(temporaryFolder(), "state.db");
    expect(await readSqliteNote(path, "token")).toBeUndefined();
    const store = await openSqliteStore({ path });
    await store.notes.write("quota", "another");
    expect(await readSqliteNote(path, "token")).toBeUndefined();
    await store.notes.write("token", 'any "text"\u0000');
    expect(await readSqliteNote(path, "token")).toBe('any "text"\u0000');
    await store.close();
  });

  it.each([
    ["an empty file", "", /it is empty/],
    ["another file", "no database, but a text of some length\n".repeat(20), /not an SQLite database/],
  ])("refuses %s", async (_, text, message) => {
    const path = join(temporaryFolder(), "state.db");
    writeFileSync(path, text);
    expect(await refusal(inspectSqliteState(path))).toMatch(message);
  });

  it.each([
    ["a position whose checksum does not fit", "UPDATE streams SET position = '1'", /checksum/],
    ["a newer state", "PRAGMA user_version = 7", /newer version/],
    ["a state of another program", "PRAGMA application_id = 7", /not one of this program/],
  ])("refuses %s", async (_, sql, message) => {
    const path = join(temporaryFolder(), "state.db");
    await makeSample(path);
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    expect(await refusal(inspectSqliteState(path))).toMatch(message);
  });
});
