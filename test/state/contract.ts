import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Store, StreamState } from "../../src/model.ts";
import type { CommitPoint } from "../../src/state/commit-point.ts";
import { hex, identity } from "./identity.ts";
import { type Harness, type Model, type Real, storeCommands } from "./store-model.ts";
import { claimOf, stateOf } from "./held.ts";

const STREAM = "access_logs/T1";

/** What every store has to do. `harness` makes one that is empty; the test's own hooks take it away. */
export function describeStore(name: string, harness: () => Harness, runs: number): void {
  const opened = async (): Promise<{ harness: Harness; store: Store; state: StreamState }> => {
    const made = harness();
    const store = await made.open();
    return { harness: made, store, state: await stateOf(store, STREAM) };
  };
  const again = async (made: Harness, store: Store): Promise<StreamState> => {
    await store.close();
    return stateOf(await made.open(), STREAM);
  };

  describe(`${name}, as a store`, () => {
    it("is new once, and has no position before the first is kept", async () => {
      const { harness, store, state } = await opened();
      expect(store.isNew).toBe(true);
      expect(state.position).toBeUndefined();
      expect(await state.known([hex(1)])).toEqual(new Map());
      await store.close();
      const second = await harness.open();
      expect(second.isNew).toBe(false);
      expect((await stateOf(second, STREAM)).position).toBeUndefined();
    });

    it("gives back a position as JSON does, and keeps it when a commit brings none", async () => {
      const { harness, store, state } = await opened();
      const position = { low: 1, seen: ["ä\u2028\u0000\ud800"], none: null, deep: [{}, [], "", 0.1] };
      await state.commit({ remember: [], position: { ...position, gone: undefined } });
      expect(state.position).toEqual(position);
      await state.commit({ remember: [identity(1)] });
      expect(state.position).toEqual(position);
      expect((await again(harness, store)).position).toEqual(position);
    });

    it.each([null, 0, "", false])("tells the position %j from none", async (position) => {
      const { harness, store, state } = await opened();
      await state.commit({ remember: [], position });
      expect(state.position).toBe(position);
      expect((await again(harness, store)).position).toBe(position);
    });

    it("gives back every number and every version of an identity", async () => {
      const { harness, store, state } = await opened();
      const identities = [
        identity(1, { mark: Number.MAX_SAFE_INTEGER }),
        identity(1, { version: "a".repeat(32), count: 0, lastSeconds: 1.5e300, mark: 0 }),
        identity(1, { version: "b".repeat(32), count: 2 ** 60, mark: -1.25 }),
        { key: "f".repeat(32), version: "f".repeat(32), count: 1, lastSeconds: 1_700_000_000, mark: 1 },
        { key: "0".repeat(32), version: "0".repeat(32), mark: 1 },
      ];
      await state.commit({ remember: identities });
      const expectAll = async (asked: StreamState): Promise<void> => {
        const found = await asked.known([hex(1), "f".repeat(32), "0".repeat(32), hex(2), hex(1)]);
        expect([...found.keys()].toSorted()).toEqual(["0".repeat(32), hex(1), "f".repeat(32)]);
        const all = [...found.values()].flat();
        expect(all).toHaveLength(identities.length);
        expect(all).toEqual(expect.arrayContaining(identities));
      };
      await expectAll(state);
      await expectAll(await again(harness, store));
    });

    it("keeps the higher of two marks, whichever came first", async () => {
      const { state } = await opened();
      const fillers = Array.from({ length: 20 }, (_, i) => identity(100 + i));
      await state.commit({ remember: [identity(1, { mark: 5 }), identity(2, { mark: 9 }), ...fillers] });
      await state.commit({ remember: [identity(1, { mark: 9 }), identity(2, { mark: 5 }), ...fillers] });
      const marks = [...(await state.known([hex(1), hex(2)])).values()].flat().map(({ mark }) => mark);
      expect(marks).toEqual([9, 9]);
    });

    it("keeps the first of two with equal marks", async () => {
      const { state } = await opened();
      const fillers = Array.from({ length: 20 }, (_, i) => identity(100 + i));
      await state.commit({ remember: [identity(1, { count: 1 }), ...fillers] });
      await state.commit({ remember: [identity(1, { count: 2 })] });
      expect((await state.known([hex(1)])).get(hex(1))).toEqual([identity(1, { count: 1 })]);
      await state.commit({ remember: [identity(1, { count: 3 }), ...fillers] });
      expect((await state.known([hex(1)])).get(hex(1))).toEqual([identity(1, { count: 1 })]);
    });

    it("forgets what is below the mark, of what it knew and of what it is told now, and nothing else", async () => {
      const { harness, store, state } = await opened();
      const other = await stateOf(store, "audit_logs/E1");
      await other.commit({ remember: [identity(1, { mark: 1 })] });
      await state.commit({ remember: [identity(1, { mark: 9 }), identity(2, { mark: 10 })] });
      await state.commit({ remember: [identity(3, { mark: 9.5 }), identity(4, { mark: 11 })], forgetBelow: 10 });
      const keys = [1, 2, 3, 4].map(hex);
      expect([...(await state.known(keys)).keys()]).toEqual([hex(2), hex(4)]);
      expect([...(await other.known(keys)).keys()]).toEqual([hex(1)]);
      expect([...(await (await again(harness, store)).known(keys)).keys()]).toEqual([hex(2), hex(4)]);
    });

    it("never remembers again what is below the highest mark it was told to forget below", async () => {
      const { state } = await opened();
      await state.commit({ remember: [], forgetBelow: 10 });
      await state.commit({ remember: [identity(1, { mark: 9 }), identity(2, { mark: 10 })], forgetBelow: 3 });
      expect([...(await state.known([hex(1), hex(2)])).keys()]).toEqual([hex(2)]);
    });

    it("takes a mark below nought, and a bound below it, as they are", async () => {
      const { state } = await opened();
      await state.commit({ remember: [identity(1, { mark: -3 }), identity(2, { mark: -6 })], forgetBelow: -5 });
      expect([...(await state.known([hex(1), hex(2)])).keys()]).toEqual([hex(1)]);
    });

    it("keeps streams apart", async () => {
      const { store, state } = await opened();
      const other = await stateOf(store, "access_logs/T2");
      await state.commit({ remember: [identity(1)], position: "mine" });
      expect(other.position).toBeUndefined();
      expect((await other.known([hex(1)])).size).toBe(0);
    });

    it("gives back a report as JSON does, apart from the position, and keeps it when a commit brings none", async () => {
      const { harness, store, state } = await opened();
      expect(state.report).toBeUndefined();
      await state.commit({ remember: [], report: { holes: [{ from: 1 }], text: "ä\u0000\ud800", gone: undefined } });
      expect(state.report).toEqual({ holes: [{ from: 1 }], text: "ä\u0000\ud800" });
      expect(state.position).toBeUndefined();
      await state.commit({ remember: [], position: 1 });
      const found = await again(harness, store);
      expect(found.report).toEqual({ holes: [{ from: 1 }], text: "ä\u0000\ud800" });
      await found.commit({ remember: [], report: null });
      expect([found.report, found.position]).toEqual([null, 1]);
    });

    it("gives a stream to one holder at a time, in the order in which they came", async () => {
      const { store } = await opened();
      const first = await claimOf(store, "audit_logs/E1");
      const order: string[] = [];
      const waiting = ["second", "third"].map(async (name) => {
        const claim = await claimOf(store, "audit_logs/E1");
        order.push(`${name} finds ${String(claim.state.position)}`);
        await claim.state.commit({ remember: [], position: name });
        await claim[Symbol.asyncDispose]();
      });
      await first.state.commit({ remember: [], position: "first" });
      expect(order).toEqual([]);
      await first[Symbol.asyncDispose]();
      await Promise.all(waiting);
      expect(order).toEqual(["second finds first", "third finds second"]);
      expect(first.lost.aborted).toBe(false);
    });

    it("ends a wait for a stream with the signal's reason, and lets those behind it on", async () => {
      const { store } = await opened();
      const first = await claimOf(store, "audit_logs/E1");
      const stop = new AbortController();
      const second = store.claim("audit_logs/E1", stop.signal);
      const third = claimOf(store, "audit_logs/E1");
      const reason = new Error("stopped");
      stop.abort(reason);
      await expect(second).rejects.toBe(reason);
      await expect(store.claim("audit_logs/E2", stop.signal)).rejects.toBe(reason);
      await first[Symbol.asyncDispose]();
      expect((await third).state.position).toBeUndefined();
    });

    it("refuses what is asked of a stream that was released, and goes on", async () => {
      const { store } = await opened();
      const claim = await claimOf(store, "audit_logs/E1");
      await claim[Symbol.asyncDispose]();
      await claim[Symbol.asyncDispose]();
      await expect(claim.state.commit({ remember: [], position: 1 })).rejects.toThrow("released");
      await expect(claim.state.known([])).rejects.toThrow("released");
      expect((await stateOf(store, "audit_logs/E1")).position).toBeUndefined();
    });

    it("keeps notes, each under its name, and gives back any text", async () => {
      const { harness, store } = await opened();
      expect(await store.notes.read("token/T1")).toBeUndefined();
      await store.notes.write("token/T1", "old");
      await store.notes.write("token/T1", "new \u0000\ud800'\"ä");
      await store.notes.write("empty", "");
      expect(await store.notes.read("token/T1")).toBe("new \u0000\ud800'\"ä");
      await store.close();
      const { notes } = await harness.open();
      expect([await notes.read("token/T1"), await notes.read("empty"), await notes.read("none")]).toEqual([
        "new \u0000\ud800'\"ä",
        "",
        undefined,
      ]);
    });

    it("runs work on a note by itself, whatever its outcome, and beside that on another", async () => {
      const { notes } = (await opened()).store;
      const signal = new AbortController().signal;
      let running = 0;
      const count = async (): Promise<void> => {
        running += 1;
        expect(running).toBe(1);
        const text = (await notes.read("count")) ?? "0";
        await notes.exclusively("other", signal, async () => {});
        await notes.write("count", String(Number(text) + 1));
        running -= 1;
        if (text === "3") throw new Error("mine");
      };
      const settled = await Promise.allSettled(
        Array.from({ length: 8 }, () => notes.exclusively("count", signal, count)),
      );
      expect(settled.filter(({ status }) => status === "rejected")).toEqual([
        { status: "rejected", reason: new Error("mine") },
      ]);
      expect(await notes.read("count")).toBe("8");
      expect(await notes.exclusively("count", signal, async () => "value")).toBe("value");
    });

    it("ends a wait for a note's turn with the signal's reason", async () => {
      const { notes } = (await opened()).store;
      const stop = new AbortController();
      const reason = new Error("stopped");
      const held = Promise.withResolvers<void>();
      const first = notes.exclusively("n", new AbortController().signal, () => held.promise);
      const second = notes.exclusively("n", stop.signal, () => Promise.reject(new Error("ran")));
      stop.abort(reason);
      await expect(second).rejects.toBe(reason);
      held.resolve();
      await first;
    });

    it.each<[CommitPoint, unknown, number]>([
      ["position-begun", "before", 0],
      ["position-written", "before", 0],
      ["position-committed", "after", 1],
    ])("after a crash at %s has all of the commit or nothing", async (point, position, known) => {
      const { harness, store, state } = await opened();
      await state.commit({ remember: [identity(1)], position: "before", report: "before" });
      harness.crashAt(point);
      const change = { remember: [identity(2)], position: "after", forgetBelow: 0, report: "after" };
      await expect(state.commit(change)).rejects.toThrow("crash");
      await expect(state.commit({ remember: [], position: "later" })).rejects.toThrow("crash");
      await expect(state.known([hex(1)])).rejects.toThrow("crash");
      // However often it is asked for.
      await expect(stateOf(store, "audit_logs/E1")).rejects.toThrow("crash");
      await expect(stateOf(store, "audit_logs/E1")).rejects.toThrow("crash");
      const state2 = await again(harness, store);
      expect([state2.position, state2.report]).toEqual([position, position]);
      expect((await state2.known([hex(2)])).size).toBe(known);
      expect((await state2.known([hex(1)])).size).toBe(1);
    });

    it.each([
      ["a key that is not hex", { remember: [identity(1, { key: "G".repeat(32) })] }],
      ["a key in capitals", { remember: [identity(1, { key: "A".repeat(32) })] }],
      ["a key that is too long", { remember: [identity(1, { key: "a".repeat(33) })] }],
      ["a version that is too short", { remember: [identity(1, { version: "a".repeat(31) })] }],
      ["a mark that is not a number", { remember: [identity(1, { mark: NaN })] }],
      ["an infinite count", { remember: [identity(1, { count: Infinity })] }],
      ["forgetting without a bound", { remember: [], forgetBelow: Infinity }],
      ["a position that is not JSON", { remember: [], position: () => {} }],
      ["a report that is not JSON", { remember: [], report: () => {} }],
    ])("refuses %s as a defect, and goes on", async (_, change) => {
      const { state } = await opened();
      await expect(state.commit(change)).rejects.toThrow(TypeError);
      await state.commit({ remember: [], position: 1 });
      expect(state.position).toBe(1);
    });

    it("refuses everything once it is closed", async () => {
      const { store, state } = await opened();
      await store.close();
      await expect(state.commit({ remember: [] })).rejects.toThrow("closed");
      await expect(state.known([])).rejects.toThrow("closed");
      await expect(stateOf(store, "audit_logs/E1")).rejects.toThrow("closed");
      await expect(stateOf(store, STREAM)).rejects.toThrow("closed");
      await expect(store.notes.read("n")).rejects.toThrow("closed");
      await expect(store.notes.write("n", "")).rejects.toThrow("closed");
      await store.close();
    });

    it("ends every wait for a stream or a note when it is closed", async () => {
      const { store } = await opened();
      const signal = new AbortController().signal;
      const held = Promise.withResolvers<void>();
      // Whether the holder's own work counts is the store's to say: a turn that others see is lost with it.
      const first = Promise.allSettled([store.notes.exclusively("n", signal, () => held.promise)]);
      const waits = Promise.allSettled([
        stateOf(store, STREAM),
        store.notes.exclusively("n", signal, () => Promise.resolve()),
      ]);
      await store.close();
      const closed = { status: "rejected", reason: expect.objectContaining({ message: "The store is closed" }) };
      expect(await waits).toEqual([closed, closed]);
      held.resolve();
      await first;
    });

    it(
      `behaves like its model over ${runs} histories of commits, restarts and crashes`,
      { timeout: 120_000 },
      async () => {
        const property = fc.asyncProperty(storeCommands, async (commands) => {
          const made = harness();
          const real: Real = { harness: made, store: await made.open(), claims: new Map() };
          const model: Model = { streams: new Map(), notes: new Map() };
          try {
            await fc.asyncModelRun(() => ({ model, real }), commands);
          } finally {
            await real.store.close();
          }
        });
        await fc.assert(property, { numRuns: runs });
      },
    );
  });
}
