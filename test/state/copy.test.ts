import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { copyState } from "../../src/state/copy.ts";
import { inspectState, openState, type OpenStateOptions, type StateChoice } from "../../src/state/index.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { stateOf } from "./held.ts";
import { hex, identity } from "./identity.ts";
import { refusal } from "./refusal.ts";
import { contentOf, makeSample } from "./sample.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const options = (): OpenStateOptions => ({
  clock: systemClock,
  log: () => undefined,
  once: false,
  signal: new AbortController().signal,
});
const at = (path: string): StateChoice => ({ name: "sqlite", settings: { path } });

describe("copyState", () => {
  it("copies everything that can be seen, and leaves the first as it was", async () => {
    const folder = temporaryFolder();
    const [from, to] = [join(folder, "old.db"), join(folder, "new.db")];
    const content = await makeSample(from);
    const report = await copyState(at(from), at(to), options());
    expect(report).toEqual({ streams: 3, identities: 144, notes: 2 });
    const store = await openState(at(to), options());
    expect(await contentOf(store)).toBe(content);
    // What the first was told to forget is not remembered by the copy either.
    const state = await stateOf(store, "access_logs/T1");
    await state.commit({ remember: [identity(1, { mark: 1000 }), identity(2, { mark: 1001 })] });
    expect([...(await state.known([hex(1), hex(2)])).keys()]).toEqual([hex(2)]);
    await store.close();
    const again = await openSqliteStore({ path: from });
    expect(await contentOf(again)).toBe(content);
    await again.close();
  });

  it("copies a ledger of many pages, whichever table holds it", async () => {
    const folder = temporaryFolder();
    const [from, to] = [join(folder, "old.db"), join(folder, "new.db")];
    const store = await openSqliteStore({ path: from, recentAtMost: 3_000 });
    const state = await stateOf(store, "s");
    for (let page = 0; page < 13; page += 1) {
      // Three versions of each key, so that some are parted by the end of a page.
      const remember = Array.from({ length: 1_000 }, (_, index) => {
        const n = page * 1_000 + index;
        return identity(Math.floor((n + 1) / 3), { version: n % 3 === 0 ? "" : hex(n % 3), mark: page });
      });
      await state.commit({ remember, position: page, forgetBelow: 1 });
    }
    await store.close();
    expect(await copyState(at(from), at(to), options())).toEqual({ streams: 1, identities: 12_000, notes: 0 });
    const copy = await openState(at(to), options());
    const known = await (await stateOf(copy, "s")).known([hex(0), hex(332), hex(334), hex(4_332)]);
    expect([...known].map(([key, versions]) => [key, versions.length])).toEqual([
      [hex(334), 3],
      [hex(4_332), 3],
    ]);
    await copy.close();
  });

  it("leaves out what is forgotten, though it is still in the file", async () => {
    const folder = temporaryFolder();
    const [from, to] = [join(folder, "old.db"), join(folder, "new.db")];
    const store = await openSqliteStore({ path: from });
    const state = await stateOf(store, "s");
    await state.commit({ remember: [identity(1, { mark: 1 }), identity(2, { mark: 2 })] });
    await state.commit({ remember: [], forgetBelow: 2 });
    await store.close();
    expect(await copyState(at(from), at(to), options())).toEqual({ streams: 1, identities: 1, notes: 0 });
  });

  it("refuses a target that is not empty, and one that is in use", async () => {
    const folder = temporaryFolder();
    const [from, to] = [join(folder, "old.db"), join(folder, "new.db")];
    await makeSample(from);
    await makeSample(to);
    expect(await refusal(copyState(at(from), at(to), options()))).toMatch(/not empty \(3 streams\)\. It was left/);
    const untouched = await openSqliteStore({ path: to });
    expect(await untouched.notes.read("copy")).toBeUndefined();
    expect(await untouched.notes.read("token")).toContain("token: ");
    expect(await refusal(copyState(at(from), at(to), options()))).toMatch(/a program is using it\. Stop/);
    await untouched.close();
  });

  it("refuses a target that holds a stream alone, or a note alone: it may be a rotated token", async () => {
    const folder = temporaryFolder();
    const [from, stream, note] = [join(folder, "old.db"), join(folder, "stream.db"), join(folder, "note.db")];
    await makeSample(from);
    const withStream = await openSqliteStore({ path: stream });
    await stateOf(withStream, "access_logs/T1");
    await withStream.close();
    const withNote = await openSqliteStore({ path: note });
    await withNote.notes.write("token", "t");
    await withNote.close();
    expect(await refusal(copyState(at(from), at(stream), options()))).toMatch(/not empty \(1 streams\)/);
    expect(await refusal(copyState(at(from), at(note), options()))).toMatch(/not empty \(0 streams\)/);
  });

  it("that breaks off at its end is not whole, a copy of a copy neither", async () => {
    const folder = temporaryFolder();
    const [from, copy, again] = [join(folder, "old.db"), join(folder, "copy.db"), join(folder, "again.db")];
    const content = await makeSample(from);
    const report = await copyState(at(from), at(copy), options());
    const last = () => Promise.reject(new Error("broken off"));
    await expect(copyState(at(copy), at(again), options(), last)).rejects.toThrow("broken off");
    expect(await refusal(openState(at(again), options()))).toMatch(/a copy into it was broken off/);
    expect(await copyState(at(copy), at(again), options())).toEqual(report);
    const store = await openState(at(again), options());
    expect(await contentOf(store)).toBe(content);
    await store.close();
  });

  it("refuses a source that is not there, and makes no target for it", async () => {
    const folder = temporaryFolder();
    expect(await refusal(copyState(at(join(folder, "no.db")), at(join(folder, "new.db")), options()))).toMatch(
      /no state at .*no\.db: nothing to copy/,
    );
    expect(await inspectState(at(join(folder, "new.db")))).toBeUndefined();
  });

  it("that was broken off is not run with, and is gone on with by the same command", async () => {
    const folder = temporaryFolder();
    const [from, to] = [join(folder, "old.db"), join(folder, "new.db")];
    await makeSample(from);
    const broken = await openSqliteStore({ path: to });
    await broken.notes.write("copy", "unfinished");
    await (await stateOf(broken, "access_logs/T1")).commit({ remember: [identity(0)], position: 7 });
    await broken.close();
    expect(await refusal(openState(at(to), options()))).toMatch(/a copy into it was broken off\. Run the same/);
    await copyState(at(from), at(to), options());
    const store = await openState(at(to), options());
    const { position } = await stateOf(store, "access_logs/T1");
    expect(position).toMatchObject({ low: 5, high: 0 });
    await store.close();
  });

  it("refuses a source that is damaged", async () => {
    const folder = temporaryFolder();
    const [from, damaged] = [join(folder, "old.db"), join(folder, "damaged.db")];
    await makeSample(from);
    copyFileSync(from, damaged);
    const bytes = readFileSync(damaged);
    bytes.fill(0, bytes.length - 4096);
    writeFileSync(damaged, bytes);
    expect(await refusal(copyState(at(damaged), at(join(folder, "new.db")), options()))).toContain("damaged.db");
  });
});
