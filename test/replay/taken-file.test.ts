import { readdirSync, statSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { takeFile } from "../../src/replay/taken-file.ts";
import { temporaryFolder } from "../state/temporary-folder.ts";

const MIB = 1024 * 1024;

test("a crash while lines are given back puts few of them back twice", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "letters.jsonl");
  const lines = `${"x".repeat(1023)}\n`.repeat(8 * 1024);
  await writeFile(file, lines);
  const taken = await takeFile(file);

  const over = new AbortController();
  const giving = taken?.giveBack().finally(() => over.abort());
  const twice: number[] = [];
  while (!over.signal.aborted) {
    // What the next replay would put behind what is there already.
    const settled = readdirSync(folder)
      .find((name) => name.includes(".replaying-"))
      ?.split("-")
      .at(-1);
    const given = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (settled !== undefined && given > 0) twice.push(given - Number(settled));
    await setImmediate();
  }

  expect(await giving).toBe(8 * 1024);
  expect(await readFile(file, "utf8")).toBe(lines);
  expect(await readdir(folder)).toEqual(["letters.jsonl"]);
  expect(twice.length).toBeGreaterThan(0);
  expect(Math.min(...twice)).toBeGreaterThanOrEqual(0);
  // A piece, and one more that was given back between the two looks.
  expect(Math.max(...twice)).toBeLessThanOrEqual(2 * MIB + 4096);
});
