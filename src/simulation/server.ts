import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { Reply } from "./call.ts";
import type { SimulatedSlack } from "./slack.ts";

export interface ListenOptions {
  /** Ends the server as `close` does. */
  readonly signal?: AbortSignal;
  /** Default: for whoever accepts it. */
  readonly gzip?: "accepted" | "always" | "never";
}

export interface Listening {
  /** `http://127.0.0.1:PORT/api/` */
  readonly apiUrl: string;
  /** `http://127.0.0.1:PORT/audit/v1/` */
  readonly auditUrl: string;
  /** Cuts every connection and waits for the server to end. */
  close(): Promise<void>;
}

/** The simulated Slack on a free port of the loopback address, wire faults and all. */
export async function listen(slack: Pick<SimulatedSlack, "handle">, options: ListenOptions = {}): Promise<Listening> {
  const { signal, gzip = "accepted" } = options;
  signal?.throwIfAborted();
  const server = createServer((request, response) => {
    void answer(slack, request, response, gzip).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => end(server);
  const onAbort = () => void close();
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    apiUrl: `http://127.0.0.1:${port}/api/`,
    auditUrl: `http://127.0.0.1:${port}/audit/v1/`,
    async close() {
      signal?.removeEventListener("abort", onAbort);
      await close();
    },
  };
}

async function end(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function answer(
  slack: Pick<SimulatedSlack, "handle">,
  request: IncomingMessage,
  response: ServerResponse,
  gzip: "accepted" | "always" | "never",
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value[0] : value;
  const reply = slack.handle({
    method: request.method ?? "GET",
    url: request.url ?? "/",
    headers,
    body: Buffer.concat(chunks).toString(),
  });
  const accepts = gzip === "always" || (gzip === "accepted" && /\bgzip\b/.test(headers["accept-encoding"] ?? ""));
  send(reply, response, accepts);
}

function send(reply: Reply, response: ServerResponse, gzip: boolean): void {
  if (reply.kind === "silence") return;
  if (reply.kind === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  const packed = gzip && reply.headers["content-encoding"] === undefined;
  const body = packed ? gzipSync(reply.body, { level: 1 }) : Buffer.from(reply.body as string);
  const write = () => {
    response.writeHead(reply.status, {
      ...reply.headers,
      ...(packed ? { "content-encoding": "gzip" } : {}),
      "content-length": String(body.length),
    });
    if (reply.delivered !== undefined) response.once("finish", reply.delivered);
  };
  const half = body.subarray(0, body.length >> 1);
  const { delivery } = reply;
  switch (delivery.how) {
    case "whole":
      write();
      response.end(body);
      return;
    case "late":
      later(response, delivery.afterMs, () => {
        write();
        response.end(body);
      });
      return;
    case "drip":
      write();
      drip(response, body, delivery.overMs);
      return;
    case "cut":
      write();
      response.write(half, () => response.socket?.resetAndDestroy());
      return;
    case "stall":
      write();
      response.write(half);
      return;
  }
}

/** Ten pieces, evenly spread. */
function drip(response: ServerResponse, body: Buffer, overMs: number): void {
  const pieces = 10;
  const size = Math.max(1, Math.ceil(body.length / pieces));
  const next = (from: number) => {
    if (from + size >= body.length) response.end(body.subarray(from));
    else {
      response.write(body.subarray(from, from + size));
      later(response, overMs / pieces, () => next(from + size));
    }
  };
  next(0);
}

/** A timer that a connection takes with it when it goes. */
function later(response: ServerResponse, ms: number, action: () => void): void {
  const timer = setTimeout(action, ms);
  response.once("close", () => clearTimeout(timer));
}
