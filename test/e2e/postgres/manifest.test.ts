import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { asProcess, readWorkload } from "../../kubernetes/manifest.ts";
import { arrived, createScene } from "../../process/scene.ts";
import { startCommand, type Command } from "../../support/command.ts";
import { postgresTest } from "./postgres-test.ts";
import { startPostgres } from "./server.ts";

const { top, pod } = readWorkload("replicas");
const REPLICAS = Number(top["spec"]?.["replicas"]);
const GRACE_MS = Number(pod["terminationGracePeriodSeconds"]) * 1_000;
/** Of the simulated organisation. */
const STREAMS = 5;

const claimedBy = (pods: readonly Command[]) =>
  pods.flatMap(({ log }) => log.filter(({ event }) => event === "stream_claimed").map(({ stream }) => stream));

postgresTest(() => {
  it(
    "the replicas' manifest, played with a database: each stream has one reader, and a Pod that goes is replaced at once",
    { timeout: 180_000 },
    async () => {
      await using server = await startPostgres();
      await using scene = await createScene();
      const databaseUrl = server.url("public");
      await using cleanup = new AsyncDisposableStack();
      const pods = await Promise.all(
        Array.from({ length: REPLICAS }, async (_, index) => {
          // Each has folders of its own, as it has a volume of its own.
          const place = { ...scene, folder: join(scene.folder, `pod-${index}`) };
          const secrets = { "database-url": databaseUrl };
          const { args, options } = await asProcess("replicas", place, scene.receiver.url, secrets);
          return cleanup.use(startCommand(args, options));
        }),
      );
      await Promise.all(pods.map((one) => one.until("started")));
      await arrived(scene, 400, 60_000);
      expect(new Set(scene.receiver.uids()).size).toBe(scene.receiver.accepted.length);

      const [leaving, ...staying] = pods.toSorted((a, b) => claimedBy([b]).length - claimedBy([a]).length);
      if (leaving === undefined) throw new Error("the manifest has no replicas");
      const begun = performance.now();
      leaving.signal("SIGTERM");
      expect(await leaving.ended).toMatchObject({ code: 0, stdout: "" });
      expect(performance.now() - begun).toBeLessThan(GRACE_MS);
      const held = async () => {
        const rows = await server.query(
          "public",
          "SELECT DISTINCT name FROM slack_otel_streams WHERE holder IS NOT NULL",
        );
        expect(rows).toHaveLength(STREAMS);
      };
      await vi.waitFor(held, { timeout: 60_000, interval: 100 });

      scene.traffic.history({ activities: 50 }, 0.02);
      const before = scene.receiver.accepted.length;
      // Activities are looked for every 15 s.
      await arrived(scene, before + 50, 60_000);
      for (const one of staying) one.signal("SIGTERM");
      for (const { ended } of staying) expect(await ended).toMatchObject({ code: 0 });
      expect(new Set(scene.receiver.uids()).size).toBe(scene.receiver.accepted.length);
    },
  );
});
