import { readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { appendLines, codeOf, makeFolder } from "../src/durable-file.ts";
import { temporaryFolder } from "./state/temporary-folder.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, "a.jsonl");
});

test("lines are appended to a file that only its owner may read", async () => {
  await appendLines(file, "one\n");
  await appendLines(file, "two\nthree\n");
  expect(await readFile(file, "utf8")).toBe("one\ntwo\nthree\n");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("a torn last line is ended, so that it spoils no other", async () => {
  await writeFile(file, '{"whole":1}\n{"to');
  await appendLines(file, '{"whole":2}\n');
  expect(await readFile(file, "utf8")).toBe('{"whole":1}\n{"to\n{"whole":2}\n');
});

test("a file that is renamed away in mid-write takes no line with it", async () => {
  const lines = Array.from({ length: 40 }, (_, number) => `${number}\n`);
  for (const [number, line] of lines.entries()) {
    await Promise.all([appendLines(file, line), rename(file, `${file}.${number}`).catch(() => undefined)]);
  }
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  expect(names.length).toBeGreaterThan(1);
  expect(new Set(texts.join("").split("\n").filter(Boolean))).toEqual(new Set(lines.map((line) => line.trim())));
});

test("a folder is made with those above it, for its owner alone", async () => {
  const deep = join(folder, "b", "c");
  await makeFolder(deep);
  expect((await stat(deep)).mode & 0o777).toBe(0o700);
});

test("what is in the way is told by the system's own error", async () => {
  await expect(appendLines(join(folder, "nowhere", "a"), "x\n")).rejects.toMatchObject({ code: "ENOENT" });
  expect(codeOf(new Error("x"))).toBe("unknown error");
});
