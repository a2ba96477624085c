import type { StreamStatus } from "./stream-status.ts";

export interface Reason {
  /** Absent: it concerns all of them. */
  readonly stream?: string;
  /** A stable word. */
  readonly reason: string;
  /** For a person: what happened and what to do. */
  readonly message: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly Reason[];
}

/**
 * Whether it does its work: no stream is halted. What passes by itself, an outage or a throttle, is no reason to be taken
 * out of service.
 */
export function readinessOf(streams: readonly StreamStatus[], refused: readonly Reason[]): Readiness {
  const reasons: Reason[] = [...refused];
  if (streams.length === 0 && refused.length === 0) {
    reasons.push({ reason: "starting", message: "Slack has not said yet whose token it is; no stream has begun." });
  }
  for (const { name, fault, isOver } of streams) {
    if (fault !== undefined && !isOver) reasons.push({ stream: name, reason: fault.reason, message: fault.message });
  }
  return { ready: reasons.length === 0, reasons };
}
