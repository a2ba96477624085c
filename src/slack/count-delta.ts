import type { Identified } from "../mapping/identity.ts";
import type { Identity } from "../model.ts";

/**
 * By how much `count` of a `team.accessLogs` row grew: against the version it follows; the whole count for a row first
 * seen that began after `startSeconds`; `undefined` when it cannot be known.
 *
 * Two rows may share one key (an organisation's answer names no workspace). So a version that stands unchanged in the
 * same answer (`shown`) is another row's, and of the others the latest that the row can have grown from is taken.
 */
export function countDelta(
  row: Identified,
  versions: readonly Identity[],
  shown: ReadonlySet<string>,
  startSeconds: number,
): number | undefined {
  if (row.count === undefined) return undefined;
  const others = versions.filter(({ version }) => !shown.has(version));
  const { count, lastSeconds = Number.POSITIVE_INFINITY } = row;
  const grownFrom = others.filter((other) => (other.count ?? 0) <= count && (other.lastSeconds ?? 0) <= lastSeconds);
  const before = latest(grownFrom) ?? latest(others);
  if (before !== undefined) return before.count === undefined ? undefined : count - before.count;
  const beganAfterStart = row.firstSeconds !== undefined && row.firstSeconds >= startSeconds;
  return beganAfterStart ? count : undefined;
}

function latest(versions: readonly Identity[]): Identity | undefined {
  let best: Identity | undefined;
  for (const version of versions) if (best === undefined || isLater(version, best)) best = version;
  return best;
}

/** Of one second, the one that counts more. */
function isLater(one: Identity, other: Identity): boolean {
  const newer = (one.lastSeconds ?? 0) - (other.lastSeconds ?? 0);
  return newer > 0 || (newer === 0 && (one.count ?? 0) > (other.count ?? 0));
}
