import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import type { LogRecord } from "../../src/model.ts";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { listen } from "../../src/simulation/server.ts";
import { createSimulatedSlack, type SimulatedSlack } from "../../src/simulation/slack.ts";
import { createTraffic } from "../../src/simulation/traffic.ts";
import { createMemoryDisk } from "../../src/state/memory.ts";
import { forwardOnce } from "../support/forwarder.ts";

const ENTRIES = { logins: 300, integrationChanges: 120, activities: 1500, auditEntries: 1200 };

/** All four logs with a history of so many hours, and nothing that changes while it is read. */
export function createStillSlack(hours = 20): SimulatedSlack {
  const slack = createSimulatedSlack({ clock: { now: Date.now } });
  createTraffic(slack, { seed: 7 }).history(ENTRIES, hours);
  return slack;
}

/** The records of all of it by their uids, made in this process and delivered to memory. */
export async function expectedRecords(slack: SimulatedSlack): Promise<Map<string, LogRecord>> {
  const records = new Map<string, LogRecord>();
  const yes = { status: "accepted", rejected: 0 } as const;
  const destination = {
    name: "memory",
    description: "memory",
    limits: {},
    send: (batch: readonly LogRecord[]) => {
      for (const record of batch) records.set(record.uid, record);
      return Promise.resolve(yes);
    },
    probe: () => Promise.resolve(yes),
    close: () => Promise.resolve(),
  };
  await forwardOnce({ slack, clock: systemClock, disk: createMemoryDisk(), destination });
  return records;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** `run --once`, as a user does it, in a process and a folder of its own. */
export async function runOnce(slack: SimulatedSlack, settings: Readonly<Record<string, unknown>>): Promise<Ran> {
  const server = await listen(slack);
  const folder = await mkdtemp(join(tmpdir(), "slack-otel-e2e-"));
  try {
    const file = join(folder, "config.yaml");
    const configuration = {
      slack: { token: "${env:SLACK_TOKEN}", api_url: server.apiUrl, audit_url: server.auditUrl },
      state: { sqlite: { path: join(folder, "state.db") } },
      dead_letters: { path: join(folder, "dead-letters") },
      ...settings,
    };
    await writeFile(file, JSON.stringify(configuration));
    const child = spawn(process.execPath, ["src/main.ts", "run", "--once", "--config", file], {
      env: { PATH: process.env["PATH"], SLACK_TOKEN: DEFAULT_TOKEN },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout: Buffer.concat(chunks), stderr };
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
}
