import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acquireLock } from "../../src/state/lock.ts";
import { refusal } from "./refusal.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const statePath = () => join(temporaryFolder(), "state.db");

test("a lock is one instance's until it is given back, which may be done twice, and the file stays", async () => {
  const path = statePath();
  const release = await acquireLock(path, 0, undefined);
  expect(await refusal(acquireLock(path, 0, undefined))).toContain("another instance is using it");
  release();
  release();
  expect(existsSync(`${path}.lock`)).toBe(true);
  const again = await acquireLock(path, 0, undefined);
  expect(await refusal(acquireLock(path, 0, undefined))).toContain("another instance is using it");
  again();
});

test("whoever waits gets it as soon as it is given back, and is refused after its wait", async () => {
  const path = statePath();
  const release = await acquireLock(path, 0, undefined);
  expect(await refusal(acquireLock(path, 100, undefined))).toContain("another instance");
  const second = acquireLock(path, 60_000, new AbortController().signal);
  release();
  (await second)();
});

test("the signal ends the wait, and is looked at before anything is made", async () => {
  const path = statePath();
  const reason = new Error("stopped");
  await expect(acquireLock(path, 0, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(existsSync(`${path}.lock`)).toBe(false);
  const release = await acquireLock(path, 0, undefined);
  const stop = new AbortController();
  const waiting = acquireLock(path, 60_000, stop.signal);
  setImmediate(() => stop.abort(reason));
  await expect(waiting).rejects.toBe(reason);
  release();
});

test("what stands in the way of the lock file is told with what to do", async () => {
  const path = statePath();
  expect(await refusal(acquireLock(join(path, "state.db"), 0, undefined))).toContain("its folder does not exist");
  writeFileSync(`${path}.lock`, "pid 4711\n".repeat(100));
  expect(await refusal(acquireLock(path, 60_000, undefined))).toMatch(/state\.db\.lock: it is no lock file.*Remove it/);
  const other = statePath();
  mkdirSync(`${other}.lock`);
  expect(await refusal(acquireLock(other, 0, undefined))).toMatch(/state\.db\.lock: it cannot be opened/);
});
