import type { Claim, StreamState } from "../model.ts";

/** A claim that nobody can take away. Once it is released its state refuses everything, and `onRelease` was called. */
export function lastingClaim(state: StreamState, onRelease: () => void): Claim {
  let released = false;
  const whileHeld = async <T>(work: () => Promise<T>): Promise<T> => {
    if (released) throw new Error("The claim on the stream was released");
    return await work();
  };
  return {
    state: {
      get position() {
        return state.position;
      },
      get report() {
        return state.report;
      },
      known: (keys) => whileHeld(() => state.known(keys)),
      commit: (change) => whileHeld(() => state.commit(change)),
    },
    lost: new AbortController().signal,
    async [Symbol.asyncDispose]() {
      if (released) return;
      released = true;
      onRelease();
    },
  };
}
