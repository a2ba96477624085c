import type { LogRecord } from "../model.ts";
import { serialize } from "./encode.ts";

/** The Collector's file receivers cut lines that are longer. */
export const MAX_LINE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * The records as lines of OTLP/JSON, each a request (OTLP File Exporter specification). Records whose line would be too
 * long are halved; one alone is a line, however long.
 */
export function* jsonLines(records: readonly LogRecord[]): Generator<Uint8Array> {
  const bytes = serialize(records, "json");
  if (bytes.length >= MAX_LINE_BYTES && records.length > 1) {
    const half = Math.ceil(records.length / 2);
    yield* jsonLines(records.slice(0, half));
    yield* jsonLines(records.slice(half));
    return;
  }
  const line = new Uint8Array(bytes.length + 1);
  line.set(bytes);
  line[bytes.length] = NEWLINE;
  yield line;
}
