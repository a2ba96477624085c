import { promisify } from "node:util";
import {
  constants,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
  type ZlibOptions,
  type ZstdOptions,
} from "node:zlib";
import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { LogRecord } from "../model.ts";
import { serializeProtobuf } from "./protobuf.ts";

export const ENCODINGS = ["protobuf", "json"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export const COMPRESSIONS = ["gzip", "zstd", "none"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/**
 * The records as one ExportLogsServiceRequest (OTLP 1.11), in their order within each resource and scope. `spare`: a
 * buffer that nobody uses any more, which the request may be written into.
 */
export function serialize(records: readonly LogRecord[], encoding: Encoding, spare?: Buffer): Uint8Array {
  if (encoding === "protobuf") return serializeProtobuf(records, sum(records), spare);
  const bytes = JsonLogsSerializer.serializeRequest(records.map(({ log }) => log));
  if (bytes === undefined) throw new Error("the JSON serializer returned nothing");
  return bytes;
}

function sum(records: readonly LogRecord[]): number {
  let bytes = 1024;
  for (const { sizeBytes } of records) bytes += sizeBytes;
  return bytes;
}

/** One record as one OTLP/JSON request: a line of text without line breaks. */
export function toJsonLine(record: LogRecord): string {
  return Buffer.from(serialize([record], "json")).toString();
}

const gzipBytes = promisify<Uint8Array, ZlibOptions, Buffer>(gzip);
const zstdBytes = promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress);

// Level 1 takes a half to three quarters of the usual 6 and makes 2 to 15 % more bytes of such records. Chunks of 64 KiB
// hold most results in a few round trips between the thread pool and the event loop.
const CHUNK_BYTES = 64 * 1024;
const GZIP = { level: 1, memLevel: 9, chunkSize: CHUNK_BYTES };
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: CHUNK_BYTES };

/** A smaller request is compressed in less time than the way to the thread pool and back takes, in a millisecond at most. */
export const ON_THE_SPOT_BYTES = 32 * 1024;

const compressors: Readonly<Record<Compression, (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>>> = {
  gzip: (bytes) => (bytes.length < ON_THE_SPOT_BYTES ? gzipSync(bytes, GZIP) : gzipBytes(bytes, GZIP)),
  zstd: (bytes) => (bytes.length < ON_THE_SPOT_BYTES ? zstdCompressSync(bytes, ZSTD) : zstdBytes(bytes, ZSTD)),
  none: (bytes) => bytes,
};

/** Compresses, what is large on the thread pool. */
export async function compress(bytes: Uint8Array, compression: Compression): Promise<Uint8Array> {
  return compressors[compression](bytes);
}
