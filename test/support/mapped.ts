import { identify, type Identified } from "../../src/mapping/identity.ts";
import { parseLossless } from "../../src/mapping/lossless.ts";
import { createMapper, type RecordFacts, type ToRecord } from "../../src/mapping/record.ts";
import { SOURCE_NAMES, type LogRecord, type SourceName } from "../../src/model.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";

export const OBSERVED_MS = Date.UTC(2026, 0, 1);

const mappers = Object.fromEntries(
  SOURCE_NAMES.map((source) => [
    source,
    createMapper(sourceDefinitions[source], { stream: streamOf(source), version: "1.2.3", resource: {} }),
  ]),
) as Record<SourceName, ToRecord>;

/** The entries of one answer, given as the text that Slack sends. */
export function identified(source: SourceName, answer: string): Identified[] {
  return identify(sourceDefinitions[source], streamOf(source), parseLossless(answer) as unknown[]);
}

/** The records of one answer, given as the text that Slack sends. */
export function mapped(source: SourceName, answer: string, facts: Partial<RecordFacts> = {}): LogRecord[] {
  const whole = { observedMs: OBSERVED_MS, mark: 1, ...facts };
  return identified(source, answer).map((entry) => mappers[source](entry, whole));
}

/** The record of one entry. */
export function mappedOne(source: SourceName, entry: string, facts: Partial<RecordFacts> = {}): LogRecord {
  const [record] = mapped(source, `[${entry}]`, facts);
  if (record === undefined) throw new Error("no record");
  return record;
}

function streamOf(source: SourceName): string {
  return `${source}/T0123`;
}
