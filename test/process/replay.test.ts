import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand, startCommand } from "../support/command.ts";
import { uidOf } from "../support/otlp-decoder.ts";
import { asked, createScene, shownBy, textsOf, type Scene } from "./scene.ts";

const FOLDER = "dead-letters";
const FILE = join(FOLDER, "app_activities_E0ACME00001.jsonl");
const activitiesOnly = { sources: { app_activities: {} }, batch: { max_records: 20 } };

async function prepareReplay(scene: Scene, files: readonly string[] = [FILE]) {
  const { args, options } = await scene.prepare([]);
  return { args: ["replay", ...args.slice(1), ...files], options };
}

test("a replay killed in the middle and started again delivers every letter, at most one batch twice", async () => {
  let isMended = false;
  const first = new Set<string>();
  const poison = (uid: string) => {
    if (!isMended && first.size < 120) first.add(uid);
    return !isMended && first.has(uid) && [...first].indexOf(uid) % 3 === 0;
  };
  await using scene = await createScene({
    history: { activities: 150 },
    settings: activitiesOnly,
    receiver: { poison },
  });
  expect((await scene.once()).code).toBe(0);
  const letters = (await scene.read(FILE)).trimEnd().split("\n").length;
  expect(letters).toBeGreaterThan(25);
  const delivered = scene.receiver.accepted.length;

  isMended = true;
  const { args, options } = await prepareReplay(scene);
  scene.receiver.script({ kind: "accept" }, { kind: "hang" });
  const before = scene.receiver.requests.length;
  await using killed = startCommand(args, options);
  await asked(scene, before + 2);
  killed.signal("SIGKILL");
  await killed.ended;
  expect(scene.receiver.accepted.length).toBe(delivered + 20);

  const ended = await runCommand(args, options);
  expect(ended).toMatchObject({ code: 0, stdout: "" });
  expect(ended.log.filter(({ event }) => event === "replayed")).toMatchObject([
    { file: FILE, sent: letters - 20, kept: 0, left: 0 },
  ]);
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
  expect(new Set(scene.receiver.accepted.map(uidOf)).size).toBe(scene.receiver.accepted.length);
  expect(await readdir(join(scene.folder, FOLDER))).toEqual([`app_activities_E0ACME00001.jsonl.lock`]);
}, 60_000);

test("exit codes: 1 for what is refused again, 2 for no file, 3 for a torn line", async () => {
  const poison = (uid: string) => uid.startsWith("0");
  await using scene = await createScene({
    history: { activities: 100 },
    settings: activitiesOnly,
    receiver: { poison },
  });
  expect((await scene.once()).code).toBe(0);
  const text = await scene.read(FILE);
  const { args, options } = await prepareReplay(scene);
  expect((await runCommand(args, options)).code).toBe(1);
  expect((await scene.read(FILE)).split("\n").length).toBe(text.split("\n").length);

  const missing = await prepareReplay(scene, ["nowhere.jsonl"]);
  const none = await runCommand(missing.args, missing.options);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("nowhere.jsonl: there is no such file");

  const requests = scene.receiver.requests.length;
  await writeFile(join(scene.folder, FILE), text.slice(0, -20));
  const torn = await runCommand(args, options);
  expect(torn.code).toBe(3);
  expect(torn.stderr).toContain("not a whole letter");
  expect(scene.receiver.requests.length).toBe(requests);
  expect(await scene.read(FILE)).toBe(text.slice(0, -20));
}, 60_000);

test("a full folder of dead letters halts the stream that needs one, drops nothing, and holds up no other", async () => {
  let culprit: string | undefined;
  let isArmed = false;
  const poison = (uid: string) => {
    if (isArmed) culprit ??= uid;
    return uid === culprit;
  };
  await using scene = await createScene({
    history: { activities: 60, integrationChanges: 20 },
    settings: { sources: { app_activities: {}, integration_logs: {} } },
    receiver: { poison },
  });
  const settings = { dead_letters: { path: FOLDER, max_bytes: 1_000 } };
  expect((await scene.once([], { settings: { ...settings, sources: { integration_logs: {} } } })).code).toBe(0);
  await writeFile(join(scene.folder, FOLDER, "of-before.jsonl"), "x".repeat(1_000));
  isArmed = true;
  const halted = await scene.once([], { settings });
  expect(halted.code).toBe(1);
  expect(halted.log.filter(({ event }) => event === "destination_refuses")).toMatchObject([
    { stream: "app_activities/E0ACME00001", error: expect.stringContaining("dead_letters.max_bytes") },
  ]);
  expect(await readdir(join(scene.folder, FOLDER))).toEqual(["of-before.jsonl"]);

  const mended = await scene.once([], { settings: { dead_letters: { path: FOLDER, max_bytes: "1MiB" } } });
  expect(mended.code).toBe(0);
  const letters = (await scene.read(FILE)).trimEnd().split("\n");
  expect(letters).toHaveLength(1);
  expect(new Set(scene.receiver.accepted.map(uidOf)).size).toBe(scene.receiver.accepted.length);
  expect(textsOf(scene.receiver.accepted).length + 1).toBe(shownBy(scene.slack).length);
}, 60_000);

test("what a replay delivers is no hole in the coverage any more, and what is refused again still is", async () => {
  const seen = new Set<string>();
  let poisonous = new Set([10, 70]);
  const poison = (uid: string) => poisonous.has([...seen.add(uid)].indexOf(uid));
  await using scene = await createScene({
    history: { activities: 100 },
    settings: activitiesOnly,
    receiver: { poison },
  });
  expect((await scene.once()).code).toBe(0);
  const missing = async () => {
    const { args, options } = await scene.prepare([]);
    const { stdout } = await runCommand(["status", "--json", ...args.slice(1)], options);
    const { streams } = JSON.parse(stdout) as { streams: { holes: { reason: string; records: number }[] }[] };
    return streams.flatMap(({ holes }) =>
      holes.filter(({ reason }) => reason === "dead_letters").map(({ records }) => records),
    );
  };
  expect(await missing()).toEqual([1, 1]);
  const { args, options } = await prepareReplay(scene);
  poisonous = new Set([70]);
  expect((await runCommand(args, options)).code).toBe(1);
  expect(await missing()).toEqual([1]);
  poisonous = new Set();
  expect((await runCommand(args, options)).code).toBe(0);
  expect(await missing()).toEqual([]);
}, 60_000);
