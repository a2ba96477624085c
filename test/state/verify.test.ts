import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { readStreams } from "../../src/state/content.ts";
import { identityChecksum, receiptChecksum, receiptText, streamSetSum } from "../../src/state/rows.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { insertStream } from "../../src/state/streams.ts";
import { verify } from "../../src/state/verify.ts";
import { stateOf } from "./held.ts";
import { hex, identity } from "./identity.ts";
import { refusal } from "./refusal.ts";
import { makeSample } from "./sample.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function sample(): Promise<string> {
  const path = join(temporaryFolder(), "state.db");
  await makeSample(path);
  return path;
}

/** The state must be refused, and left exactly as it was, with nothing new beside it but the lock. */
async function expectRefused(path: string): Promise<string> {
  const bytes = statSync(path).isFile() ? readFileSync(path) : undefined;
  const before = readdirSync(join(path, ".."));
  const message = await refusal(openSqliteStore({ path }));
  expect(message).toContain(path);
  expect(message).toContain("It was left as it is.");
  if (bytes !== undefined) expect(readFileSync(path).equals(bytes)).toBe(true);
  expect(new Set(readdirSync(join(path, "..")))).toEqual(new Set([...before, "state.db.lock"]));
  return message;
}

describe("openSqliteStore refuses", () => {
  it.each<[string, string, RegExp]>([
    ["an empty file", "", /it is empty.*move it and .*state\.db-journal aside.*"start".*backfill/],
    ["a text file", "positions: none\n".repeat(50), /not an SQLite database.*move it/],
    ["one byte", "S", /not an SQLite database/],
    ["the magic words alone", "SQLite format 3\0", /not one of this program/],
  ])("[P3] %s", async (_, text, message) => {
    const path = join(temporaryFolder(), "state.db");
    writeFileSync(path, text);
    expect(await expectRefused(path)).toMatch(message);
  });

  it("a folder", async () => {
    const path = join(temporaryFolder(), "state.db");
    mkdirSync(path);
    expect(await expectRefused(path)).toMatch(/it is a folder.*path of a file/);
  });

  it("what is no regular file", async () => {
    expect(await refusal(verify("/dev/null", undefined))).toContain("not a regular file");
  });

  it.each([
    [
      "another program's database",
      "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
      /not one of this program.*another path/,
    ],
    ["a database without tables", "PRAGMA user_version = 1", /not one of this program/],
  ])("%s", async (_, sql, message) => {
    const path = join(temporaryFolder(), "state.db");
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    expect(await expectRefused(path)).toMatch(message);
  });

  it.each([
    [
      "a newer schema",
      "PRAGMA user_version = 3",
      /newer version of this program \(schema 3, this one knows 2\).*newer one/,
    ],
    ["an older schema than there ever was", "PRAGMA user_version = 0", /schema version is 0/],
    ["an older schema than its tables are of", "PRAGMA user_version = 1", /tables are not those/],
    ["a table too many", "CREATE TABLE t (a)", /tables are not those/],
    ["a table too few", "DROP TABLE receipts", /tables are not those/],
    ["WAL mode", "PRAGMA journal_mode = WAL", /WAL mode/],
    ["a position that somebody edited", "UPDATE streams SET position = '{}' WHERE id = 1", /checksum of a stream's/],
    [
      "two positions that somebody swapped",
      "UPDATE streams SET id = id + 7; UPDATE streams SET id = 11 - id",
      /checksum of a stream's/,
    ],
    ["a generation put back", "UPDATE streams SET generation = 1 WHERE id = 2", /checksum of a stream's/],
    ["a stream's row that vanished", "DELETE FROM streams WHERE id = 3", /a stream is missing/],
    ["all streams' rows gone", "DELETE FROM streams", /a stream is missing/],
    ["its meta row gone", "DELETE FROM meta", /a stream is missing/],
    ["a report that somebody edited", "UPDATE streams SET report = '{}' WHERE id = 1", /checksum of a stream's/],
    ["a note that somebody edited", "UPDATE notes SET text = '\"\"' WHERE name = 'token'", /checksum of a note/],
    ["a note that vanished", "DELETE FROM notes WHERE name = 'quota'", /a note is missing/],
    ["all notes gone", "DELETE FROM notes", /a note is missing/],
    ["a receipt that vanished", "DELETE FROM receipts WHERE id = (SELECT max(id) FROM receipts)", /receipt is missing/],
    ["a receipt of nobody", "UPDATE receipts SET stream = 9", /checksum of a receipt/],
    ["a mark that changed", "UPDATE ledger SET mark = mark + 1", /checksum of a delivered entry/],
    ["an identity that vanished", "DELETE FROM ledger WHERE key = (SELECT max(key) FROM ledger)", /entry is missing/],
    ["all identities gone", "DELETE FROM ledger", /entry is missing/],
    ["identities of nobody", "UPDATE ledger SET stream = stream + 9", /checksum of a delivered entry/],
  ])("%s", async (_, sql, message) => {
    const path = await sample();
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    expect(await expectRefused(path)).toMatch(message);
  });

  it.each<[string, (database: DatabaseSync) => void, RegExp]>([
    [
      "a stream that is there twice",
      (database) => {
        const rows = readStreams(database, "state.db");
        const twins = rows.slice(-1).map((row) => ({ ...row, id: row.id + 1, recent: 0, moved: 0 }));
        twins.forEach(insertStream(database));
        database.prepare("UPDATE meta SET streams = ?").run(streamSetSum([...rows, ...twins]));
      },
      /a stream is there twice/,
    ],
    [
      "identities moved to the table of a stream that is not there",
      (database) => {
        const checksum = identityChecksum(9, identity(1, { mark: 5000 }));
        database.prepare("INSERT INTO ledger VALUES (9, unhex(?), x'', NULL, NULL, 5000, ?)").run(hex(1), checksum);
      },
      /a delivered entry is missing/,
    ],
    [
      "receipts of a stream that is not there",
      (database) => {
        const text = receiptText([identity(1)]);
        const insert = database.prepare("INSERT INTO receipts (stream, identities, checksum) VALUES (9, ?, ?)");
        insert.run(text, receiptChecksum(9, text));
      },
      /a receipt is missing/,
    ],
    [
      "a receipt too many",
      (database) => {
        const text = receiptText([identity(1)]);
        const insert = database.prepare("INSERT INTO receipts (stream, identities, checksum) VALUES (1, ?, ?)");
        insert.run(text, receiptChecksum(1, text));
      },
      /a receipt is missing/,
    ],
  ])("%s, each row with the checksum that fits", async (_, change, message) => {
    const path = await sample();
    const database = new DatabaseSync(path);
    change(database);
    database.close();
    expect(await expectRefused(path)).toMatch(message);
  });

  it("a state that is longer than it says", async () => {
    const path = await sample();
    writeFileSync(path, Buffer.alloc(4096), { flag: "a" });
    expect(await expectRefused(path)).toMatch(/has \d+ bytes where its header says \d+/);
  });
});

describe("the check of a large state", () => {
  it("ends when it is told to, with the signal's reason", async () => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path, recentAtMost: 1 });
    const remember = Array.from({ length: 20_000 }, (_, n) => identity(n));
    await (await stateOf(store, "s")).commit({ remember });
    await store.close();
    const reason = new Error("stopped");
    await expect(verify(path, AbortSignal.abort(reason))).rejects.toBe(reason);
    await verify(path, new AbortController().signal);
  });
});
