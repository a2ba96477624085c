import type { StreamState } from "../model.ts";

export interface OrderedState extends StreamState {
  /** Resolves when no commit is under way. Never rejects. */
  idle(): Promise<void>;
}

/** The same state, whose commits are made one after another, in the order in which they were asked for. */
export function inOrder(state: StreamState): OrderedState {
  let last: Promise<void> = Promise.resolve();
  return {
    get position() {
      return state.position;
    },
    get report() {
      return state.report;
    },
    known: (keys) => state.known(keys),
    commit(change) {
      const done = last.then(() => state.commit(change));
      last = done.catch(() => undefined);
      return done;
    },
    idle: () => last,
  };
}
