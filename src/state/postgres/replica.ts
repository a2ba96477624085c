import type { Clock, Log } from "../../model.ts";
import { ClaimLostError, HeldElsewhereError } from "../claims.ts";
import type { Database } from "./database.ts";
import { explained, isForeignKeyViolation, isPassing } from "./failure.ts";
import { freeAllBut, freeOf, giveBack, join, leave, renew, survey, take } from "./membership.ts";
import { addStreams, type StreamRow } from "./schema.ts";
import { shareOf, surplusOf } from "./shares.ts";
import type { SharedThrottles } from "./throttles.ts";

/** A stream that this replica holds, until it gives it back or loses it. */
export interface Holding {
  readonly stream: StreamRow;
  /** The replica's id when it took the stream: part of what a commit must still find. */
  readonly holder: number;
  /** Aborted when it is lost; reading it takes note of a lease that has run out meanwhile. */
  readonly lost: AbortSignal;
  /** Aborted when another replica waits for it. */
  readonly handOver: AbortSignal;
  readonly lose: () => void;
  readonly release: () => Promise<void>;
}

/** This program among all that use the state. */
export interface Replica {
  /** Its id; `undefined` while it has no lease. */
  readonly id: number | undefined;
  /** Waits until it may hold the stream. Rejects with the signal's reason, or a `StateError`. */
  hold(name: string, signal: AbortSignal): Promise<Holding>;
  /** Frees all it holds. */
  close(): Promise<void>;
}

