import pRetry from "p-retry";
import type { Clock } from "./model.ts";

/** What one try came to: a value, or how long to wait before the next one, in milliseconds. */
export type Try<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly delayMs: number };

class TryAgain extends Error {
  override readonly name = "TryAgain";
  readonly delayMs: number;
  constructor(delayMs: number) {
    super("not settled yet");
    this.delayMs = delayMs;
  }
}

/**
 * Tries until there is a value: there is no last try. What `attempt` throws is a defect or an abort and passes straight
 * through. The signal ends a wait at once, but never takes away a value that has come.
 */
export function retry<T>(
  attempt: (attemptNumber: number) => Promise<Try<T>>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  // No signal for pRetry: it would turn a value that came after the abort into a rejection, and lose a receipt.
  return pRetry(
    async (attemptNumber) => {
      const result = await attempt(attemptNumber);
      if (result.done) return result.value;
      throw new TryAgain(result.delayMs);
    },
    {
      retries: Number.POSITIVE_INFINITY,
      // Waits are on our clock, in onFailedAttempt; its own delay is then 0.
      minTimeout: 0,
      shouldRetry: ({ error }) => error instanceof TryAgain,
      onFailedAttempt: async ({ error }) => {
        if (error instanceof TryAgain) await clock.sleep(error.delayMs, signal);
      },
    },
  );
}
