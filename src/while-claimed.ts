import type { Claim, Log, Send, Store, StreamState } from "./model.ts";
import { HeldElsewhereError } from "./state/claims.ts";

/** What work on a stream may rely on while it is this program's to read. */
export interface Held {
  readonly state: StreamState;
  /** Aborted by a stop, and when the stream is handed over or lost. */
  readonly signal: AbortSignal;
  /** Ends an attempt in flight. */
  readonly attemptSignal: AbortSignal;
  /** Sends nothing once the stream is lost, even if nobody has noticed yet: after a pause of the whole program. */
  readonly confirming: <R>(send: Send<R>) => Send<R>;
}

export interface WhileClaimedOptions {
  readonly store: Store;
  readonly stream: string;
  readonly attemptSignal: AbortSignal;
  readonly log: Log;
}

/**
 * Runs the work once the stream is this program's, and again whenever it was handed over or lost and is its again.
 * `stopped`: the signal came before that. `elsewhere`: another program reads it, and this one was to read it once.
 */
export async function whileClaimed<T>(
  options: WhileClaimedOptions,
  signal: AbortSignal,
  work: (held: Held) => Promise<T>,
): Promise<{ readonly kind: "ended"; readonly result: T } | { readonly kind: "stopped" | "elsewhere" }> {
  const { store, stream, log } = options;
  for (;;) {
    let claim: Claim;
    try {
      claim = await store.claim(stream, signal);
    } catch (error) {
      if (signal.aborted && error === signal.reason) return { kind: "stopped" };
      if (!(error instanceof HeldElsewhereError)) throw error;
      log("info", "read_elsewhere", { stream, message: "Another replica reads this stream: it is left to that one." });
      return { kind: "elsewhere" };
    }
    await using held = claim;
    try {
      const result = await work(toHeld(held, options, signal));
      if (signal.aborted || !(held.lost.aborted || held.handOver.aborted)) return { kind: "ended", result };
    } catch (error) {
      if (!held.lost.aborted || error !== held.lost.reason) throw error;
    }
    log("info", held.lost.aborted ? "stream_lost" : "stream_handed_over", { stream });
    if (signal.aborted) return { kind: "stopped" };
  }
}

function toHeld(claim: Claim, { attemptSignal }: WhileClaimedOptions, signal: AbortSignal): Held {
  const { state, lost, handOver } = claim;
  return {
    state,
    signal: AbortSignal.any([signal, lost, handOver]),
    attemptSignal: AbortSignal.any([attemptSignal, lost]),
    confirming: (send) => async (records, attempt) => {
      claim.lost.throwIfAborted();
      return send(records, attempt);
    },
  };
}
