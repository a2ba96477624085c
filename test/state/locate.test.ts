import { existsSync, mkdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { locate } from "../../src/state/locate.ts";
import { refusal } from "./refusal.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folderOf = () => realpathSync(temporaryFolder());

test("a state is where its path says, there or not", async () => {
  const path = join(folderOf(), "state.db");
  expect(await locate(path)).toEqual({ path, exists: false });
  writeFileSync(path, "");
  expect(await locate(path)).toEqual({ path, exists: true });
  writeFileSync(`${path}-journal`, "hot");
  expect(await locate(path)).toEqual({ path, exists: true });
});

test("the last folder is made, for its owner alone, and no more than that", async () => {
  const folder = folderOf();
  const path = join(folder, "new", "state.db");
  expect(await locate(path)).toEqual({ path, exists: false });
  expect(statSync(join(folder, "new")).mode & 0o777).toBe(0o700);
  expect(await refusal(locate(join(folder, "a", "b", "state.db")))).toMatch(/b\/state\.db: its folder does not exist/);
  expect(existsSync(join(folder, "a"))).toBe(false);
});

test("two names of one state are one path, be it there or not", async () => {
  const folder = folderOf();
  const path = join(folder, "real", "state.db");
  mkdirSync(join(folder, "real"));
  symlinkSync(join(folder, "real"), join(folder, "linked"));
  expect(await locate(join(folder, "linked", "state.db"))).toEqual({ path, exists: false });
  writeFileSync(path, "");
  symlinkSync(path, join(folder, "link.db"));
  expect(await locate(join(folder, "linked", "state.db"))).toEqual({ path, exists: true });
  expect(await locate(join(folder, "link.db"))).toEqual({ path, exists: true });
});

test("a link to nothing, and a journal without its file, are not taken for a first run", async () => {
  const folder = folderOf();
  symlinkSync(join(folder, "gone.db"), join(folder, "link.db"));
  expect(await refusal(locate(join(folder, "link.db")))).toMatch(
    /link\.db: it is a link to a file that does not exist/,
  );
  symlinkSync(join(folder, "round.db"), join(folder, "round.db"));
  expect(await refusal(locate(join(folder, "round.db")))).toContain("the file system failed (ELOOP)");
  writeFileSync(join(folder, "state.db-journal"), "");
  expect(await locate(join(folder, "state.db"))).toMatchObject({ exists: false });
  writeFileSync(join(folder, "state.db-journal"), "hot");
  expect(await refusal(locate(join(folder, "state.db")))).toMatch(/state\.db: the file is gone, but its journal/);
});

test("a file where the folder should be is told", async () => {
  const folder = folderOf();
  writeFileSync(join(folder, "file"), "");
  expect(await refusal(locate(join(folder, "file", "state.db")))).toContain("its folder does not exist (ENOTDIR)");
});
