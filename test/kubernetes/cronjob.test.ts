import { expect, test } from "vitest";
import { asked, createScene, shownBy, textsOf } from "../process/scene.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { uidOf } from "../support/otlp-decoder.ts";
import { asProcess } from "./manifest.ts";

test("of three runs of the CronJob the second is killed with requests under way: the third makes good for it", async () => {
  let hangs = false;
  await using scene = await createScene({ receiver: { respond: () => (hangs ? { kind: "hang" } : undefined) } });
  const { args, options } = await asProcess("cronjob", scene, scene.receiver.url);
  expect(await runCommand(args, options)).toMatchObject({ code: 0 });
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
  const first = scene.receiver.accepted.length;

  scene.traffic.history({ logins: 20, integrationChanges: 10, activities: 100, auditEntries: 80 }, 0.05);
  hangs = true;
  await using second = startCommand(args, options);
  await asked(scene, scene.receiver.requests.length + 1);
  second.signal("SIGKILL");
  expect(await second.ended).toMatchObject({ code: null, signal: "SIGKILL" });
  expect(scene.receiver.accepted.length).toBe(first);

  hangs = false;
  const third = await runCommand(args, options);
  expect(third).toMatchObject({ code: 0 });
  expect(third.log.filter(({ level }) => level === "error")).toEqual([]);
  expect(scene.receiver.accepted.length).toBeGreaterThan(first);
  // Nothing of what hung was taken, so nothing comes twice either.
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
  const uids = scene.receiver.accepted.map(uidOf);
  expect(new Set(uids).size).toBe(uids.length);
});
