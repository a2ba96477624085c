import type { Clock, Log } from "../../model.ts";
import { HeldElsewhereError } from "../claims.ts";
import type { Database } from "./database.ts";
import { explained, isForeignKeyViolation, isPassing } from "./failure.ts";
import { createLease, type Holding } from "./lease.ts";
import { freeAllBut, freeOf, giveBack, join, leave, renew, survey, take } from "./membership.ts";
import { createQueue } from "./queue.ts";
import { addStreams } from "./schema.ts";
import { shareOf, surplusOf } from "./shares.ts";
import type { SharedThrottles } from "./throttles.ts";

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
  const queue = createQueue(clock);
  const lease = createLease(options);
  const { held } = lease;
  const closed = new AbortController();
  let failure: unknown;
  let unreachable = false;
  let wake = new AbortController();
  let isWoken = false;
  const present = new Set<string>();

  const standing = () => ({ wanted: held.size + queue.size, waiting: once ? 0 : queue.size });

  const turn = async (): Promise<void> => {
    const beganMs = clock.monotonic();
    lease.check();
    if (lease.id === undefined) {
      if (lease.former !== undefined) await leave(database, lease.former);
      lease.forgetFormer();
      lease.begin(await join(database, name, leaseMs), beganMs);
    }
    const { id: me } = lease;
    if (me === undefined) return;
    if (!(await renew(database, me, standing(), leaseMs))) return lease.lose();
    lease.renewed(beganMs);
    await throttles.tell();
    await throttles.learn();
    const members = await survey(database);
    const own = members.find((member) => member.id === me);
    if (own === undefined) return lease.lose();
    // Taken by a request whose answer was lost: nobody reads them, and nobody else may.
    if (own.held > held.size) {
      const ids = [...held].map(({ stream }) => stream.id);
      await freeAllBut(database, me, ids);
    }
    if (!once) [...held].slice(0, surplusOf(own, members)).forEach(({ askFor }) => askFor());
    await takeUp(me, shareOf(own, members) - held.size);
  };

  const takeUp = async (me: number, room: number): Promise<void> => {
    if (queue.size === 0) return;
    const absent = [...queue].map((one) => one.name).filter((one) => !present.has(one));
    if (absent.length > 0) await addStreams(database, absent);
    for (const one of absent) present.add(one);
    const asked = [...queue].map((one) => one.name);
    const free = new Set(await freeOf(database, asked));
    for (const one of queue) one.freeTurns = free.has(one.name) ? one.freeTurns + 1 : 0;
    const nobodys = [...queue].filter(({ freeTurns }) => freeTurns > FREE_TURNS);
    const wanted = room > 0 ? [...queue].filter((one) => free.has(one.name)) : nobodys;
    if (wanted.length > 0) {
      const names = wanted.map((one) => one.name);
      const taken = await take(database, me, names, Math.max(room, nobodys.length));
      if (taken.length > 0) await throttles.learn();
      for (const stream of taken) {
        const one = wanted.find((candidate) => candidate.name === stream.name);
        if (one === undefined || !queue.give(one, () => lease.add(stream, me))) {
          await giveBack(database, me, stream);
          continue;
        }
        log("info", "stream_claimed", { stream: stream.name, token: stream.token });
      }
    }
    if (!once) return;
    for (const one of queue) {
      // As long as it takes to tell a replica that died from one that reads it.
      if (clock.monotonic() - one.sinceMs < leaseMs * 1.5 || free.has(one.name)) continue;
      queue.refuse(one, new HeldElsewhereError(`Another replica reads ${one.name}`));
    }
  };

  const attempt = async (): Promise<void> => {
    try {
      await turn();
      if (unreachable) log("info", "state_reachable", { at: database.where });
      unreachable = false;
    } catch (error) {
      if (isForeignKeyViolation(error)) return lease.lose();
      if (!isPassing(error)) throw error;
      if (!unreachable) {
        const { message } = explained(database.where, error) as Error;
        log("warn", "state_unreachable", { message: `${message} Tried again until it answers.` });
      }
      unreachable = true;
      if (!lease.isOver()) return;
      lease.lose();
      if (once) throw error;
    }
  };

  const sleep = (signal: AbortSignal) => clock.sleep(turnMs, signal).catch(() => undefined);

  /** A request may take longer than is left of the lease. */
  const watch = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      await sleep(closed.signal);
      lease.check();
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
      queue.refuseAll(failure);
      for (const holding of held) holding.lose();
    }
  };
  const living = Promise.all([live(), watch()]);

  return {
    get id() {
      lease.check();
      return lease.id;
    },
    async hold(stream, signal) {
      if (failure !== undefined) throw failure as Error;
      signal.throwIfAborted();
      const waiting = queue.wait(stream, signal);
      isWoken = true;
      wake.abort();
      return await waiting;
    },
    async close() {
      closed.abort();
      await living;
      failure ??= new Error("The store is closed");
      queue.refuseAll(failure);
      const last = lease.end();
      await throttles.tell().catch(() => undefined);
      if (last !== undefined) await leave(database, last).catch(() => undefined);
      for (const holding of held) holding.lose();
    },
  };
}
