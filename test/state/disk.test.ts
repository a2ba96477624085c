import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { StateError } from "../../src/model.ts";
import { probeSqliteState } from "../../src/state/probe.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { hex, identity } from "./identity.ts";
import { refusal } from "./refusal.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { stateOf } from "./held.ts";

const CHILD = fileURLToPath(new URL("opening-child.ts", import.meta.url));
const IS_ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;

describe("a full disk", () => {
  const page = (from: number) => Array.from({ length: 500 }, (_, i) => identity(from * 500 + i));

  it("stops the stream with the old state in place, and everything after it", async () => {
    const path = join(temporaryFolder(), "state.db");
    const store = await openSqliteStore({ path, maxPages: 60 });
    const [state, other] = [await stateOf(store, "a"), await stateOf(store, "b")];
    let position = 0;
    const fill = async (): Promise<never> => {
      for (;;) {
        await state.commit({ remember: page(position + 1), position: position + 1 });
        position += 1;
      }
    };
    expect(await refusal(fill())).toMatch(/state\.db: the disk is full \(SQLite code 13\)\. Make room/);
    expect(position).toBeGreaterThan(0);
    expect(state.position).toBe(position);
    await expect(other.commit({ remember: [], position: 1 })).rejects.toThrow(StateError);
    await expect(other.known([])).rejects.toThrow("the disk is full");
    await store.close();

    const roomier = await openSqliteStore({ path });
    const again = await stateOf(roomier, "a");
    expect(again.position).toBe(position);
    expect((await again.known([hex(position * 500), hex((position + 1) * 500)])).size).toBe(1);
    await again.commit({ remember: page(position + 1), position: position + 1 });
    await roomier.close();
  });

  it("[P8] is found at the start, before anything is sent", async () => {
    const path = join(temporaryFolder(), "state.db");
    await (await openSqliteStore({ path })).close();
    const pages = statSync(path).size / 4096;
    // What the probe needs is free within the file, and so it passes: a commit would, too.
    await (await openSqliteStore({ path, maxPages: pages })).close();
    const store = await openSqliteStore({ path, recentAtMost: 1 });
    await (await stateOf(store, "a")).commit({ remember: page(0), position: 1 });
    await store.close();
    expect(await refusal(openSqliteStore({ path, maxPages: 1 }))).toContain("the disk is full");
  });

  it("is found on a volume too small for a state, of which nothing is left behind", async (context) => {
    for (const size of ["16k", "64k"]) {
      const folder = smallVolume(context, size);
      expect(await refusal(openSqliteStore({ path: join(folder, "state.db") }))).toContain("the disk is full");
      expect(readdirSync(folder)).not.toContain("state.db.new");
    }
  });

  it("is not taken for one where the volume has no size", async (context) => {
    const path = join(smallVolume(context, "0"), "state.db");
    await (await openSqliteStore({ path })).close();
    const store = await openSqliteStore({ path });
    expect(store.isNew).toBe(false);
    await store.close();
  });

  it("is found again by every start until there is room, and then the state is as it was", async (context) => {
    const folder = smallVolume(context, "2m");
    const path = join(folder, "state.db");
    const store = await openSqliteStore({ path });
    await (await stateOf(store, "a")).commit({ remember: page(0), position: 1 });
    await store.close();
    fillUp(join(folder, "other"));
    const bytes = readFileSync(path);
    for (let start = 0; start < 3; start += 1) {
      expect(await refusal(openSqliteStore({ path }))).toMatch(/the disk is full/);
    }
    const { signal } = new AbortController();
    expect(await refusal(probeSqliteState(path, signal))).toMatch(/the disk is full/);
    expect(await refusal(probeSqliteState(join(folder, "new.db"), signal))).toMatch(/the disk is full/);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual(["other", "state.db", "state.db.lock"]);
    rmSync(join(folder, "other"));
    expect(await probeSqliteState(path, signal)).toMatchObject({ kind: "ready" });
    const roomier = await openSqliteStore({ path });
    expect((await stateOf(roomier, "a")).position).toBe(1);
    await roomier.close();
  });

  it("is found where there is room, and not for the name of one more file", async (context) => {
    const folder = smallVolume(context, "2m,nr_inodes=8");
    const path = join(folder, "state.db");
    await (await openSqliteStore({ path })).close();
    const { signal } = new AbortController();
    expect(await probeSqliteState(path, signal)).toMatchObject({ kind: "ready" });
    for (let free = statfsSync(folder).ffree; free > 0; free -= 1) writeFileSync(join(folder, `other-${free}`), "");
    expect(await refusal(probeSqliteState(path, signal))).toMatch(/the disk is full/);
    expect(await refusal(openSqliteStore({ path }))).toMatch(/state\.db: it cannot be opened/);
  });

  it("is found where a commit could be made, and not one of every page", async (context) => {
    const folder = smallVolume(context, "2m");
    const path = join(folder, "state.db");
    const store = await openSqliteStore({ path, recentAtMost: 1 });
    await (await stateOf(store, "a")).commit({ remember: Array.from({ length: 6000 }, (_, n) => identity(n)) });
    await store.close();
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(join(folder, "other"), Buffer.alloc(bavail * bsize - statSync(path).size - 200_000));
    expect(await refusal(openSqliteStore({ path }))).toMatch(
      /the disk is full, or nearly: one commit may need \d+ KiB/,
    );
    const { signal } = new AbortController();
    expect(await refusal(probeSqliteState(path, signal))).toMatch(/the disk is full, or nearly/);
    truncateSync(join(folder, "other"));
    expect(await probeSqliteState(path, signal)).toMatchObject({ kind: "ready" });
  });

  it("[P8] is found in the middle of a run", async (context) => {
    const folder = smallVolume(context, "2m");
    const path = join(folder, "state.db");
    const store = await openSqliteStore({ path });
    const state = await stateOf(store, "a");
    await state.commit({ remember: page(0), position: 1 });
    fillUp(join(folder, "other"));
    expect(await refusal(state.commit({ remember: page(1), position: 2 }))).toContain("the disk is full");
    await store.close();
    rmSync(join(folder, "other"));
    const roomier = await openSqliteStore({ path });
    const again = await stateOf(roomier, "a");
    expect(again.position).toBe(1);
    expect((await again.known([hex(499), hex(500)])).size).toBe(1);
    await roomier.close();
  });
});

