import { chmod, chown, copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CommandOptions } from "../support/command.ts";
import { createScene, shownBy, textsOf, type Scene } from "./scene.ts";

const SMALL = { history: { logins: 10, integrationChanges: 10, activities: 20, auditEntries: 20 } };
/** Root may write anywhere, whatever the modes say: then it is a user without rights of its own who tries. */
const [isRoot, NOBODY] = [process.getuid?.() === 0, 65_534];

/** Runs against what stands at the state's path, and expects it to be refused before Slack is asked, and left alone. */
async function expectRefusal(scene: Scene, problem: RegExp, options: CommandOptions = {}): Promise<void> {
  const calls = scene.slack.calls.length;
  const ended = await scene.once([], options);
  expect(ended).toMatchObject({ code: 3, stdout: "" });
  const told = ended.log.filter(({ level }) => level === "error");
  expect(told).toMatchObject([{ event: "failed", exit_code: 3 }]);
  expect(told[0]?.["message"]).toMatch(problem);
  expect(scene.slack.calls.length).toBe(calls);
  expect(scene.receiver.requests).toEqual([]);
}

test.concurrent("[P10] a second instance on the same state ends with 3, and the first one goes on", async () => {
  await using scene = await createScene({ ...SMALL, receiver: { script: [{ kind: "hang" }] } });
  await using first = await scene.start();
  await first.until("started");
  const calls = scene.slack.calls.length;
  const second = await scene.once();
  expect(second).toMatchObject({ code: 3, stdout: "" });
  expect(second.log).toMatchObject([{ level: "error", event: "failed" }]);
  expect(second.log[0]?.["message"]).toMatch(
    /another instance is using it\. Only one may run on one state: stop the other one/,
  );
  expect(scene.slack.calls.slice(calls).filter(({ method }) => method === "auth.test")).toEqual([]);
  first.signal("SIGKILL");
  await first.ended;
  expect((await scene.once()).code).toBe(0);
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
});

test.concurrent("a folder in the state's place", async () => {
  await using scene = await createScene(SMALL);
  await mkdir(join(scene.folder, "state.db"));
  await expectRefusal(scene, /state\.db.*folder/);
  expect(await readdir(join(scene.folder, "state.db"))).toEqual([]);
});

test.concurrent("[P5] an empty file in the state's place", async () => {
  await using scene = await createScene(SMALL);
  await scene.write("state.db", "");
  await expectRefusal(scene, /state\.db.*empty.*start/);
  expect(await scene.read("state.db")).toBe("");
});

test.concurrent("a state that is cut off is left as it is, with the whole remedy told, and a good copy goes on", async () => {
  await using scene = await createScene({ ...SMALL });
  const path = join(scene.folder, "state.db");
  expect((await scene.once()).code).toBe(0);
  const accepted = scene.receiver.accepted.length;
  await copyFile(path, `${path}.copy`);
  await truncate(path, 5_000);
  const bytes = await readFile(path);
  const ended = await scene.once();
  expect(ended.code).toBe(3);
  expect(ended.log.at(-1)?.["message"]).toMatch(
    /left as it is\. Put a good copy back; or .* to cover the time since the last delivery\.$/,
  );
  expect(await readFile(path)).toEqual(bytes);
  expect(scene.receiver.accepted.length).toBe(accepted);

  await copyFile(`${path}.copy`, path);
  expect((await scene.once()).code).toBe(0);
  expect(scene.receiver.accepted.length).toBe(accepted);
});

test.concurrent("a folder that may not be written to", async () => {
  await using scene = await createScene(SMALL);
  if (isRoot) await chown(scene.folder, NOBODY, NOBODY);
  await chmod(scene.folder, 0o500);
  await expectRefusal(scene, /no permission|read-only/, isRoot ? { uid: NOBODY } : {});
  await chmod(scene.folder, 0o700);
});

test.concurrent("[D16] dead letters that cannot be written end it with 3, at the start as well as at the first letter", async () => {
  await using scene = await createScene(SMALL);
  await scene.write("dead-letters", "a file, not a folder");
  await expectRefusal(scene, /dead letters cannot be written.*dead_letters\.path/);

  await rm(join(scene.folder, "dead-letters"));
  await using command = await scene.start([], {
    settings: { sources: { audit_logs: { interval: "20ms", calls_per_minute: 100_000 } } },
  });
  await command.until("delivered");
  const accepted = scene.receiver.uids();
  await rm(join(scene.folder, "dead-letters"), { recursive: true });
  await writeFile(join(scene.folder, "dead-letters"), "a file, not a folder");
  scene.receiver.script(...Array.from({ length: 50 }, () => ({ kind: "status", status: 400 }) as const));
  scene.traffic.history({ auditEntries: 3 }, 0.02);
  const ended = await command.ended;
  expect(ended.code).toBe(3);
  expect(ended.log.at(-1)).toMatchObject({ event: "failed", exit_code: 3 });
  expect(ended.log.at(-1)?.["message"]).toMatch(/dead letters cannot be written/);
  expect(scene.receiver.uids()).toEqual(accepted);
});
