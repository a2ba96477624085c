import { expect, it } from "vitest";
import type { Commit } from "../../src/model.ts";
import { inOrder } from "../../src/pipeline/in-order.ts";

it("makes commits one after another, and the next although one has failed", async () => {
  const happened: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let begun = 0;
  const state = inOrder({
    position: 1,
    report: 2,
    known: () => Promise.resolve(new Map()),
    async commit({ position }) {
      happened.push(`begin ${String(position)}`);
      await gates[begun++]?.promise;
      happened.push(`end ${String(position)}`);
    },
  });
  expect([state.position, state.report]).toEqual([1, 2]);
  const commit = (position: number): Promise<void> => state.commit({ remember: [], position } satisfies Commit);
  const commits = [commit(1), commit(2), commit(3)];
  gates[2]?.resolve();
  gates[0]?.reject(new Error("disk full"));
  gates[1]?.resolve();
  expect((await Promise.allSettled(commits)).map(({ status }) => status)).toEqual([
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  await state.idle();
  expect(happened).toEqual(["begin 1", "begin 2", "end 2", "begin 3", "end 3"]);
});
