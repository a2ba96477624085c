import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { arrived, asked, createScene, FAST } from "./scene.ts";

/** CI waits longer. */
const SECONDS = Number(process.env["OUTAGE_SECONDS"] ?? 5);
const MIB = 1024 * 1024;

/** Resident bytes, of Linux. */
function residentOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}

test.skipIf(process.platform !== "linux")(
  `[D1] [P18] in ${SECONDS} s without the destination memory grows by 5 MiB at most, and it goes on within a minute of its return`,
  async () => {
    let isDown = true;
    await using scene = await createScene({
      history: { logins: 100, integrationChanges: 100, activities: 600, auditEntries: 500 },
      settings: { sources: FAST, batch: { max_records: 100 } },
      receiver: { respond: () => (isDown ? { kind: "status", status: 503, retryAfter: "1" } : undefined) },
    });
    await using command = await scene.start();
    // Every stream has its page by then.
    await asked(scene, 15);
    const before = residentOf(command.pid);
    await delay(SECONDS * 1000);
    const grown = residentOf(command.pid) - before;
    expect(grown / MIB).toBeLessThanOrEqual(5);
    isDown = false;
    await vi.waitFor(() => expect(scene.receiver.accepted.length).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 50,
    });
    // Every stream waits by itself, for a minute at most.
    await arrived(scene, 1_200, 75_000);
    command.signal("SIGTERM");
    expect((await command.ended).code).toBe(0);
  },
  180_000 + SECONDS * 1000,
);
