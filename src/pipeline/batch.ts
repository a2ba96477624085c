import type { LogRecord } from "../model.ts";

export interface BatchLimits {
  readonly maxRecords: number;
  /** By the records' own estimate; the destination measures the real request again. */
  readonly maxBytes: number;
}

/** Cuts records, in their order, into batches within both limits. A single record over the limit is a batch alone. */
export function* batches(records: readonly LogRecord[], limits: BatchLimits): Generator<readonly LogRecord[]> {
  let start = 0;
  let bytes = 0;
  for (const [index, { sizeBytes }] of records.entries()) {
    if (index > start && (index - start >= limits.maxRecords || bytes + sizeBytes > limits.maxBytes)) {
      yield records.slice(start, index);
      start = index;
      bytes = 0;
    }
    bytes += sizeBytes;
  }
  if (start < records.length) yield records.slice(start);
}
