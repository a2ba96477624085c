/** Gives out a name to one holder at a time, in the order in which they came. The signal ends the wait. */
export type Turns = (name: string, signal: AbortSignal) => Promise<() => void>;

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return async (name, signal) => {
    signal.throwIfAborted();
    const before = last.get(name) ?? Promise.resolve();
    const { promise: over, resolve: release } = Promise.withResolvers<void>();
    const mine = before.then(() => over);
    last.set(name, mine);
    void mine.then(() => {
      if (last.get(name) === mine) last.delete(name);
    });
    try {
      await orAborted(before, signal);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  };
}

async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
