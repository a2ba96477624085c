import { describe, expect, it } from "vitest";
import { StateError } from "../../src/model.ts";
import type { CommitPoint } from "../../src/state/commit-point.ts";
import { createMemoryDisk, createMemoryStore } from "../../src/state/memory.ts";
import { describeStore } from "./contract.ts";
import { hex, identity } from "./identity.ts";
import type { Harness } from "./store-model.ts";
import { stateOf } from "./held.ts";

function memoryHarness(): Harness {
  const disk = createMemoryDisk();
  let crashPoint: CommitPoint | undefined;
  return {
    open: async () =>
      createMemoryStore({
        disk,
        reached: (point) => {
          if (point !== crashPoint) return;
          crashPoint = undefined;
          throw new Error("crash");
        },
      }),
    crashAt: (point) => {
      crashPoint = point;
    },
  };
}

describeStore("memory", memoryHarness, 500);

describe("createMemoryStore", () => {
  it("has a disk of which a copy is a snapshot", async () => {
    const disk = createMemoryDisk();
    const state = await stateOf(createMemoryStore({ disk }), "s");
    await state.commit({ remember: [identity(1)], position: 1 });
    const snapshot = structuredClone(disk);
    await state.commit({ remember: [identity(2)], position: 2 });
    const restored = await stateOf(createMemoryStore({ disk: snapshot }), "s");
    expect(restored.position).toBe(1);
    expect([...(await restored.known([hex(1), hex(2)])).keys()]).toEqual([hex(1)]);
  });

  it("[P14] refuses the commit of a store that another one has overtaken", async () => {
    const disk = createMemoryDisk();
    const first = await stateOf(createMemoryStore({ disk }), "s");
    const second = await stateOf(createMemoryStore({ disk }), "s");
    await second.commit({ remember: [], position: 2 });
    await expect(first.commit({ remember: [], position: 1 })).rejects.toThrow(StateError);
    expect(second.position).toBe(2);
  });

  it("waits for its hook, so a test can hold a commit up", async () => {
    const held = Promise.withResolvers<void>();
    const state = await stateOf(createMemoryStore({ reached: () => held.promise }), "s");
    const commit = state.commit({ remember: [], position: 1 });
    await Promise.resolve();
    expect(state.position).toBeUndefined();
    held.resolve();
    await commit;
    expect(state.position).toBe(1);
  });

  it("writes nothing any more once it is closed, of a commit under way either", async () => {
    const disk = createMemoryDisk();
    const held = Promise.withResolvers<void>();
    const store = createMemoryStore({ disk, reached: () => held.promise });
    const commit = (await stateOf(store, "s")).commit({ remember: [], position: 1 });
    await store.close();
    held.resolve();
    await expect(commit).rejects.toThrow("closed");
    expect((await stateOf(createMemoryStore({ disk }), "s")).position).toBeUndefined();
  });
});