export interface ReplicaOptions {
  readonly database: Database;
  readonly name: string;
  readonly leaseMs: number;
  /** To read each stream once: nothing is taken over from others, and without the database it ends. */
  readonly once: boolean;
  /** What is stopped is told before a stream is given away, and learnt before one is begun. */
  readonly throttles: SharedThrottles;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiting {
  readonly name: string;
  readonly sinceMs: number;
  freeTurns: number;
  readonly resolve: (holding: Holding) => void;
  readonly reject: (error: unknown) => void;
}

/** What is left of the lease when this replica takes it for lost: the others go by another clock. */
const MARGIN = 0.1;
/** A stream that was free for so many turns is nobody's share. */
const FREE_TURNS = 3;

/**
 * Holds a lease by renewing it. In each turn streams are taken that nobody holds, up to this replica's share, and those
 * of its streams are handed over that others wait for beyond it.
 *
 * While the database cannot be reached, the lease runs out on the monotonic clock, and everything that was held is lost
 * before another replica can have it: its lease is counted from before the request that renewed it.
 */
export function startReplica(options: ReplicaOptions): Replica {
  const { database, name, leaseMs, once, throttles, clock, log } = options;
  const turnMs = Math.min(1_000, Math.max(50, leaseMs / 30));
  const waiting = new Set<Waiting>();
  const held = new Set<Holding & { readonly lost: AbortSignal; readonly askFor: () => void }>();
  const closed = new AbortController();
  let failure: unknown;
  let unreachable = false;
  let renewedMs = clock.monotonic();
  let id: number | undefined;
  /** One whose lease may be over: whatever it still holds is freed before there is a new one. */
  let former: number | undefined;
  let wake = new AbortController();
  let isWoken = false;
  const present = new Set<string>();

  const loseAll = (): void => {
    if (id === undefined) return;
    [former, id] = [id, undefined];
    log("warn", "lease_lost", {
      streams: held.size,
      message: "The lease in the database ran out before it was renewed: every stream stops until there is a new one.",
    });
    for (const holding of held) holding.lose();
  };
  const isOver = (): boolean => clock.monotonic() - renewedMs > leaseMs * (1 - MARGIN);

  const holdingOf = (stream: StreamRow, holder: number) => {
    const [lost, handOver] = [new AbortController(), new AbortController()];
    const holding = {
      stream,
      holder,
      handOver: handOver.signal,
      askFor: () => handOver.abort(new Error("another replica waits for the stream")),
      get lost() {
        if (isOver()) loseAll();
        return lost.signal;
      },
      lose: () => {
        held.delete(holding);
        lost.abort(new ClaimLostError(`The lease on ${stream.name} is lost`));
      },
      release: async () => {
        if (!held.delete(holding) || lost.signal.aborted) return;
        try {
          await throttles.tell();
          await giveBack(database, holder, stream);
        } catch (error) {
          if (!isPassing(error)) throw explained(database.where, error);
          // It would be held with nobody reading it: a new lease frees it.
          loseAll();
        }
      },
    };
    return holding;
  };

  const standing = () => ({ wanted: held.size + waiting.size, waiting: once ? 0 : waiting.size });

  const turn = async (): Promise<void> => {
    const began = clock.monotonic();
    if (isOver()) loseAll();
    if (id === undefined) {
      if (former !== undefined) await leave(database, former);
      former = undefined;
      id = await join(database, name, leaseMs);
      renewedMs = began;
    }
    const me = id;
    if (!(await renew(database, me, standing(), leaseMs))) return loseAll();
    renewedMs = began;
    await throttles.tell();
    await throttles.learn();
    const members = await survey(database);
    const own = members.find((member) => member.id === me);
    if (own === undefined) return loseAll();
    // Taken by a request whose answer was lost: nobody reads them, and nobody else may.
    if (own.held > held.size)
      await freeAllBut(
        database,
        me,
        [...held].map(({ stream }) => stream.id),
      );
    if (!once) [...held].slice(0, surplusOf(own, members)).forEach(({ askFor }) => askFor());
    await takeUp(me, shareOf(own, members) - held.size);
  };

  const takeUp = async (me: number, room: number): Promise<void> => {
    if (waiting.size === 0) return;
    const absent = [...waiting].map((one) => one.name).filter((one) => !present.has(one));
    if (absent.length > 0) await addStreams(database, absent);
    for (const one of absent) present.add(one);
    const free = new Set(
      await freeOf(
        database,
        [...waiting].map((one) => one.name),
      ),
    );
    for (const one of waiting) one.freeTurns = free.has(one.name) ? one.freeTurns + 1 : 0;
    const nobodys = [...waiting].filter(({ freeTurns }) => freeTurns > FREE_TURNS);
    const wanted = room > 0 ? [...waiting].filter((one) => free.has(one.name)) : nobodys;
    if (wanted.length > 0) {
      const names = wanted.map((one) => one.name);
      const taken = await take(database, me, names, Math.max(room, nobodys.length));
      if (taken.length > 0) await throttles.learn();
      for (const stream of taken) {
        const one = wanted.find((candidate) => candidate.name === stream.name);
        const holding = holdingOf(stream, me);
        if (one === undefined || !waiting.delete(one)) {
          await giveBack(database, me, stream);
          continue;
        }
        held.add(holding);
        if (id !== me) holding.lose();
        log("info", "stream_claimed", { stream: stream.name, token: stream.token });
        one.resolve(holding);
      }
    }
    if (!once) return;
    for (const one of waiting) {
      // As long as it takes to tell a replica that died from one that reads it.
      if (clock.monotonic() - one.sinceMs < leaseMs * 1.5 || free.has(one.name)) continue;
      waiting.delete(one);
      one.reject(new HeldElsewhereError(`Another replica reads ${one.name}`));
    }
  };

  const attempt = async (): Promise<void> => {
    try {
      await turn();
      if (unreachable) log("info", "state_reachable", { at: database.where });
      unreachable = false;
    } catch (error) {
      if (isForeignKeyViolation(error)) return loseAll();
      if (!isPassing(error)) throw error;
      if (!unreachable) {
        const { message } = explained(database.where, error) as Error;
        log("warn", "state_unreachable", { message: `${message} Tried again until it answers.` });
      }
      unreachable = true;
      if (!isOver()) return;
      loseAll();
      if (once) throw error;
    }
  };

  const sleep = (signal: AbortSignal) => clock.sleep(turnMs, signal).catch(() => undefined);

  /** A request may take longer than is left of the lease. */
  const watch = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      await sleep(closed.signal);
      if (isOver()) loseAll();
    }
  };

  const live = async (): Promise<void> => {
    try {
      while (!closed.signal.aborted) {
        isWoken = false;
        await attempt();
        if (isWoken) continue;
        wake = new AbortController();
        await sleep(AbortSignal.any([closed.signal, wake.signal]));
      }
    } catch (error) {
      failure = explained(database.where, error);
      for (const one of waiting) one.reject(failure);
      waiting.clear();
      for (const holding of held) holding.lose();
    }
  };
  const living = Promise.all([live(), watch()]);

  return {
    get id() {
      if (isOver()) loseAll();
      return id;
    },
    hold: (stream, signal) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined || signal.aborted) return reject((failure ?? signal.reason) as Error);
        const one: Waiting = {
          name: stream,
          sinceMs: clock.monotonic(),
          freeTurns: 0,
          resolve: (holding) => {
            signal.removeEventListener("abort", onAbort);
            resolve(holding);
          },
          reject: (error) => {
            signal.removeEventListener("abort", onAbort);
            reject(error);
          },
        };
        const onAbort = () => {
          waiting.delete(one);
          reject(signal.reason as Error);
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.add(one);
        isWoken = true;
        wake.abort();
      }),
    async close() {
      closed.abort();
      await living;
      failure ??= new Error("The store is closed");
      for (const one of waiting) one.reject(failure);
      waiting.clear();
      const last = id ?? former;
      id = undefined;
      await throttles.tell().catch(() => undefined);
      if (last !== undefined) await leave(database, last).catch(() => undefined);
      for (const holding of held) holding.lose();
    },
  };
}
