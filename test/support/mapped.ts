import { identify, type Identified } from "../../src/mapping/identity.ts";
import { parseLossless } from "../../src/mapping/lossless.ts";
import { createMapper, type RecordFacts } from "../../src/mapping/record.ts";
import { SOURCE_NAMES, type LogRecord, type SourceName } from "../../src/model.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";

export const OBSERVED_MS = Date.UTC(2026, 0, 1);

/** The entries of one answer, given as the text that Slack sends. */
export function identified(source: SourceName, answer: string, stream = `${source}/T0123`): Identified[] {
  return identify(sourceDefinitions[source], stream, parseLossless(answer) as unknown[]);
}

const mappers = new Map(
  SOURCE_NAMES.map((source) => [
    source,
    createMapper(sourceDefinitions[source], { stream: `${source}/T0123`, version: "1.2.3", resource: {} }),
  ]),
);

/** The records of one answer, given as the text that Slack sends. */
export function mapped(source: SourceName, answer: string, facts: Partial<RecordFacts> = {}): LogRecord[] {
  const stream = `${source}/T0123`;
  const toRecord = createMapper(sourceDefinitions[source], { stream, version: "1.2.3", resource: {} });
  return identified(source, answer, stream).map((entry) =>
    toRecord(entry, { observedMs: OBSERVED_MS, mark: 1, ...facts }),
  );
}

/** The record of one entry. */
export function mappedOne(source: SourceName, entry: string, facts: Partial<RecordFacts> = {}): LogRecord {
  const [record] = mapped(source, `[${entry}]`, facts);
  if (record === undefined) throw new Error("no record");
  return record;
}
