import type { Clock } from "../../model.ts";
import type { Holding } from "./lease.ts";

/** One who wants to read a stream. */
export interface Waiting {
  readonly name: string;
  /** By the monotonic clock. */
  readonly sinceMs: number;
  /** For how many turns the stream was free. */
  freeTurns: number;
}

/** Those of this replica who wait for a stream, in their order. */
export interface Queue extends Iterable<Waiting> {
  readonly size: number;
  /** Resolves with what is given to it. Rejects with the signal's reason, or with what it is refused for. */
  wait(name: string, signal: AbortSignal): Promise<Holding>;
  /** `false`: it does not wait any more. `holding` is asked for where it does. */
  give(to: Waiting, holding: () => Holding): boolean;
  refuse(to: Waiting, error: unknown): void;
  refuseAll(error: unknown): void;
}

interface Entry extends Waiting {
  readonly resolve: (holding: Holding) => void;
  readonly reject: (error: unknown) => void;
}

export function createQueue(clock: Pick<Clock, "monotonic">): Queue {
  const entries = new Map<Waiting, Entry>();
  const leave = (waiting: Waiting): Entry | undefined => {
    const entry = entries.get(waiting);
    entries.delete(waiting);
    return entry;
  };
  const refuse = (to: Waiting, error: unknown) => leave(to)?.reject(error);
  return {
    get size() {
      return entries.size;
    },
    [Symbol.iterator]: () => entries.keys(),
    wait: (name, signal) =>
      new Promise((resolve, reject) => {
        const onAbort = () => refuse(entry, signal.reason);
        const done =
          <T>(settle: (value: T) => void) =>
          (value: T) => {
            signal.removeEventListener("abort", onAbort);
            settle(value);
          };
        const entry: Entry = {
          name,
          sinceMs: clock.monotonic(),
          freeTurns: 0,
          resolve: done(resolve),
          reject: done(reject),
        };
        signal.addEventListener("abort", onAbort, { once: true });
        entries.set(entry, entry);
      }),
    give(to, holding) {
      const entry = leave(to);
      entry?.resolve(holding());
      return entry !== undefined;
    },
    refuse,
    refuseAll(error) {
      for (const waiting of entries.keys()) refuse(waiting, error);
    },
  };
}
