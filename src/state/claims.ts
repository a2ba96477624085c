import type { Claim, StreamState } from "../model.ts";

/** The stream, or the turn on a note, went to another program, or may have. */
export class ClaimLostError extends Error {
  override readonly name = "ClaimLostError";
}

/** Another program reads the stream and goes on doing so: told to one that is to read it once. */
export class HeldElsewhereError extends Error {
  override readonly name = "HeldElsewhereError";
}

/** The state, with all that is asked of it or written to it put through `guard`. */
export function guardedState(state: StreamState, guard: <T>(work: () => Promise<T>) => Promise<T>): StreamState {
  return {
    get position() {
      return state.position;
    },
    get report() {
      return state.report;
    },
    known: (keys) => guard(() => state.known(keys)),
    commit: (change) => guard(() => state.commit(change)),
  };
}

/** A claim that nobody can take away. Once it is released its state refuses everything, and `onRelease` was called. */
export function lastingClaim(state: StreamState, onRelease: () => void): Claim {
  let released = false;
  const never = new AbortController().signal;
  const whileHeld = async <T>(work: () => Promise<T>): Promise<T> => {
    if (released) throw new Error("The claim on the stream was released");
    return await work();
  };
  return {
    state: guardedState(state, whileHeld),
    lost: never,
    handOver: never,
    async [Symbol.asyncDispose]() {
      if (released) return;
      released = true;
      onRelease();
    },
  };
}
