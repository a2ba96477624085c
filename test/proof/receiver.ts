import type { Http, HttpAnswer, HttpFailure, HttpRequest } from "../../src/http.ts";
import { mix } from "../../src/simulation/random.ts";
import { decodeRequest, toPlain, uidOf, type DecodedRecord } from "../support/otlp-decoder.ts";
import type { DestinationFault, Schedule } from "./schedule.ts";

/** A record as it arrived, or as it was set aside. */
export interface Arrival {
  readonly uid: string;
  /** Slack's method, and whose log it is. */
  readonly stream: string;
  /** The body as JSON, its keys in their order. */
  readonly text: string;
  /** The record's own time, as it stands on the wire. */
  readonly time: string;
  /** It tells of a hole in what is covered, and is no entry of Slack's. */
  readonly isHole: boolean;
}

/** What one request meets, beside what its records themselves deserve. */
export type Fate = DestinationFault | "credentials" | "gone" | undefined;

/** What is answered by status alone, and says what came in the header that is a secret. */
const REFUSALS: { readonly [Name in NonNullable<Fate>]?: { readonly status: number; readonly text: string } } = {
  unavailable: { status: 503, text: "down for maintenance" },
  server_error: { status: 500, text: "internal" },
  credentials: { status: 401, text: "who are you" },
  gone: { status: 404, text: "no such path" },
};

export interface Receiver {
  readonly accepted: readonly Arrival[];
  /** Records whose acceptance the program cannot have learnt of, by stream: so many may come again. */
  readonly unlearnt: ReadonlyMap<string, number>;
  /** The most records of a stream in one request. */
  readonly mostAtOnce: ReadonlyMap<string, number>;
  isPoison(uid: string): boolean;
  /** Takes only part in the answers while its program lives. */
  connect(options: Connection): Http;
  /** From now on nothing is out of order, but what it refuses for good. */
  mend(): void;
}

export interface Connection {
  /** Asked for each request. */
  readonly fate: () => Fate;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Below `limit`. */
  readonly below: (limit: number) => number;
  readonly told: (what: string, records: readonly Arrival[]) => void;
}

const HOLE = "slack.coverage.hole";
const LATENCY_MS = 20;
/** A defect of the receiver's own is mended after it showed so often: alone in its batch, its record would wait for it. */
const SERVER_ERRORS = 60;

/** A receiver in the program's own process: OTLP as a Collector has it, or Splunk's HTTP Event Collector. */
export function createReceiver({ destination, poison }: Pick<Schedule, "destination" | "poison">): Receiver {
  const protocol = destination === "splunk_hec" ? hec : otlp;
  const accepted: Arrival[] = [];
  const unlearnt = new Map<string, number>();
  const mostAtOnce = new Map<string, number>();
  let serverErrors = 0;

  const chance = (uid: string, salt: number) => mix(Number.parseInt(uid.slice(0, 8), 16), salt) % 1000;
  const isPoison = (uid: string) => chance(uid, 1) < poison.perMille;
  const isServerPoison = (uid: string) => serverErrors < SERVER_ERRORS && chance(uid, 2) < poison.serverErrorPerMille;

  const take = (records: readonly Arrival[]) => void accepted.push(...records);
  const forget = (records: readonly Arrival[]) => {
    for (const { stream } of records) unlearnt.set(stream, (unlearnt.get(stream) ?? 0) + 1);
  };

  async function receive(request: HttpRequest, signal: AbortSignal, connection: Connection) {
    const { sleep, told, below } = connection;
    await sleep(LATENCY_MS, signal);
    const { answer, failure } = protocol;
    const type = request.headers["content-type"] ?? "";
    const fate = connection.fate();
    const refusal = fate === undefined ? undefined : REFUSALS[fate];
    if (fate !== undefined && refusal !== undefined) {
      // Nobody reads the request.
      told(fate, []);
      return failure(type, refusal.status, `${refusal.text}, ${request.headers["authorization"] ?? "stranger"}`);
    }
    const records = protocol.read(request.body as Uint8Array, type);
    const [first] = records;
    if (first !== undefined) mostAtOnce.set(first.stream, Math.max(mostAtOnce.get(first.stream) ?? 0, records.length));
    const poisoned = records.findIndex(({ uid }) => isPoison(uid));
    const timedOut: HttpFailure = { kind: "failed", reason: "timeout", message: "no complete answer within 30 s" };
    const done = <T>(what: string, outcome: T): T => {
      told(what, records);
      return outcome;
    };
    switch (fate) {
      case "throttled":
        return done(fate, failure(type, 429, "slow down", { "retry-after": "7" }));
      case "throttled_oddly":
        return done(
          fate,
          failure(type, 429, "slow down", { "retry-after": ["0", "-1", "soon", "1e9"][below(4)] as string }),
        );
      case "reset":
        return done<HttpFailure>(fate, { kind: "failed", reason: "network", message: "connection failed: ECONNRESET" });
      case "hang":
        told(fate, records);
        await sleep(request.timeoutMs, signal);
        return timedOut;
      case "html":
        return done(fate, reply(200, "<html>log in</html>", { "content-type": "text/html" }));
      case "slow":
        told(fate, records);
        await sleep(1_000 + below(28_000), signal);
        break;
      case undefined:
      case "unavailable":
      case "server_error":
      case "credentials":
      case "gone":
      case "lost_answer":
      case "taken_then_hang":
      case "partial":
      case "busy_midway":
        break;
      default:
        return fate satisfies never;
    }
    if (poison.tooMany !== undefined && records.length > poison.tooMany)
      return done("too_large", failure(type, 413, `too large, ${request.headers["authorization"] ?? "stranger"}`));
    if (records.some(({ uid }) => isServerPoison(uid))) {
      serverErrors += 1;
      return done("server_poison", failure(type, 500, "internal"));
    }
    if (poisoned >= 0) {
      // A batch is not atomic to Splunk: what stands before the culprit is in.
      if (protocol.indexed) take(records.slice(0, poisoned));
      const isSearched = !protocol.indexed && records.length > 1;
      return done(isSearched ? "poison among others" : "poison", protocol.poisoned(type, poisoned));
    }
    switch (fate) {
      case "lost_answer":
        take(records);
        forget(records);
        return done<HttpFailure>(fate, { kind: "failed", reason: "network", message: "connection failed: ECONNRESET" });
      case "taken_then_hang":
        take(records);
        forget(records);
        told(fate, records);
        await sleep(request.timeoutMs, signal);
        return timedOut;
      case "partial": {
        if (protocol.indexed) break;
        const fallen = records.slice(0, 1 + below(records.length));
        take(records.slice(fallen.length));
        return done(fate, answer(type, fallen.length));
      }
      case "busy_midway": {
        if (!protocol.indexed || records.length < 2) break;
        const taken = records.slice(0, 1 + below(records.length - 1));
        take(taken);
        // By which number it counts is not known, so one more comes than is missing.
        forget(taken.slice(-1));
        return done(fate, protocol.busy(taken.length));
      }
      case undefined:
      case "unavailable":
      case "server_error":
      case "credentials":
      case "gone":
      case "slow":
        break;
      default:
        return fate satisfies never;
    }
    take(records);
    return done("taken", answer(type, 0));
  }

  return {
    accepted,
    unlearnt,
    mostAtOnce,
    isPoison,
    connect: (connection) => (request, signal) => receive(request, signal, connection),
    mend: () => void (serverErrors = SERVER_ERRORS),
  };
}

