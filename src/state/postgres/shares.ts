/** How many streams a replica should hold, so that all of them hold about the same. */

/** A running replica, as the others see it. */
export interface Member {
  readonly id: number;
  /** How many streams it wants to read, held ones included. */
  readonly wanted: number;
  /** How many it does not hold and would take over from another. */
  readonly waiting: number;
  readonly held: number;
}

/** The oldest get one more where it does not come out even: a replica that joins moves as few streams as can be. */
export function shareOf(me: Member, members: readonly Member[]): number {
  const most = Math.max(...members.map(({ wanted }) => wanted));
  const rank = members.filter(({ id }) => id < me.id).length;
  return Math.floor(most / members.length) + (rank < most % members.length ? 1 : 0);
}

/** How many of its streams a replica should hand over now: what it has too many, and others wait for. */
export function surplusOf(me: Member, members: readonly Member[]): number {
  const missing = members.reduce(
    (sum, each) => sum + Math.max(0, Math.min(each.waiting, shareOf(each, members) - each.held)),
    0,
  );
  return Math.max(0, Math.min(me.held - shareOf(me, members), missing));
}
