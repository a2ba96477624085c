/**
 * A process of the bench: says yes to every request at once, and counts the records when nobody is waiting. `report`
 * asks for what came since the last one.
 */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { inflateRequest } from "../support/otlp-decoder.ts";
import { protobufFields } from "../support/protobuf-fields.ts";
import { send } from "./messages.ts";

interface Request {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let requests: Request[] = [];

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => void chunks.push(chunk));
  request.on("end", () => {
    const path = request.url ?? "";
    requests.push({ path, headers: request.headers, body: Buffer.concat(chunks) });
    const json = request.headers["content-type"] === "application/json";
    const yes = path.startsWith("/services/collector") ? '{"text":"Success","code":0}' : "{}";
    response.writeHead(200, { "content-type": request.headers["content-type"] }).end(json ? yes : "");
  });
});

function recordsOf({ path, headers, body }: Request): number {
  const bytes = inflateRequest(headers["content-encoding"], body);
  if (path.startsWith("/services/collector")) return Buffer.from(bytes).toString().split("\n").length;
  if (path === "/api/v2/logs") return (JSON.parse(Buffer.from(bytes).toString()) as unknown[]).length;
  if (headers["content-type"] !== "application/json") return countAt(bytes, [1, 2, 2]);
  const { resourceLogs } = JSON.parse(Buffer.from(bytes).toString()) as JsonRequest;
  const scopes = resourceLogs.flatMap(({ scopeLogs }) => scopeLogs);
  return scopes.reduce((sum, { logRecords }) => sum + logRecords.length, 0);
}

interface JsonRequest {
  readonly resourceLogs: readonly { readonly scopeLogs: readonly { readonly logRecords: readonly unknown[] }[] }[];
}

/** How many messages there are at the end of this path of field numbers. */
function countAt(bytes: Uint8Array, [field, ...rest]: readonly number[]): number {
  let count = 0;
  for (const { number, value } of protobufFields(bytes)) {
    if (number !== field || value.wire !== "bytes") continue;
    count += rest.length === 0 ? 1 : countAt(value.bytes, rest);
  }
  return count;
}

process.on("message", () => {
  const received = requests;
  requests = [];
  send({
    requests: received.length,
    records: received.reduce((sum, request) => sum + recordsOf(request), 0),
    bytes: received.reduce((sum, { body }) => sum + body.length, 0),
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
send({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
