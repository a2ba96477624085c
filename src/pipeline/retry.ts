import { backoffMs, clampServerDelayMs } from "../backoff.ts";
import type { Attempt, Cause, Clock, Send, Settled } from "../model.ts";
import { retry } from "../retry.ts";

/** This many answers in a row that escalate make the batch's or the set-up's fault out of a passing one. */
const TRIES_BEFORE_ESCALATION = 5;

type Unsettled = Extract<Attempt, { status: "retry" }>;

export interface RetryOptions {
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /**
   * Ends an attempt in flight. It is not the signal of the waits: after a stop signal the attempt that is under way
   * may still end and leave its receipt, but no further one is begun.
   */
  readonly attemptSignal: AbortSignal;
  readonly onRetry?: (wait: { readonly attempt: number; readonly delayMs: number; readonly cause: Cause }) => void;
}

/**
 * Sends until something is settled, without an end: giving up would be loss. Once the signal of the call is aborted,
 * waits end at once and no attempt is begun. A rejection of `send` is a defect (or an abort) and passes straight through.
 */
export function withRetry(send: Send<Attempt>, { clock, random, attemptSignal, onRetry }: RetryOptions): Send<Settled> {
  return (records, signal) => {
    let escalations = 0;
    return retry<Settled>(
      async (attempt) => {
        signal.throwIfAborted();
        const answer = await send(records, attemptSignal).catch((error: unknown) => {
          // Given up in flight: to the caller it is the stop that it knows of.
          if (attemptSignal.aborted && error === attemptSignal.reason) signal.throwIfAborted();
          throw error;
        });
        if (answer.status !== "retry") return { done: true, value: answer };
        const { escalate, afterMs, cause, taken } = answer;
        escalations = escalate === undefined ? 0 : escalations + 1;
        if (escalations >= TRIES_BEFORE_ESCALATION) return { done: true, value: escalated(answer) };
        const delayMs = Math.max(backoffMs(attempt, random), afterMs === undefined ? 0 : clampServerDelayMs(afterMs));
        onRetry?.({ attempt, delayMs, cause });
        // The receipt of what is in must not wait for the rest: a crash or a refusal may come first.
        return taken === undefined
          ? { done: false, delayMs }
          : { done: true, value: { status: "taken", count: taken, waitMs: delayMs } };
      },
      clock,
      signal,
    );
  };
}

function escalated({ escalate, cause }: Unsettled): Settled {
  if (escalate === "payload") return { status: "refused", fault: "payload", reason: "server_error", cause };
  return { status: "refused", fault: "configuration", cause };
}
