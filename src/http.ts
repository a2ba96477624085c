import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { Agent, EnvHttpProxyAgent, errors, type Dispatcher } from "undici";

/** One exchange with a server. Redirects are answers like any other: never followed. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Bound on the whole exchange, the body included. */
  readonly timeoutMs: number;
  /** Bound on the answer's body, on the wire and again after it is inflated. */
  readonly maxBodyBytes: number;
}

export interface HttpAnswer {
  readonly kind: "answer";
  readonly status: number;
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** What it sets, as `name=value`, without the rest. Nothing keeps them here: that is for the caller to do. */
  readonly cookies?: readonly string[];
  readonly body: Buffer;
}

/** No usable answer. `message` holds no header, no body and no query string. */
export interface HttpFailure {
  readonly kind: "failed";
  readonly reason: "network" | "timeout" | "too_large" | "undecodable";
  /** Of an answer whose head came, but whose body is `too_large` or `undecodable`. */
  readonly status?: number;
  readonly message: string;
}

/** Rejects only with the reason of `signal`. */
export type Http = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer | HttpFailure>;

export interface HttpOptions {
  /** The proxy variables of the environment; `NO_PROXY` is honoured. */
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly no?: string };
  /** PEM texts. `ca` is added to the system's roots by the caller; verification cannot be switched off. */
  readonly tls?: { readonly ca?: string | string[]; readonly cert?: string; readonly key?: string };
  /**
   * Told of the certificate that a server shows, at each new connection, through a proxy as well. Of every client of the
   * process: meant for one that has few.
   */
  readonly onCertificate?: (shown: ShownCertificate) => void;
}

export interface ShownCertificate {
  readonly host: string;
  /** Epoch milliseconds. */
  readonly validToMs: number;
}

/** To one server; further exchanges wait for one to end. Thousands of streams that begin at once would open as many. */
const MAX_CONNECTIONS = 64;

/** What is inflated at a time: each takes a round trip between the thread pool and the event loop, and is then joined. */
const CHUNK_BYTES = { atLeast: 16 * 1024, atMost: 4 * 1024 * 1024 };

interface InflateOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

