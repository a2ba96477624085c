import { expect, test } from "vitest";
import { createGroups } from "../../src/state/groups.ts";

function stage() {
  const diary: string[] = [];
  const groups = createGroups(async (works) => {
    diary.push("begin");
    const settles = works();
    await Promise.resolve();
    diary.push("end");
    return settles;
  });
  const run = (name: string) =>
    groups.run(() => {
      diary.push(name);
      return () => diary.push(`${name} settled`);
    });
  return { diary, run };
}

test("works that come in one turn of the event loop go in one transaction, in order, and settle after it", async () => {
  const { diary, run } = stage();
  await Promise.all([run("a"), run("b"), run("c")]);
  expect(diary).toEqual(["begin", "a", "b", "c", "end", "a settled", "b settled", "c settled"]);
});

test("what comes while a transaction is under way goes in the next one", async () => {
  const { diary, run } = stage();
  const first = run("a").then(() => run("b"));
  await Promise.all([first, run("c")]);
  await run("d");
  expect(diary.filter((line) => line === "begin")).toHaveLength(3);
  expect(diary.indexOf("b")).toBeGreaterThan(diary.indexOf("c settled"));
});

test("a transaction that fails fails all that are in it, and none that come after", async () => {
  let failing = true;
  const groups = createGroups((works) => (failing ? Promise.reject(new Error("full")) : Promise.resolve(works())));
  const settled: string[] = [];
  const run = (name: string) => groups.run(() => () => settled.push(name)).then(() => "ok", String);
  expect(await Promise.all([run("a"), run("b")])).toEqual(["Error: full", "Error: full"]);
  failing = false;
  expect(await run("c")).toBe("ok");
  expect(settled).toEqual(["c"]);
});

test("two transactions are never under way at once", async () => {
  const turn = () => new Promise(setImmediate);
  let under = 0;
  let most = 0;
  const groups = createGroups(async (works) => {
    most = Math.max(most, (under += 1));
    await turn();
    await turn();
    under -= 1;
    return works();
  });
  const runs: Promise<void>[] = [];
  for (let count = 0; count < 5; count++) {
    runs.push(groups.run(() => () => undefined));
    await turn();
  }
  await Promise.all(runs);
  expect(most).toBe(1);
});
