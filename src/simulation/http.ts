import type { Http, HttpAnswer, HttpFailure, HttpRequest } from "../http.ts";
import type { Reply, Request } from "./call.ts";

export interface SimulatedHttpOptions {
  readonly handle: (request: Request) => Reply;
  /** Waits on the clock that the client goes by. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** How long an answer takes to come. */
  readonly latencyMs: () => number;
}

/** The client's view of the simulated Slack without sockets: wire faults become what the real client reports. */
export function createSimulatedHttp({ handle, sleep, latencyMs }: SimulatedHttpOptions): Http {
  return async (exchange, signal) => {
    signal.throwIfAborted();
    const latency = latencyMs();
    if (latency > 0) await sleep(latency, signal);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(exchange.headers)) headers[name.toLowerCase()] = value;
    const body = typeof exchange.body === "object" ? Buffer.from(exchange.body).toString() : (exchange.body ?? "");
    return receive(handle({ method: exchange.method, url: exchange.url, headers, body }), exchange, sleep, signal);
  };
}

async function receive(
  reply: Reply,
  { timeoutMs, maxBodyBytes }: HttpRequest,
  sleep: SimulatedHttpOptions["sleep"],
  signal: AbortSignal,
): Promise<HttpAnswer | HttpFailure> {
  if (reply.kind === "reset") return reset();
  const waitMs = waitOf(reply);
  await sleep(Math.min(waitMs, timeoutMs), signal);
  if (waitMs >= timeoutMs || reply.kind === "silence")
    return { kind: "failed", reason: "timeout", message: `no complete answer within ${timeoutMs / 1000} s` };
  if (reply.delivery.how === "cut") return reset();
  if (reply.headers["content-encoding"] !== undefined)
    return { kind: "failed", reason: "undecodable", message: "the answer's body is not in its encoding" };
  const body = Buffer.from(reply.body as string);
  if (body.length > maxBodyBytes)
    return { kind: "failed", reason: "too_large", message: `the answer is larger than ${maxBodyBytes} bytes` };
  reply.delivered?.();
  const headers: Record<string, string | undefined> = Object.assign(Object.create(null), reply.headers);
  return { kind: "answer", status: reply.status, headers, body };
}

function reset(): HttpFailure {
  return { kind: "failed", reason: "network", message: "connection failed: ECONNRESET" };
}

function waitOf(reply: Exclude<Reply, { kind: "reset" }>): number {
  if (reply.kind === "silence") return Infinity;
  const { delivery } = reply;
  if (delivery.how === "stall") return Infinity;
  if (delivery.how === "late") return delivery.afterMs;
  return delivery.how === "drip" ? delivery.overMs : 0;
}
