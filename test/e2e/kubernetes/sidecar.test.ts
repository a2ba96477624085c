import { expect, vi } from "vitest";
import { asProcess, readWorkload } from "../../kubernetes/manifest.ts";
import { asked, createScene, shownBy, textsOf } from "../../process/scene.ts";
import { startCommand } from "../../support/command.ts";
import type { Reply } from "../../support/receiver.ts";
import { collectorTest } from "../collector/collector-test.ts";
import { shipped } from "../collector/shipped.ts";

const { pod, containers } = readWorkload("sidecar");
const GRACE_MS = Number(pod["terminationGracePeriodSeconds"]) * 1_000;

collectorTest(
  "the sidecar goes on through a restart of its Collector with requests under way, and nothing is lost",
  async ({ start }) => {
    expect(containers.find(({ name }) => name === "collector")?.args[0]).toBe("--config");
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    let isSlow = true;
    await using scene = await createScene({
      receiver: { respond: (): Reply | undefined => (isSlow ? { kind: "slow", until } : undefined) },
    });
    // The backend of the Collector is the receiver; its configuration is the one in the sidecar's folder.
    const config = await shipped("../kubernetes/sidecar/collector.yaml", scene.receiver.url);
    const first = await start({ config });
    const { args, options } = await asProcess("sidecar", scene, first.endpoint);
    await using sidecar = startCommand(args, options);
    await asked(scene, 3);
    await first.kill();
    await sidecar.until("destination_retry");
    isSlow = false;
    release();

    const second = await start({ config, place: first.place });
    const isThere = () => expect(new Set(textsOf(scene.receiver.accepted))).toEqual(new Set(shownBy(scene.slack)));
    await vi.waitFor(isThere, { timeout: 60_000, interval: 50 });
    // Twice at most what the Collector had under way, with the same uids.
    const uids = scene.receiver.uids();
    expect(uids.length).toBeLessThan(2 * new Set(uids).size);

    // The kubelet ends the Collector first, and its sidecar after it.
    await second.stop();
    const begun = performance.now();
    sidecar.signal("SIGTERM");
    expect(await sidecar.ended).toMatchObject({ code: 0, stdout: "" });
    expect(performance.now() - begun).toBeLessThan(GRACE_MS);
  },
);

collectorTest(
  "the sidecar ends within the Pod's grace period while its Collector's backend hangs, and loses nothing",
  async ({ start }) => {
    let hangs = true;
    await using scene = await createScene({
      receiver: { respond: (): Reply | undefined => (hangs ? { kind: "hang" } : undefined) },
    });
    const config = await shipped("../kubernetes/sidecar/collector.yaml", scene.receiver.url);
    const collector = await start({ config });
    const { args, options } = await asProcess("sidecar", scene, collector.endpoint);
    await using sidecar = startCommand(args, options);
    await asked(scene);
    const begun = performance.now();
    sidecar.signal("SIGTERM");
    expect(await sidecar.ended).toMatchObject({ code: 0, stdout: "" });
    expect(performance.now() - begun).toBeLessThan(GRACE_MS);
    expect(scene.receiver.accepted).toEqual([]);

    hangs = false;
    await collector.kill();
    await start({ config, place: collector.place });
    await using again = startCommand(args, options);
    const isThere = () => expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
    await vi.waitFor(isThere, { timeout: 60_000, interval: 50 });
    again.signal("SIGTERM");
    expect(await again.ended).toMatchObject({ code: 0 });
  },
);
