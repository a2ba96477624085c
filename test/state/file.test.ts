import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createPrivately, hasCode, hasHotJournal, removeDatabase, syncFolder } from "../../src/state/file.ts";
import { temporaryFolder } from "./temporary-folder.ts";

test("an error is known by any of the codes asked for", () => {
  const error = Object.assign(new Error("no"), { code: "ENOENT" });
  expect(hasCode(error, "EEXIST", "ENOENT")).toBe(true);
  expect(hasCode(error, "EEXIST")).toBe(false);
  expect([hasCode(new Error("no"), "undefined"), hasCode({ code: "ENOENT" }, "ENOENT")]).toEqual([false, false]);
});

test("a file is made for its owner alone; one that is there is left as it is", async () => {
  const path = join(temporaryFolder(), "file");
  await createPrivately(path);
  expect([statSync(path).mode & 0o777, statSync(path).size]).toEqual([0o600, 0]);
  writeFileSync(path, "kept");
  await createPrivately(path);
  expect(readFileSync(path, "utf8")).toBe("kept");
  await expect(createPrivately(join(path, "below a file"))).rejects.toThrow("ENOTDIR");
});

test("a folder that cannot be synced is taken as it is, one that is not there is not", async () => {
  const folder = temporaryFolder();
  await syncFolder(folder);
  // Refuses to be synced with EINVAL, as some network file systems do.
  await syncFolder("/proc");
  await expect(syncFolder(join(folder, "none"))).rejects.toThrow("ENOENT");
});

test("a journal is hot when its first byte is there and not zero", async () => {
  const path = join(temporaryFolder(), "state.db");
  expect(await hasHotJournal(path)).toBe(false);
  for (const [bytes, isHot] of [
    [[], false],
    [[0, 1], false],
    [[0xd9], true],
    [[0xd9, 0], true],
  ] as const) {
    writeFileSync(`${path}-journal`, Uint8Array.from(bytes));
    expect(await hasHotJournal(path)).toBe(isHot);
  }
  mkdirSync(join(path, ".."), { recursive: true });
  mkdirSync(`${path}2-journal`);
  await expect(hasHotJournal(`${path}2`)).rejects.toThrow("EISDIR");
});

test("a database is removed with its journal, whichever of them is there", async () => {
  const path = join(temporaryFolder(), "state.db");
  for (const made of [[], [path], [`${path}-journal`], [path, `${path}-journal`]]) {
    for (const file of made) writeFileSync(file, "");
    await removeDatabase(path);
    expect([existsSync(path), existsSync(`${path}-journal`)]).toEqual([false, false]);
  }
});
