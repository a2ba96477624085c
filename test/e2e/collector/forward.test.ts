import { expect } from "vitest";
import type { LogRecord } from "../../../src/model.ts";
import { addHostileEntries } from "../../../src/simulation/hostile.ts";
import type { DecodedRecord } from "../../support/otlp-decoder.ts";
import { createStillSlack, expectedRecords, runOnce } from "../whole-run.ts";
import { collectorTest } from "./collector-test.ts";

/** With every kind of hostile entry in it. */
function createHostileSlack() {
  const slack = createStillSlack();
  addHostileEntries(slack.world, slack.now() - 3_600_000);
  return slack;
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
        const slack = createHostileSlack();
        const expected = await expectedRecords(slack);
        const destination = { otlp: { endpoint: collector.endpoint, encoding, compression } };
        const { code, stderr } = await runOnce(slack, { destination });
        expect(code, stderr).toBe(0);
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
