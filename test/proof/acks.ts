import type { HttpAnswer, HttpFailure, HttpRequest } from "../../src/http.ts";
import { reply, type Arrival } from "./protocols.ts";
import type { Connection, Fate } from "./receiver.ts";

/** Splunk's indexer acknowledgement: what was taken is told to be indexed some time later, once, or never. */
export interface Acks {
  /** A request was taken. `isMended`: the indexer loses nothing any more. */
  taken(
    request: HttpRequest,
    records: readonly Arrival[],
    connection: Connection,
    isMended: boolean,
  ): { readonly what: string; readonly ackId: number };
  /** Answers the question whether a request is indexed. */
  answer(
    request: HttpRequest,
    signal: AbortSignal,
    connection: Connection,
    fate: Fate,
  ): Promise<HttpAnswer | HttpFailure>;
}

export interface AcksOptions {
  readonly take: (records: readonly Arrival[]) => void;
  /** The program does not know that they are in, and may send them again. */
  readonly forget: (records: readonly Arrival[]) => void;
  /** Now it knows. */
  readonly learn: (records: readonly Arrival[]) => void;
}

/** Of so many requests the indexer loses one, and one it has later than anybody waits for it. */
const ONE_IN = 20;
const LATE_MS = 6 * 60_000;
const SOON_MS = 20_000;

export function createAcks({ take, forget, learn }: AcksOptions): Acks {
  const pending = new Map<string, { readonly records: readonly Arrival[]; readonly indexedMs: number }>();
  const nextOf = new Map<string, number>();
  return {
    taken(request, records, { now, below }, isMended) {
      const channel = channelOf(request);
      const ackId = nextOf.get(channel) ?? 0;
      nextOf.set(channel, ackId + 1);
      const luck = isMended ? ONE_IN : below(ONE_IN);
      if (luck === 0) return { what: "index_lost", ackId };
      take(records);
      forget(records);
      const isLate = luck === 1;
      pending.set(`${channel} ${ackId}`, { records, indexedMs: now() + (isLate ? LATE_MS : below(SOON_MS)) });
      return { what: isLate ? "index_late" : "taken", ackId };
    },
    async answer(request, signal, { now, sleep, told }, fate) {
      const { acks: [ackId = 0] = [] } = JSON.parse(String(request.body)) as { readonly acks?: readonly number[] };
      const key = `${channelOf(request)} ${ackId}`;
      const { records, indexedMs = Infinity } = pending.get(key) ?? { records: [] };
      const isIndexed = indexedMs <= now();
      // It is told once, whether or not anybody hears it.
      if (isIndexed) pending.delete(key);
      if (fate === "lost_answer" || fate === "taken_then_hang") {
        told(`question ${fate}`, records);
        if (fate === "taken_then_hang") await sleep(request.timeoutMs, signal);
        return { kind: "failed", reason: "network", message: "connection failed: ECONNRESET" };
      }
      if (isIndexed) learn(records);
      return reply(200, JSON.stringify({ acks: { [ackId]: isIndexed } }), { "content-type": "application/json" });
    },
  };
}

function channelOf({ headers }: HttpRequest): string {
  return headers["x-splunk-request-channel"] ?? "none";
}
