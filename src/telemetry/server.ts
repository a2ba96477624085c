import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** By path. What throws is answered with 500 and no detail. */
export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

export interface TelemetryServer {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  close(): Promise<void>;
}

/** Whoever asks is on this host or in this Pod, and small. */
const TIMEOUT_MS = 1_000;
const MAX_CONNECTIONS = 50;
const MAX_HEADER_BYTES = 8_192;
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  // A page of ours brings its own, which is wider.
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

/** Serves what is asked for by GET, and nothing else. Rejects where the address cannot be listened on. */
export async function serve(
  { host, port }: { readonly host: string; readonly port: number },
  routes: Routes,
): Promise<TelemetryServer> {
  const server = createServer({
    requestTimeout: TIMEOUT_MS,
    headersTimeout: TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_MS / 2,
    keepAliveTimeout: TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = TIMEOUT_MS;
  server.on("request", (request, response) => {
    void respond(routes, request).then((answer) => send(request, response, answer));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", () => undefined);
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(routes: Routes, { method, url }: IncomingMessage): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") {
    return { ...text(405, "only GET is answered\n"), headers: { allow: "GET, HEAD" } };
  }
  const path = (url ?? "/").split(/[?#]/)[0] ?? "/";
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return text(404, `there is ${Object.keys(routes).join(", ")}\n`);
  try {
    return await route();
  } catch {
    return text(500, "this could not be made; the log of the program may say why\n");
  }
}

function text(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body };
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...HEADERS, "content-type": type, "content-length": bytes.length, ...headers });
  response.end(method === "HEAD" ? undefined : bytes);
}
