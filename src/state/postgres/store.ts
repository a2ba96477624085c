import type { Clock, Log, Secret, Store } from "../../model.ts";
import type { CommitPoint } from "../commit-point.ts";
import { ClaimLostError, guardedState } from "../claims.ts";
import { createTurns } from "../turns.ts";
import { inWords, openDatabase } from "./database.ts";
import { explained, isPassing } from "./failure.ts";
import { createNotes } from "./notes.ts";
import { type ReplicaOptions, startReplica } from "./replica.ts";
import { prepareSchema, readStreams } from "./schema.ts";
import { createStreamState } from "./stream-state.ts";
import { createThrottles } from "./throttles.ts";

export interface PostgresStoreOptions {
  readonly url: Secret;
  /** After this long without a sign of life another replica reads on what this one read. */
  readonly leaseMs: number;
  /** See `DatabaseOptions`. */
  readonly tables?: string;
  /** See `ReplicaOptions`. */
  readonly once?: boolean;
  /** What the others may call this replica. */
  readonly name?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** Tests end the process in it. */
  readonly reached?: (point: CommitPoint, stream: string) => void;
}

/** How often an answer of the database is waited for within a lease; a short lease must not call a busy one away. */
const REQUESTS_PER_LEASE = 4;
const LEAST_MS = 1_000;
/** Before there is a lease, and where none is at stake. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 200;

/**
 * Opens the state in a database, and makes its tables when there are none (`isNew`). Any number of programs may have it
 * open: its streams are shared out among them. Rejects with a `StateError` when it cannot be reached, read or written.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { leaseMs, once = false, clock, log, reached = () => {}, signal } = options;
  const isNew = await prepared(options);
  const database = await openDatabase({ ...options, timeoutMs: Math.max(LEAST_MS, leaseMs / REQUESTS_PER_LEASE) });
  try {
    signal?.throwIfAborted();
    const throttles = createThrottles(database, clock);
    const replicaOptions: ReplicaOptions = { database, name: options.name ?? "", leaseMs, once, throttles, clock, log };
    const replica = startReplica(replicaOptions);
    const closed = new AbortController();
    const turn = createTurns();
    let failure: unknown;

    /** After a failure that is no passing one the store is done with. */
    const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
      if (failure !== undefined) throw failure;
      try {
        return await work();
      } catch (error) {
        if (error instanceof ClaimLostError || closed.signal.aborted || error instanceof TypeError) throw error;
        failure ??= explained(database.where, error);
        throw failure;
      }
    };
    const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
      const untilMs = clock.monotonic() + Math.max(leaseMs, PATIENCE_MS);
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if (!isPassing(error) || closed.signal.aborted || clock.monotonic() > untilMs) throw error;
        }
        await clock.sleep(RETRY_MS, closed.signal);
      }
    };

    return {
      isNew,
      async claim(name, signal) {
        const either = AbortSignal.any([signal, closed.signal]);
        const pass = await turn(name, either);
        try {
          if (failure !== undefined) throw failure;
          const holding = await replica.hold(name, either);
          const state = createStreamState({ database, holding, clock, reached });
          let released = false;
          const whileHeld = <T>(work: () => Promise<T>): Promise<T> =>
            guarded(() => {
              if (released) throw new TypeError("The claim on the stream was released");
              return work();
            });
          return {
            state: guardedState(state, whileHeld),
            get lost() {
              return holding.lost;
            },
            handOver: holding.handOver,
            async [Symbol.asyncDispose]() {
              if (released) return;
              released = true;
              try {
                if (failure === undefined) await holding.release();
              } finally {
                pass();
              }
            },
          };
        } catch (error) {
          pass();
          throw error;
        }
      },
      notes: createNotes({
        database,
        replica,
        clock,
        guarded: (work) => guarded(() => patiently(work)),
        closed: closed.signal,
      }),
      throttles,
      async close() {
        if (closed.signal.aborted) return;
        failure ??= new Error("The store is closed");
        closed.abort(failure);
        await replica.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Whether the tables were made just now. What is in them was verified. */
async function prepared(options: PostgresStoreOptions): Promise<boolean> {
  const database = await openDatabase({ ...options, timeoutMs: PATIENCE_MS });
  try {
    const isNew = await inWords(database, prepareSchema(database));
    await inWords(database, readStreams(database));
    return isNew;
  } finally {
    await database.close();
  }
}
