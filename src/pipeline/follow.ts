import type { Ending, Halt } from "../model.ts";
import { conclude, drain, HALT_RETRY_MS, type DrainOptions } from "./drain.ts";
import type { Refusal } from "./isolate.ts";

/** A right or a plan that is missing does not come back by itself: such a stream is looked at again this often. */
const UNAVAILABLE_RETRY_MS = 60 * 60_000;

export interface FollowOptions extends Omit<DrainOptions, "patient"> {
  /** Whether the configuration names the source; one that it does not name may be unavailable without harm. */
  readonly listed: boolean;
  /** Told of every walk's ending. True: this stream is not to be followed any further. */
  readonly onEnding: (ending: Ending) => boolean;
  /** Changes when the credentials were replaced: what is not available is looked at again then. */
  readonly renewal?: () => unknown;
  /** Told of every wait after a walk. */
  readonly onWait?: (delayMs: number) => void;
}

/**
 * Follows one stream until the signal, and resolves with `undefined` then. Rejects only for a `StateError` or a defect.
 */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<Ending | undefined> {
  const { clock, source, renewal = () => undefined } = options;
  let current = renewal();

  /** Looks every `lookMs` whether the credentials were replaced, which ends it. */
  async function pause(delayMs: number, lookMs: number): Promise<void> {
    let leftMs = delayMs;
    do {
      await clock.sleep(Math.min(leftMs, lookMs), signal);
      leftMs -= lookMs;
    } while (leftMs > 0 && renewal() === current);
  }

  try {
    while (!signal.aborted) {
      const started = clock.monotonic();
      current = renewal();
      const ending = await drain({ ...options, patient: true }, signal);
      if (ending.kind !== "refused" && options.onEnding(ending)) return ending;
      await conclude({ ...options, patient: true }, ending, signal);
      const delayMs = waitMs(ending, options, clock.monotonic() - started, source.intervalMs);
      options.onWait?.(delayMs);
      await pause(delayMs, ending.kind === "present" ? delayMs : HALT_RETRY_MS);
    }
  } catch (error) {
    rethrowUnlessAbort(error, signal);
  }
  return undefined;
}

/** Brings one stream to the present once. Resolves with `undefined` when the signal ended it before. */
export async function followOnce(options: FollowOptions, signal: AbortSignal): Promise<Ending | Refusal | undefined> {
  try {
    const ending = await drain({ ...options, patient: false }, signal);
    if (ending.kind !== "refused" && options.onEnding(ending)) return ending;
    return (await conclude({ ...options, patient: false }, ending, signal)) ?? ending;
  } catch (error) {
    rethrowUnlessAbort(error, signal);
    return undefined;
  }
}

function waitMs(ending: Ending | Refusal, options: FollowOptions, elapsedMs: number, intervalMs: number): number {
  if (ending.kind === "present") return Math.max(0, intervalMs - elapsedMs);
  if (ending.kind === "refused") return HALT_RETRY_MS;
  const isAsked = options.listed && ending.scope !== "workspace";
  return ending.reason === "unavailable" && !isAsked ? UNAVAILABLE_RETRY_MS : HALT_RETRY_MS;
}

/**
 * A source that nobody asked for by name, and that this token or plan cannot read. One workspace that refuses, of those
 * that the token is there to read, is missing all the same.
 */
export function isOptional(halt: Halt, listed: boolean): boolean {
  return halt.reason === "unavailable" && halt.scope !== "workspace" && !listed;
}

/** What is thrown after the signal is its reason, but a state that failed at that moment must still be told. */
function rethrowUnlessAbort(error: unknown, signal: AbortSignal): void {
  if (!signal.aborted || error !== signal.reason) throw error;
}
