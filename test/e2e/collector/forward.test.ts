import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { LogRecord } from "../../../src/model.ts";
import { DEFAULT_TOKEN } from "../../../src/simulation/grants.ts";
import { addHostileEntries } from "../../../src/simulation/hostile.ts";
import { listen } from "../../../src/simulation/server.ts";
import { createSimulatedSlack } from "../../../src/simulation/slack.ts";
import { createTraffic } from "../../../src/simulation/traffic.ts";
import { createMemoryDisk } from "../../../src/state/memory.ts";
import { forwardOnce } from "../../support/forwarder.ts";
import { systemClock } from "../../../src/clock.ts";
import type { DecodedRecord } from "../../support/otlp-decoder.ts";
import { collectorTest } from "./collector-test.ts";

const ENTRIES = { logins: 300, integrationChanges: 120, activities: 1500, auditEntries: 1200 };

/** All four logs with history, every kind of hostile entry among it, and nothing that changes while it is read. */
function createStillSlack() {
  const slack = createSimulatedSlack({ clock: { now: Date.now } });
  createTraffic(slack, { seed: 7 }).history(ENTRIES, 20);
  addHostileEntries(slack.world, slack.now() - 3_600_000);
  return slack;
}

/** The same records, made in this process and delivered to memory. */
async function expectedRecords(slack: ReturnType<typeof createStillSlack>): Promise<Map<string, LogRecord>> {
  const records = new Map<string, LogRecord>();
  const destination = {
    name: "memory",
    description: "memory",
    limits: {},
    send: (batch: readonly LogRecord[]) => {
      for (const record of batch) records.set(record.uid, record);
      return Promise.resolve({ status: "accepted", rejected: 0 } as const);
    },
    probe: () => Promise.resolve({ status: "accepted", rejected: 0 } as const),
    close: () => Promise.resolve(),
  };
  await forwardOnce({ slack, clock: systemClock, disk: createMemoryDisk(), destination });
  return records;
}

function decoded(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, decoded(item)]));
}

function comparable({ uid, log }: LogRecord): Omit<DecodedRecord, "observedTimeUnixNano"> {
  const nanos = ([seconds, nano]: readonly [number, number]) => BigInt(seconds) * 1_000_000_000n + BigInt(nano);
  return {
    timeUnixNano: nanos(log.hrTime),
    severityNumber: log.severityNumber ?? 0,
    severityText: log.severityText ?? "",
    eventName: log.eventName ?? "",
    traceId: log.spanContext?.traceId ?? "",
    spanId: log.spanContext?.spanId ?? "",
    flags: 0,
    attributes: decoded({ ...log.attributes, "log.record.uid": uid }) as DecodedRecord["attributes"],
    droppedAttributesCount: 0,
    body: decoded(log.body) as DecodedRecord["body"],
    resource: decoded(log.resource.attributes) as DecodedRecord["resource"],
    scope: { name: "slack-otel", version: log.instrumentationScope.version ?? "", attributes: new Map() },
    schemaUrl: "",
    resourceSchemaUrl: "",
  };
}

const uidOf = ({ attributes }: DecodedRecord) => attributes.get("log.record.uid") as string;

for (const encoding of ["protobuf", "json"]) {
  for (const compression of ["gzip", "zstd", "none"]) {
    collectorTest(
      `every entry of all four sources arrives once and whole: ${encoding}, ${compression}`,
      async ({ collector }) => {
        const slack = createStillSlack();
        const expected = await expectedRecords(slack);
        const server = await listen(slack);
        const folder = await mkdtemp(join(tmpdir(), "slack-otel-e2e-"));
        try {
          const file = join(folder, "config.yaml");
          await writeFile(
            file,
            JSON.stringify({
              slack: { token: "${env:SLACK_TOKEN}", api_url: server.apiUrl, audit_url: server.auditUrl },
              destination: { otlp: { endpoint: collector.endpoint, encoding, compression } },
              state: { sqlite: { path: join(folder, "state.db") } },
              dead_letters: { path: join(folder, "dead-letters") },
            }),
          );
          const child = spawn(process.execPath, ["src/main.ts", "run", "--once", "--config", file], {
            env: { PATH: process.env["PATH"], SLACK_TOKEN: DEFAULT_TOKEN },
            stdio: ["ignore", "ignore", "pipe"],
          });
          let said = "";
          child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
          const [code] = (await once(child, "close")) as [number];
          expect(code, said).toBe(0);
        } finally {
          await server.close();
          await rm(folder, { recursive: true });
        }
        await collector.stop();
        const received = await collector.records();
        expect(received.map(uidOf).toSorted()).toEqual([...expected.keys()].toSorted());
        for (const record of received) {
          const { observedTimeUnixNano, ...rest } = record;
          expect(rest).toEqual({
            ...comparable(expected.get(uidOf(record)) as LogRecord),
            scope: { ...rest.scope, name: "slack-otel" },
          });
          expect(Number(observedTimeUnixNano / 1_000_000n)).toBeGreaterThan(Date.now() - 300_000);
        }
        const sources = new Set(received.map(({ eventName }) => eventName.split(".")[1]));
        expect([...sources].toSorted((a = "", b = "") => a.localeCompare(b))).toEqual([
          "access",
          "activity",
          "audit",
          "integration",
        ]);
      },
    );
  }
}
