import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, vi } from "vitest";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { createScene, shownBy, textsOf, type Scene } from "../process/scene.ts";
import { MAIN } from "../support/command.ts";
import { uidOf } from "../support/otlp-decoder.ts";
import { collectorTest } from "./collector/collector-test.ts";

const PATIENCE = { timeout: 60_000, interval: 100 };
const EXAMPLES = "config/pipeline";
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const hasShipper = spawnSync("syslog-ng", ["--version"], { encoding: "utf8" }).status === 0;
const REASON = "there is no syslog-ng (Debian: apt-get install syslog-ng-core syslog-ng-mod-http)";

interface Pipeline extends AsyncDisposable {
  /** Ends both sides, as Ctrl-C does. */
  stop(): Promise<void>;
}

/** The command that stands in the file, with the scene's Slack, in the scene's folder. */
async function play({ folder, server }: Scene, collector: string): Promise<Pipeline> {
  await mkdir(join(folder, EXAMPLES), { recursive: true });
  for (const file of ["slack-otel.yaml", "syslog-ng.conf"])
    await copyFile(join(ROOT, EXAMPLES, file), join(folder, EXAMPLES, file));
  const text = await readFile(join(ROOT, EXAMPLES, "syslog-ng.conf"), "utf8");
  const command = /^# {3}(slack-otel run .*\| syslog-ng .*)$/m.exec(text)?.[1] ?? "false";
  const own = ["persist-file", "pidfile", "control"].map((file) => `--${file} '${join(folder, file)}'`).join(" ");
  const child = spawn("sh", ["-c", `${command.replace("slack-otel", `'${process.execPath}' '${MAIN}'`)} ${own}`], {
    cwd: folder,
    detached: true,
    env: {
      PATH: process.env["PATH"],
      SLACK_TOKEN: DEFAULT_TOKEN,
      SLACK_API_URL: server.apiUrl,
      SLACK_AUDIT_URL: server.auditUrl,
      COLLECTOR: collector,
      QUEUE: folder,
    },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), signal);
    await ended;
  };
  return { stop: () => end("SIGTERM"), [Symbol.asyncDispose]: () => end("SIGKILL") };
}

collectorTest(
  "standard output piped into a shipper arrives whole at a Collector, also one that is away for a while",
  async ({ start, skip }) => {
    skip(!hasShipper, REASON);
    await using scene = await createScene({ history: { logins: 300, activities: 1_500, auditEntries: 1_200 } });
    const first = await start();
    const { endpoint, place } = first;
    await first.stop();
    await using pipeline = await play(scene, endpoint);
    const said = async (path: string) => readFile(join(scene.folder, path), "utf8").catch(() => "");
    // Nobody listens yet: what is delivered is with the shipper.
    await vi.waitFor(async () => expect((await said("syslog-ng-00000.rqf")).length).toBeGreaterThan(0), PATIENCE);
    const collector = await start({ place });
    const allThere = async (atLeast: number) => {
      const records = await collector.records();
      expect(records.length).toBeGreaterThanOrEqual(atLeast);
      expect(new Set(textsOf(records))).toEqual(new Set(shownBy(scene.slack)));
    };
    await vi.waitFor(() => allThere(2_500), PATIENCE);
    await pipeline.stop();

    // Once more: the position was kept, so what was written is not written again.
    const before = (await collector.records()).length;
    scene.traffic.history({ activities: 50 }, 0.02);
    await using again = await play(scene, endpoint);
    await vi.waitFor(() => allThere(before + 50), PATIENCE);
    await again.stop();
    const uids = (await collector.records()).map(uidOf);
    // The shipper may send again the one line whose yes it had not noted down when it was ended.
    expect(uids.length - new Set(uids).size).toBeLessThanOrEqual(1_000);
  },
);
