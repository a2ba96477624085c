import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { arrived, asked, createScene, FAST, type Scene } from "./scene.ts";

/** CI waits longer. */
const SECONDS = Number(process.env["OUTAGE_SECONDS"] ?? 5);
const MIB = 1024 * 1024;
/** Before the outage. A process just started grows whether or not it can deliver, until its young generation is full. */
const WORK_SECONDS = Math.min(20, SECONDS);

/** Resident bytes, of Linux. */
function residentOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}

/** Goes on in Slack for so long, with 130 entries a second. */
async function goOn({ traffic }: Scene, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    traffic.history({ logins: 10, integrationChanges: 10, activities: 60, auditEntries: 50 }, 1 / 3600);
    await delay(1000);
  }
}

test.skipIf(process.platform !== "linux")(
  `[D1] [P18] in ${SECONDS} s without the destination memory grows by 5 MiB at most, and it goes on within a minute of its return`,
  async () => {
    let isDown = false;
    await using scene = await createScene({
      history: { logins: 100, integrationChanges: 100, activities: 600, auditEntries: 500 },
      settings: { sources: FAST, batch: { max_records: 100 } },
      receiver: { respond: () => (isDown ? { kind: "status", status: 503, retryAfter: "1" } : undefined) },
    });
    await using command = await scene.start();
    await arrived(scene, 1_200);
    await goOn(scene, WORK_SECONDS);

    isDown = true;
    const delivered = scene.receiver.accepted.length;
    const attempts = scene.receiver.requests.length;
    await goOn(scene, 2);
    // Every stream has its page by then.
    await asked(scene, attempts + 15);
    const before = residentOf(command.pid);
    await goOn(scene, SECONDS);
    const grown = residentOf(command.pid) - before;
    expect(grown / MIB).toBeLessThanOrEqual(5);
    expect(scene.receiver.accepted.length).toBe(delivered);

    isDown = false;
    await vi.waitFor(() => expect(scene.receiver.accepted.length).toBeGreaterThan(delivered), {
      timeout: 60_000,
      interval: 50,
    });
    // Every stream waits by itself, for a minute at most.
    await arrived(scene, delivered + SECONDS * 100, 75_000);
    command.signal("SIGTERM");
    expect((await command.ended).code).toBe(0);
  },
  180_000 + SECONDS * 1000,
);
