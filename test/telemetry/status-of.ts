import type { StreamStatus } from "../../src/telemetry/stream-status.ts";

/** A stream that has done nothing yet, but for what is given. */
export function statusOf(name: string, rest: Partial<StreamStatus> = {}): StreamStatus {
  return {
    name,
    activity: { kind: "reading" },
    asking: undefined,
    entries: 0,
    repeated: 0,
    delivered: 0,
    deadLettered: 0,
    skipped: 0,
    rejected: 0,
    reachedMs: undefined,
    isOver: false,
    coverage: () => undefined,
    ...rest,
  };
}
