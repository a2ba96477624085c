import { expect, test } from "vitest";
import { arrived, createScene, shownBy, textsOf } from "../process/scene.ts";
import { startCommand } from "../support/command.ts";
import { createReceiver } from "../support/receiver.ts";
import { asProcess, readWorkload } from "./manifest.ts";

test("the sidecar waits for a Collector that is not there yet, and ends within the Pod's grace period", async () => {
  await using scene = await createScene();
  // A port that nobody listens on until the Collector is up.
  const probe = await createReceiver();
  const { url } = probe;
  await probe.close();
  const { args, options } = await asProcess("sidecar", scene, url);
  await using sidecar = startCommand(args, options);
  await sidecar.until("destination_retry");
  expect(scene.receiver.accepted).toEqual([]);
  const { pod } = readWorkload("sidecar");
  const graceMs = Number(pod["terminationGracePeriodSeconds"]) * 1_000;
  const begun = performance.now();
  sidecar.signal("SIGTERM");
  expect(await sidecar.ended).toMatchObject({ code: 0, stdout: "" });
  expect(performance.now() - begun).toBeLessThan(graceMs);
});

test.each(["sidecar", "deployment"] as const)(
  "the %s goes on where it was after it was stopped, and repeats nothing",
  async (way) => {
    await using scene = await createScene();
    const { args, options } = await asProcess(way, scene, scene.receiver.url);
    await using first = startCommand(args, options);
    await arrived(scene, 400);
    first.signal("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0 });
    scene.traffic.history({ activities: 50 }, 0.02);
    const before = scene.receiver.accepted.length;
    await using second = startCommand(args, options);
    await arrived(scene, before + 50);
    second.signal("SIGTERM");
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
  },
);