const inflaters = new Map<string, (data: Buffer, options: InflateOptions) => Promise<Buffer>>([
  ["gzip", promisify(gunzip)],
  ["x-gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
  ["br", promisify(brotliDecompress)],
]);

/** An HTTP client with a connection pool of its own. */
export function createHttp(options: HttpOptions = {}): { readonly http: Http; close(): Promise<void> } {
  const dispatcher = createDispatcher(options);
  const watched = options.onCertificate === undefined ? undefined : watchCertificates(options.onCertificate);
  return {
    http: (exchange, signal) => send(dispatcher, exchange, signal),
    close() {
      watched?.();
      return dispatcher.destroy();
    },
  };
}

/** https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md */
const CONNECTED = "undici:client:connected";

function watchCertificates(tell: NonNullable<HttpOptions["onCertificate"]>): () => void {
  const onConnected = (message: unknown) => {
    const { socket } = message as { socket: unknown };
    if (!isTls(socket)) return;
    const validToMs = Date.parse(socket.getPeerCertificate().valid_to);
    const host = socket.servername || undefined;
    if (host !== undefined && !Number.isNaN(validToMs)) tell({ host, validToMs });
  };
  subscribe(CONNECTED, onConnected);
  return () => void unsubscribe(CONNECTED, onConnected);
}

/** Of plain HTTP there may be none, and `node:tls` takes a while to load. */
function isTls(socket: unknown): socket is TLSSocket {
  return typeof socket === "object" && socket !== null && "getPeerCertificate" in socket;
}

function createDispatcher({ proxy, tls }: HttpOptions): Dispatcher {
  const connect = { ...tls, minVersion: "TLSv1.2" as const, timeout: 10_000 };
  // Collectors close idle connections after 60 s; a connection they close while we write is a lost answer.
  const agentOptions = {
    connect,
    // undici would offer HTTP/2 as well, whose time limits and refusals are others.
    allowH2: false,
    keepAliveTimeout: 20_000,
    keepAliveMaxTimeout: 30_000,
    connections: MAX_CONNECTIONS,
  };
  if (proxy?.http === undefined && proxy?.https === undefined) return new Agent(agentOptions);
  return new EnvHttpProxyAgent({
    ...agentOptions,
    requestTls: connect,
    ...(proxy.http === undefined ? {} : { httpProxy: proxy.http }),
    ...(proxy.https === undefined ? {} : { httpsProxy: proxy.https }),
    ...(proxy.no === undefined ? {} : { noProxy: proxy.no }),
  });
}

async function send(
  dispatcher: Dispatcher,
  exchange: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer | HttpFailure> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(exchange.timeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  try {
    const { origin, pathname, search } = new URL(exchange.url);
    const answer = await dispatcher.request({
      origin,
      path: pathname + search,
      method: exchange.method,
      headers: { ...exchange.headers },
      body: exchange.body ?? null,
      signal: either,
      // The deadline above bounds the whole; undici's own limits are per chunk and would end a slow answer early.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const headers: Record<string, string | undefined> = Object.create(null);
    for (const [name, value] of Object.entries(answer.headers)) headers[name] = Array.isArray(value) ? value[0] : value;
    const raw = await readBody(answer.body, exchange.maxBodyBytes);
    if (raw === undefined) return tooLarge(exchange, answer.statusCode);
    const body = await inflateBody(raw, headers["content-encoding"], exchange.maxBodyBytes);
    if (body === "too_large") return tooLarge(exchange, answer.statusCode);
    if (body === undefined)
      return {
        kind: "failed",
        reason: "undecodable",
        status: answer.statusCode,
        message: "the answer's body is not in the encoding that its Content-Encoding header names",
      };
    const cookies = [answer.headers["set-cookie"] ?? []].flat().map((cookie) => cookie.split(";", 1)[0] ?? "");
    return { kind: "answer", status: answer.statusCode, headers, ...(cookies.length > 0 ? { cookies } : {}), body };
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted)
      return { kind: "failed", reason: "timeout", message: `no complete answer within ${exchange.timeoutMs / 1000} s` };
    return { kind: "failed", reason: "network", message: describeNetworkError(error) };
  }
}

function tooLarge({ maxBodyBytes }: HttpRequest, status: number): HttpFailure {
  return { kind: "failed", reason: "too_large", status, message: `the answer is larger than ${maxBodyBytes} bytes` };
}

async function readBody(body: Dispatcher.ResponseData["body"], maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      body.destroy();
      return undefined;
    }
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
}

async function inflateBody(
  raw: Buffer,
  encoding: string | undefined,
  maxOutputLength: number,
): Promise<Buffer | "too_large" | undefined> {
  if (encoding === undefined || encoding === "" || encoding.toLowerCase() === "identity" || raw.length === 0)
    return raw;
  const inflater = inflaters.get(encoding.toLowerCase());
  if (inflater === undefined) return undefined;
  try {
    // A gzip stream ends with the size of what it holds (RFC 1952, ISIZE). No more than a hint.
    const expected = raw.length < 18 ? 0 : raw.readUInt32LE(raw.length - 4) + 1;
    const chunkSize = expected > CHUNK_BYTES.atMost ? CHUNK_BYTES.atLeast : Math.max(expected, CHUNK_BYTES.atLeast);
    return await inflater(raw, { maxOutputLength, chunkSize });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "too_large" : undefined;
  }
}

/** Chosen fields only: the text of an error can quote a header value or a whole URL. */
function describeNetworkError(error: unknown): string {
  const code = findCode(error);
  if (code !== undefined) return `connection failed: ${code}`;
  if (error instanceof errors.UndiciError) return `connection failed: ${error.name}`;
  // A programming mistake is a TypeError too; only its name is told, for its text may quote a header.
  throw error;
}

function findCode(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (typeof code === "string") return code;
    if (cause instanceof AggregateError && cause.errors.length > 0) return findCode(cause.errors[0]);
  }
  return undefined;
}