describe("a disk that fails", () => {
  it("ends the run with what to check, and the last good state in place", async () => {
    const path = join(temporaryFolder(), "state.db");
    // No file may grow beyond 400 KiB: writes beyond give EFBIG, an I/O error to SQLite.
    const { stdout } = await promisify(execFile)("sh", [
      "-c",
      'ulimit -f 800; exec "$@"',
      "sh",
      process.execPath,
      CHILD,
      path,
      "20",
    ]);
    expect(stdout).toMatch(
      /^committed \d+, then StateError: State file .*state\.db: reading or writing failed.*Check the disk/,
    );
    const committed = Number(/\d+/.exec(stdout)?.[0]);
    const store = await openSqliteStore({ path });
    expect((await stateOf(store, "access_logs/T1")).position).toEqual({ page: committed - 1 });
    await store.close();
  });
});

describe("a state that may not be written", () => {
  it("[P9] is refused on a read-only volume", async (context) => {
    const folder = smallVolume(context, "2m");
    const path = join(folder, "state.db");
    await (await openSqliteStore({ path })).close();
    execFileSync("mount", ["-o", "remount,ro", folder]);
    expect(await refusal(openSqliteStore({ path }))).toMatch(/state\.db: the volume is read-only.*mounted for writing/);
    expect(await refusal(openSqliteStore({ path: join(folder, "new.db") }))).toMatch(
      /new\.db: the volume is read-only/,
    );
    const { signal } = new AbortController();
    expect(await refusal(probeSqliteState(path, signal))).toMatch(/state\.db: the volume is read-only/);
    expect(await refusal(probeSqliteState(join(folder, "new.db"), signal))).toMatch(/new\.db: the volume is read-only/);
  });

  it.for([
    ["the file", ""],
    ["its lock", ".lock"],
  ])("is refused when %s alone is mounted for reading", async ([, suffix], context) => {
    const path = join(temporaryFolder(), "state.db");
    await (await openSqliteStore({ path })).close();
    mountForReading(context, `${path}${suffix}`);
    const bytes = readFileSync(path);
    expect(await refusal(openSqliteStore({ path }))).toMatch(/state\.db: .*read-only.*mounted for writing/);
    const { signal } = new AbortController();
    expect(await refusal(probeSqliteState(path, signal))).toMatch(/state\.db: .*read-only.*mounted for writing/);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it("is refused when the file is read-only", async (context) => {
    const { path, open } = await asNobody(context);
    chmodSync(path, 0o400);
    const bytes = readFileSync(path);
    expect(await open()).toMatch(
      /^nothing, then StateError: State file .*state\.db: it, or its folder, is read-only.*must own the file/,
    );
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it("is refused when the file may not be read", async (context) => {
    const { path, open } = await asNobody(context);
    chmodSync(path, 0o000);
    expect(await open()).toMatch(/^nothing, then StateError: State file .*state\.db: no permission \(EACCES\)/);
  });

  it("[P9] is refused when nothing may be made in the folder", async (context) => {
    const { path, open } = await asNobody(context);
    chmodSync(join(path, ".."), 0o500);
    expect(await open()).toMatch(/^nothing, then StateError: State file .*state\.db: it, or its folder, is read-only/);
    rmSync(`${path}.lock`);
    expect(await open()).toMatch(/^nothing, then StateError: State file .*state\.db: no permission \(EACCES\)/);
  });

  it("is refused when the lock may not be taken", async (context) => {
    const { path, open } = await asNobody(context);
    chmodSync(`${path}.lock`, 0o400);
    expect(await open()).toMatch(/^nothing, then StateError: State file .*state\.db: no permission \(EACCES\)/);
  });

  it("is refused when the folder may not be entered", async (context) => {
    const { path, open } = await asNobody(context);
    chmodSync(join(path, ".."), 0o000);
    expect(await open()).toMatch(/^nothing, then StateError: State file .*state\.db: no permission \(EACCES\)/);
  });

  it("is opened by whoever owns it", async (context) => {
    const { open } = await asNobody(context);
    expect(await open()).toBe("committed 1\n");
  });
});

/** A volume of its own, which only root can mount. */
function smallVolume(context: TestContext, size: string): string {
  if (!IS_ROOT) skip(context, "only root can mount a small volume");
  const folder = temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "pipe" });
  } catch {
    skip(context, "this machine lets no one mount a small volume");
  }
  onTestFinished(() => {
    execFileSync("umount", ["-l", folder]);
  });
  return folder;
}

function mountForReading(context: TestContext, path: string): void {
  if (!IS_ROOT) skip(context, "only root can mount a file for reading");
  try {
    execFileSync("mount", ["--bind", path, path], { stdio: "pipe" });
  } catch {
    skip(context, "this machine lets no one mount a file for reading");
  }
  onTestFinished(() => {
    execFileSync("umount", ["-l", path]);
  });
  execFileSync("mount", ["-o", "remount,bind,ro", path]);
}

/** Says why on every reporter. */
function skip(context: TestContext, reason: string): never {
  console.info(`skipped: ${context.task.name}: ${reason}`);
  return context.skip(reason);
}

function fillUp(path: string): void {
  for (const bytes of [65_536, 4096]) {
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
      } catch {
        break;
      }
    }
  }
}

/** A state owned by a user without rights of its own, and how that user fares with it. Root would ignore all modes. */
async function asNobody(context: TestContext): Promise<{ path: string; open: () => Promise<string> }> {
  if (process.getuid === undefined) skip(context, "this system has no file modes");
  const parent = temporaryFolder();
  chmodSync(parent, 0o755);
  const folder = join(parent, "state");
  mkdirSync(folder, { mode: 0o700 });
  const path = join(folder, "state.db");
  await (await openSqliteStore({ path })).close();
  if (IS_ROOT) for (const file of [folder, path, `${path}.lock`]) chownSync(file, NOBODY, NOBODY);
  onTestFinished(() => chmodSync(folder, 0o700));
  const options = IS_ROOT ? { uid: NOBODY, gid: NOBODY } : {};
  return {
    path,
    open: async () => (await promisify(execFile)(process.execPath, [CHILD, path], options)).stdout,
  };
}
