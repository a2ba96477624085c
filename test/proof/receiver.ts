import type { Http, HttpFailure, HttpRequest } from "../../src/http.ts";
import { mix } from "../../src/simulation/random.ts";
import { inflateRequest } from "../support/otlp-decoder.ts";
import { createAcks } from "./acks.ts";
import { PROTOCOLS, reply, type Arrival } from "./protocols.ts";
import type { DestinationFault, Schedule } from "./schedule.ts";

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
  /** What came with a time of which it keeps nothing, and was to be set aside or sent with another. */
  readonly dropped: readonly Arrival[];
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
  /** The receiver's clock, which its answers tell; epoch milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Below `limit`. */
  readonly below: (limit: number) => number;
  readonly told: (what: string, records: readonly Arrival[]) => void;
}

const LATENCY_MS = 20;
const HOUR_MS = 3_600_000;
/** A defect of the receiver's own is mended after it showed so often: alone in its batch, its record would wait for it. */
const SERVER_ERRORS = 60;

/** A receiver in the program's own process: a Collector, Splunk's HTTP Event Collector, or an intake of Datadog's. */
export function createReceiver({
  destination,
  poison,
  tooOld,
}: Pick<Schedule, "destination" | "poison" | "tooOld">): Receiver {
  const protocol = PROTOCOLS[destination];
  const accepted: Arrival[] = [];
  const dropped: Arrival[] = [];
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

  const learn = (records: readonly Arrival[]) => {
    for (const { stream } of records) unlearnt.set(stream, (unlearnt.get(stream) ?? 0) - 1);
  };
  const acks = destination === "splunk_hec_ack" ? createAcks({ take, forget, learn }) : undefined;

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
      return failure(type, refusal.status, `${refusal.text}, ${secretOf(request)}`);
    }
    const asks = request.url.includes("/ack?") ? acks : undefined;
    const records = asks === undefined ? protocol.read(bodyOf(request), type) : [];
    if (destination.startsWith("datadog") && tooOld !== "send")
      dropped.push(...records.filter((record) => !isKept(record, connection.now())));
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
    if (asks !== undefined) return asks.answer(request, signal, connection, fate);
    if (poison.tooMany !== undefined && records.length > poison.tooMany)
      return done("too_large", failure(type, 413, `too large, ${secretOf(request)}`));
    if (records.some(({ uid }) => isServerPoison(uid))) {
      serverErrors += 1;
      return done("server_poison", failure(type, 500, "internal"));
    }
    if (poisoned >= 0) {
      // A batch is not atomic to Splunk: what stands before the culprit is in.
      const before = records.slice(0, poisoned);
      if (protocol.indexed) take(before);
      // There is no acknowledgement of them.
      if (acks !== undefined) forget(before);
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
        // By which number it counts is not known, so one more comes than is missing; all, where they are not acknowledged.
        forget(acks === undefined ? taken.slice(-1) : taken);
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
    if (acks === undefined) {
      take(records);
      return done("taken", answer(type, 0));
    }
    const { what, ackId } = acks.taken(request, records, connection, serverErrors >= SERVER_ERRORS);
    return done(what, answer(type, 0, ackId));
  }

  return {
    accepted,
    dropped,
    unlearnt,
    mostAtOnce,
    isPoison,
    connect: (connection) => async (request, signal) => {
      const answer = await receive(request, signal, connection);
      const date = new Date(connection.now()).toUTCString();
      return answer.kind === "answer" ? { ...answer, headers: { date, ...answer.headers } } : answer;
    },
    mend: () => void (serverErrors = SERVER_ERRORS),
  };
}

/** Whether Datadog would: from 18 hours ago to 2 hours ahead. Two seconds are left for the way, and for a clock of seconds. */
function isKept({ stamp, isHole }: Arrival, nowMs: number): boolean {
  const ageMs = nowMs - Number(stamp) / 1e6;
  return isHole || stamp === "0" || (ageMs <= 18 * HOUR_MS + 2_000 && ageMs >= -2 * HOUR_MS);
}

function bodyOf({ headers, body }: HttpRequest): Uint8Array {
  return inflateRequest(headers["content-encoding"], body as Uint8Array);
}

/** What the program showed to be let in, in the header of the destination. */
function secretOf({ headers }: HttpRequest): string {
  return headers["authorization"] ?? headers["dd-api-key"] ?? "stranger";
}
