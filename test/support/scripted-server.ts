import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

/** A request as it arrived, whole. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As it was on the wire. */
  readonly body: Buffer;
}

export type ServerAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  /** Never answered. */
  | "hang"
  /** The connection is reset instead. */
  | "reset"
  /** The head of a 200 and the start of its body come, then the connection is cut. */
  | "cut"
  /** The head of a 200 comes, and its body never ends. */
  | "stall";

export interface ScriptedServer extends AsyncDisposable {
  /** `http://127.0.0.1:port`, without a path; `https://localhost:port` with TLS. */
  readonly url: string;
  /** Every request, in the order in which they were complete. */
  readonly requests: readonly ReceivedRequest[];
  close(): Promise<void>;
}

export interface ScriptedServerOptions {
  readonly tls?: ServerOptions;
  /** A request has begun; its body may not be there yet. */
  readonly onConnection?: () => void;
}

/** A server on a free port that answers as it is told. */
export async function createScriptedServer(
  handle: (request: ReceivedRequest) => ServerAnswer | Promise<ServerAnswer>,
  { tls, onConnection }: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const requests: ReceivedRequest[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    onConnection?.();
    void serve(request, response).catch((error: unknown) => {
      // The client has gone, which is what some tests are about; anything else shows as a missing answer.
      if (!request.destroyed) response.writeHead(599).end(String(error));
    });
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const received = { method: request.method ?? "", path: request.url ?? "", headers, body: Buffer.concat(chunks) };
    requests.push(received);
    reply(response, await handle(received));
  };
  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    requests,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function reply(response: ServerResponse, answer: ServerAnswer): void {
  if (answer === "hang") return;
  if (answer === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  if (answer === "cut" || answer === "stall") {
    response.writeHead(200, { "content-length": "100", "content-type": "application/json" });
    response.write("{", () => {
      if (answer === "cut") response.socket?.destroy();
    });
    return;
  }
  response.writeHead(answer.status, answer.headers).end(answer.body);
}
