/**
 * A decoder of OTLP/HTTP log requests that shares no code with OpenTelemetry's packages, so that what those write is
 * judged by something else. It is strict: what a receiver may refuse, it refuses.
 */
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { DecodedRecord } from "./decoded.ts";
import { decodeJson } from "./otlp-json.ts";
import { decodeProtobuf } from "./otlp-protobuf.ts";

export { toPlain, uidOf, type DecodedRecord, type DecodedValue } from "./decoded.ts";
export { decodeJson, decodeProtobuf };

/** The records of a request, by its Content-Type. */
export function decodeRequest(contentType: string | undefined, bytes: Uint8Array): DecodedRecord[] {
  if (contentType === "application/x-protobuf") return decodeProtobuf(bytes);
  if (contentType === "application/json") return decodeJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  throw new Error(`the content type ${contentType}`);
}

/** The request's bytes before compression, by its Content-Encoding. */
export function inflateRequest(contentEncoding: string | undefined, bytes: Uint8Array): Uint8Array {
  if (contentEncoding === undefined) return bytes;
  if (contentEncoding === "gzip") return gunzipSync(bytes);
  if (contentEncoding === "zstd") return zstdDecompressSync(bytes);
  throw new Error(`unsupported Content-Encoding: ${contentEncoding}`);
}
