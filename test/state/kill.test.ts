import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { hex } from "./identity.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { stateOf } from "./held.ts";

const CHILD = fileURLToPath(new URL("committing-child.ts", import.meta.url));
const KILLS = 20;

/** Lets the child commit, kills it (or lets it do so) and returns the last commit of each stream it reported. */
async function killed(path: string, point: string | undefined, lines: number): Promise<number[]> {
  const child = spawn(process.execPath, [CHILD, path, ...(point === undefined ? [] : [point])], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const reported = [0, 0];
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [stream = 0, n = 0] = line.split(" ").map(Number);
    reported[stream] = n;
    seen += 1;
    if (point === undefined && seen === lines) child.kill("SIGKILL");
  }
  expect((await exit)[1]).toBe("SIGKILL");
  return reported;
}

/** Each stream has all of its last commit and nothing of a later one, and no reported commit is missing. */
async function expectWhole(path: string, reported: readonly number[]): Promise<void> {
  const store = await openSqliteStore({ path });
  for (const [s, name] of ["a", "b"].entries()) {
    const state = await stateOf(store, name);
    const position = Number(state.position ?? 0);
    const last = reported[s] ?? 0;
    expect(position === last || position === last + 1 || last === 0).toBe(true);
    const remembered = Array.from({ length: 10 * 25 }, (_, i) => (position - 22) * 10 + i).filter((n) => n >= 10);
    const expected = remembered.filter((n) => n < (position + 1) * 10 && Math.floor(n / 10) >= position - 20);
    expect([...(await state.known(remembered.map(hex))).keys()].toSorted()).toEqual(expected.map(hex).toSorted());
  }
  await store.close();
}

describe("a process killed with SIGKILL", () => {
  it(`loses and tears nothing in ${KILLS} kills among commits`, { timeout: 120_000 }, async () => {
    const path = join(temporaryFolder(), "state.db");
    for (let kill = 0; kill < KILLS; kill += 1) {
      await expectWhole(path, await killed(path, undefined, 1 + ((kill * 7) % 23)));
    }
  });

  it.each(["store-created", "position-begun", "position-written", "position-committed"])(
    "at %s goes on with the next start",
    { timeout: 30_000 },
    async (point) => {
      const path = join(temporaryFolder(), "state.db");
      await expectWhole(path, await killed(path, point, 0));
      expect(readdirSync(join(path, "..")).toSorted()).toEqual(["state.db", "state.db.lock"]);
    },
  );
});
