import { hash } from "node:crypto";
import type { SpanContext } from "@opentelemetry/api";
import { toText } from "./attributes.ts";
import { valueAt, type Fields } from "./fields.ts";
import type { Mapping } from "./mapping.ts";

/** Entries of one run come close to one another, so a few runs at a time are enough. */
const REMEMBERED = 1_000;
/** Slack's ids are far shorter; a longer text is not kept in memory. */
const REMEMBERED_LENGTH = 64;

/**
 * Reads which trace and span an entry belongs to. Trace id: the first 16 bytes of SHA-256 over the UTF-8 text, or the
 * text itself where it is a trace id already. Span id: the first 8 bytes of SHA-256. A trace id may come without a
 * span id, which OpenTelemetry's type does not know.
 */
export function createReadTrace(trace: Mapping["trace"]): (entry: Fields) => SpanContext | undefined {
  if (trace === undefined) return () => undefined;
  const [tracePath, spanPath] = [trace.traceId.split("."), trace.spanId.split(".")];
  const traceIds = remembering(traceIdOf);
  const spanIds = remembering((text) => hash("sha256", text, "hex").slice(0, 16));
  return (entry) => {
    const traceId = nonEmpty(valueAt(entry, tracePath), traceIds);
    const spanId = nonEmpty(valueAt(entry, spanPath), spanIds);
    if (traceId === undefined && spanId === undefined) return undefined;
    return { traceId, spanId, traceFlags: 0 } as SpanContext;
  };
}

function traceIdOf(text: string): string {
  const isTraceId = /^[0-9a-f]{32}$/i.test(text) && !/^0+$/.test(text);
  return isTraceId ? text.toLowerCase() : hash("sha256", text, "hex").slice(0, 32);
}

function nonEmpty(value: unknown, idOf: (text: string) => string): string | undefined {
  const text = toText(value);
  return text === undefined || text === "" ? undefined : idOf(text);
}

function remembering(idOf: (text: string) => string): (text: string) => string {
  const ids = new Map<string, string>();
  return (text) => {
    let id = ids.get(text);
    if (id !== undefined) return id;
    id = idOf(text);
    if (ids.size >= REMEMBERED) ids.clear();
    if (text.length <= REMEMBERED_LENGTH) ids.set(text, id);
    return id;
  };
}
