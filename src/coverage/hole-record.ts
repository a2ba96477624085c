import { hash } from "node:crypto";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { resourceOf } from "../mapping/resource.ts";
import type { LogRecord } from "../model.ts";
import { HOLE_REASONS, type Hole, type OpenHole } from "./hole.ts";

/** What was found missing, before it was told. */
export type Found = Omit<Hole, "toMs"> & Partial<Pick<Hole, "toMs">> & Partial<Pick<OpenHole, "code" | "message">>;

export interface HoleRecordOptions {
  readonly stream: string;
  /** Slack's method, as in the attribute `slack.method`. */
  readonly method: string;
  /** Configured attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

/** The event name of such a record. */
export const HOLE_EVENT = "slack.coverage.hole";
/** More than its text and attributes take in any form. */
const SIZE_BYTES = 4_000;

/**
 * Makes the record `slack.coverage.hole`. It depends on the stream and the hole alone, so that it is the same record
 * when it has to be sent again; by when it was found, since records of the same time may be lost again later.
 */
export function createHoleRecords({ stream, method, resource: configured, version }: HoleRecordOptions) {
  const resource = resourceOf(stream, configured);
  const instrumentationScope = { name: "slack-otel", version };
  return (hole: Found): LogRecord => {
    const { reason, fromMs, toMs, records, untold = 0, code } = hole;
    const uid = hash("sha256", JSON.stringify([stream, "hole", reason, fromMs, toMs, records, untold]), "hex").slice(
      0,
      32,
    );
    const time: [number, number] = [Math.floor(untold / 1000), Math.round((untold % 1000) * 1e6)];
    const log: ReadableLogRecord = {
      hrTime: time,
      hrTimeObserved: time,
      eventName: HOLE_EVENT,
      severityNumber: 13,
      body: `${stream}: ${sentenceOf(hole)}`,
      attributes: {
        "log.record.uid": uid,
        "slack.method": method,
        "slack.stream": stream,
        "slack.coverage.reason": reason,
        "slack.coverage.from": isoMs(fromMs),
        ...(toMs === undefined ? {} : { "slack.coverage.to": isoMs(toMs) }),
        ...(records === undefined ? {} : { "slack.coverage.records": records }),
        ...(code === undefined ? {} : { "error.type": code }),
      },
      droppedAttributesCount: 0,
      resource,
      instrumentationScope,
    };
    return { uid, identity: { key: uid, version: "", mark: 0 }, log, sizeBytes: SIZE_BYTES };
  };
}

/** For a person: what is missing, and why. */
export function sentenceOf({ reason, fromMs, toMs, records, message }: Found): string {
  const what = records === undefined ? "nothing" : records === 1 ? "1 record was not" : `${records} records were not`;
  const time = toMs === undefined ? `since ${isoMs(fromMs)}` : `from ${isoMs(fromMs)} to ${isoMs(toMs)}`;
  const verb = records === undefined ? " is delivered" : " delivered";
  return `${what}${verb} ${time} (${reason}): ${message ?? HOLE_REASONS[reason]}`;
}

/** RFC 3339, whole seconds without a fraction. */
export function isoMs(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
