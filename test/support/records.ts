import { resourceFromAttributes } from "@opentelemetry/resources";
import type { LogRecord } from "../../src/model.ts";

const resource = resourceFromAttributes({ "service.name": "slack" });
const instrumentationScope = { name: "slack-otel", version: "0.0.0" };

/** A record whose uid tells its number. */
export function recordNumber(number: number, sizeBytes = 100): LogRecord {
  const uid = number.toString(16).padStart(32, "0");
  return {
    uid,
    sizeBytes,
    identity: { key: uid, version: "", mark: number },
    log: {
      hrTime: [1_700_000_000 + number, 0],
      hrTimeObserved: [1_700_000_000 + number, 0],
      body: { number },
      resource,
      instrumentationScope,
      attributes: { "log.record.uid": uid },
      droppedAttributesCount: 0,
    },
  };
}

export function recordNumbers(count: number): LogRecord[] {
  return Array.from({ length: count }, (_, number) => recordNumber(number));
}
