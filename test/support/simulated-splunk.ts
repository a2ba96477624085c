import { inflateRequest } from "./otlp-decoder.ts";
import type { ReceivedRequest, ServerAnswer } from "./scripted-server.ts";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** All that an event may have: any other key loses it and all after it, with a yes. */
const KEYS = new Set(["time", "host", "source", "sourcetype", "index", "event", "fields"]);

export interface HecEvent {
  readonly time?: number;
  readonly event: unknown;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface SimulatedSplunkOptions {
  readonly token: string;
  /** The token waits for indexers. */
  readonly useAck?: boolean;
  /** Whether an event is at fault: HTTP 400 with code 6 and its number, after those before it were taken. */
  readonly poison?: (event: HecEvent) => boolean;
  /** Behind a balancer: each request without a cookie goes to the next one. */
  readonly indexers?: number;
  readonly maxContentLength?: number;
}

export interface SimulatedSplunk {
  handle(request: ReceivedRequest): ServerAnswer;
  /** Every event taken, in order; one that came twice is there twice. */
  readonly taken: readonly HecEvent[];
  /** The indexers have written all they took: from now on it is acknowledged. */
  index(): void;
  /** Forgets every channel, as a restart does. */
  restart(): void;
  readonly questions: number;
}

interface Channel {
  readonly indexed: Map<number, boolean>;
}

/**
 * The HTTP Event Collector as Splunk documents it, with what third parties found out about it: a batch is not atomic,
 * an acknowledgement is told once, and only the indexer that took the events knows of it. No real Splunk was asked.
 */
export function createSimulatedSplunk(options: SimulatedSplunkOptions): SimulatedSplunk {
  const { token, useAck = false, poison = () => false, maxContentLength = 838_860_800 } = options;
  const taken: HecEvent[] = [];
  const indexers = Array.from({ length: options.indexers ?? 1 }, () => new Map<string, Channel>());
  let next = 0;
  let questions = 0;

  function handle(request: ReceivedRequest): ServerAnswer {
    const [path = "", query = ""] = request.path.split("?");
    const { headers } = request;
    if (headers["authorization"] === undefined) return answer(401, 2, "Token is required");
    if (!headers["authorization"].startsWith("Splunk ")) return answer(401, 3, "Invalid authorization");
    if (headers["authorization"] !== `Splunk ${token}`) return answer(403, 4, "Invalid token");
    const named = /indexer=(\d+)/.exec(headers["cookie"] ?? "");
    const indexer = named === null ? next++ % indexers.length : Number(named[1]);
    const reply = route(path, query, request, indexers[indexer] as Map<string, Channel>);
    if (typeof reply === "string" || indexers.length < 2) return reply;
    return { ...reply, headers: { ...reply.headers, "set-cookie": `indexer=${indexer}; Path=/; HttpOnly` } };
  }

  function route(path: string, query: string, request: ReceivedRequest, known: Map<string, Channel>): ServerAnswer {
    const name = new URLSearchParams(query).get("channel") ?? request.headers["x-splunk-request-channel"];
    if (useAck && name === undefined) return answer(400, 10, "Data channel is missing");
    if (name !== undefined && !GUID.test(name)) return answer(400, 11, "Invalid data channel");
    const channel = known.get(name ?? "") ?? { indexed: new Map<number, boolean>() };
    known.set(name ?? "", channel);
    if (path === "/services/collector/event") return takeEvents(request, channel);
    if (path !== "/services/collector/ack") return { status: 404, body: "<html>not found</html>" };
    questions += 1;
    if (!useAck) return answer(400, 14, "ACK is disabled");
    const { acks } = JSON.parse(request.body.toString()) as { acks: number[] };
    const told = acks.map((id) => [String(id), channel.indexed.get(id) === true] as const);
    for (const [id, isIndexed] of told) if (isIndexed) channel.indexed.delete(Number(id));
    return json(200, { acks: Object.fromEntries(told) });
  }

  function takeEvents(request: ReceivedRequest, channel: Channel): ServerAnswer {
    const text = Buffer.from(inflateRequest(request.headers["content-encoding"], request.body)).toString();
    if (Buffer.byteLength(text) > maxContentLength) return { status: 413, body: "<html>too large</html>" };
    if (text === "") return answer(400, 5, "No data");
    const batch: HecEvent[] = [];
    for (const [number, line] of text.split("\n").entries()) {
      const event = JSON.parse(line) as HecEvent;
      if (Object.keys(event).some((key) => !KEYS.has(key))) break;
      const refusal = refusalOf(event);
      if (refusal !== undefined) {
        taken.push(...batch);
        return answer(400, ...refusal, { "invalid-event-number": number });
      }
      batch.push(event);
    }
    taken.push(...batch);
    if (!useAck) return answer(200, 0, "Success");
    const ackId = channel.indexed.size;
    channel.indexed.set(ackId, false);
    return answer(200, 0, "Success", { ackId });
  }

  function refusalOf(event: HecEvent): [number, string] | undefined {
    if (event.event === undefined || event.event === null) return [12, "Event field is required"];
    if (event.event === "") return [13, "Event field cannot be blank"];
    const isFlat = Object.values(event.fields ?? {}).every(
      (value) => typeof value !== "object" || (Array.isArray(value) && value.every((item) => typeof item !== "object")),
    );
    if (!isFlat) return [15, "Error in handling indexed fields"];
    return poison(event) ? [6, "Invalid data format"] : undefined;
  }

  return {
    handle,
    taken,
    index() {
      for (const indexer of indexers)
        for (const { indexed } of indexer.values()) for (const id of indexed.keys()) indexed.set(id, true);
    },
    restart() {
      for (const indexer of indexers) indexer.clear();
    },
    get questions() {
      return questions;
    },
  };
}

function answer(status: number, code: number, text: string, more: object = {}): ServerAnswer {
  return json(status, { text, code, ...more });
}

function json(status: number, body: object) {
  return { status, headers: { "content-type": "application/json; charset=UTF-8" }, body: JSON.stringify(body) };
}
