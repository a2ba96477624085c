/** Delay before try `attempt` + 1 (`attempt` counts from 1): 1 s doubling to 60 s, full jitter. Milliseconds. */
export function backoffMs(attempt: number, random: () => number): number {
  const ceilingMs = Math.min(60_000, 1_000 * 2 ** Math.min(attempt - 1, 16));
  return Math.round(ceilingMs * random());
}

/**
 * A server's own wish (Retry-After, in ms as it came) made safe for a timer: 1 s to 15 min. Zero, negative, absurd and
 * unreadable values occur, and Node fires a timer of 2^31 ms or more at once.
 */
export function clampServerDelayMs(afterMs: number): number {
  if (Number.isNaN(afterMs)) return 1_000;
  return Math.min(Math.max(afterMs, 1_000), 15 * 60_000);
}
