import type { Clock, Log } from "../../model.ts";
import { ClaimLostError } from "../claims.ts";
import type { Database } from "./database.ts";
import { explained, isPassing } from "./failure.ts";
import { giveBack } from "./membership.ts";
import type { StreamRow } from "./schema.ts";
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

/** One of the lease's own holdings. */
export interface Held extends Holding {
  /** Tells whoever reads the stream that another replica waits for it. */
  readonly askFor: () => void;
}

/** The lease of this replica, and the streams that it holds by it. */
export interface Lease {
  /** The replica's id; `undefined` while it has no lease. */
  readonly id: number | undefined;
  /** An id whose lease may be over: whatever it still holds is to be freed before there is a new one. */
  readonly former: number | undefined;
  readonly held: ReadonlySet<Held>;
  /** Whether it has run out, by this replica's own clock. */
  isOver(): boolean;
  /** Loses it if it has run out. */
  check(): void;
  /** The former one holds nothing any more. */
  forgetFormer(): void;
  /** There is one, asked for at `sinceMs` of the monotonic clock. */
  begin(id: number, sinceMs: number): void;
  /** It was asked for anew at `sinceMs`. One that was lost meanwhile stays lost. */
  renewed(sinceMs: number): void;
  /** Adds a stream that `holder` has taken. */
  add(stream: StreamRow, holder: number): Held;
  /** Every stream stops until there is a new one. */
  lose(): void;
  /** No more leases. Tells the last id. */
  end(): number | undefined;
}

export interface LeaseOptions {
  readonly database: Database;
  readonly leaseMs: number;
  readonly throttles: SharedThrottles;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Log;
}

/** What is left of the lease when this replica takes it for lost: the others go by another clock. */
const MARGIN = 0.1;

export function createLease({ database, leaseMs, throttles, clock, log }: LeaseOptions): Lease {
  const held = new Set<Held>();
  let renewedMs = clock.monotonic();
  let id: number | undefined;
  let former: number | undefined;

  const lose = (): void => {
    if (id === undefined) return;
    [former, id] = [id, undefined];
    log("warn", "lease_lost", {
      streams: held.size,
      message: "The lease in the database ran out before it was renewed: every stream stops until there is a new one.",
    });
    for (const holding of held) holding.lose();
  };
  const isOver = (): boolean => clock.monotonic() - renewedMs > leaseMs * (1 - MARGIN);
  const check = (): void => {
    if (isOver()) lose();
  };

  const add = (stream: StreamRow, holder: number): Held => {
    const [lost, handOver] = [new AbortController(), new AbortController()];
    const holding: Held = {
      stream,
      holder,
      handOver: handOver.signal,
      askFor: () => handOver.abort(new Error("another replica waits for the stream")),
      get lost() {
        check();
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
          lose();
        }
      },
    };
    held.add(holding);
    // Its lease was lost while it was taken.
    if (id !== holder) holding.lose();
    return holding;
  };

  return {
    get id() {
      return id;
    },
    get former() {
      return former;
    },
    held,
    isOver,
    check,
    forgetFormer: () => void (former = undefined),
    begin(granted, sinceMs) {
      id = granted;
      renewedMs = sinceMs;
    },
    renewed: (sinceMs) => void (renewedMs = sinceMs),
    add,
    lose,
    end() {
      const last = id ?? former;
      id = undefined;
      return last;
    },
  };
}