interface Protocol {
  readonly indexed: boolean;
  read(body: Uint8Array, contentType: string): Arrival[];
  answer(contentType: string, rejected: number): HttpAnswer;
  failure(contentType: string, status: number, message: string, headers?: Record<string, string>): HttpAnswer;
  poisoned(contentType: string, index: number): HttpAnswer;
  busy(taken: number): HttpAnswer;
}

function reply(status: number, body: string | Uint8Array, headers: Record<string, string>): HttpAnswer {
  return { kind: "answer", status, headers, body: Buffer.from(body as string) };
}

const otlp: Protocol = {
  indexed: false,
  read: (body, contentType) => decodeRequest(contentType, body).map(arrivalOf),
  answer(contentType, rejected) {
    const headers = { "content-type": contentType };
    if (contentType === "application/json") {
      const partial = { partialSuccess: { rejectedLogRecords: String(rejected), errorMessage: "some did not fit" } };
      return reply(200, JSON.stringify(rejected === 0 ? {} : partial), headers);
    }
    // ExportLogsServiceResponse.partial_success.rejected_log_records
    return reply(200, rejected === 0 ? "" : Uint8Array.of(0x0a, 0x02, 0x08, rejected), headers);
  },
  failure: (_contentType, status, message, headers = {}) =>
    reply(status, message, { ...headers, "content-type": "text/plain" }),
  poisoned: (contentType) => otlp.failure(contentType, 400, "a record cannot be read"),
  busy: () => otlp.failure("", 503, "busy"),
};

function arrivalOf(record: DecodedRecord): Arrival {
  const owner = record.resource.get("slack.enterprise.id") ?? record.resource.get("slack.team.id");
  return {
    uid: uidOf(record),
    stream: streamOf(record.attributes.get("slack.method"), owner),
    text: JSON.stringify(toPlain(record.body)),
    time: String(record.timeUnixNano),
    isHole: record.eventName === HOLE,
  };
}

/** Of an organisation there is one log each of activities and audit entries, whose records name workspaces themselves. */
function streamOf(method: unknown, owner: unknown): string {
  const isOnlyOne = method === "audit.logs" || method === "admin.apps.activities.list";
  return isOnlyOne ? method : `${String(method)} ${String(owner)}`;
}

const hec: Protocol = {
  indexed: true,
  read: (body) => Buffer.from(body).toString().split("\n").map(eventOf),
  answer: () => hecAnswer(200, 0, "Success"),
  failure: (_contentType, status, message, headers = {}) =>
    status === 429 || status === 503
      ? hecAnswer(status, 9, message, headers)
      : reply(status, message, { ...headers, "content-type": "text/plain" }),
  poisoned: (_contentType, index) => hecAnswer(400, 6, "Invalid data format", {}, index),
  busy: (taken) => hecAnswer(503, 9, "Server is busy", {}, taken),
};

function hecAnswer(status: number, code: number, text: string, headers = {}, event?: number): HttpAnswer {
  const body = { text, code, ...(event === undefined ? {} : { "invalid-event-number": event }) };
  return reply(status, JSON.stringify(body), { ...headers, "content-type": "application/json" });
}

interface HecEvent {
  readonly time: number;
  readonly event: unknown;
  readonly fields: Readonly<Record<string, unknown>>;
}

function eventOf(line: string): Arrival {
  const { time, event, fields } = JSON.parse(line) as HecEvent;
  const owner = fields["slack.enterprise.id"] ?? fields["slack.team.id"];
  return {
    uid: String(fields["log.record.uid"]),
    stream: streamOf(fields["slack.method"], owner),
    text: JSON.stringify(event),
    time: String(time),
    isHole: fields["otel.log.name"] === HOLE,
  };
}
