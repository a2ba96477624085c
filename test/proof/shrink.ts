import { READABLE, type LifePlan, type Schedule } from "./schedule.ts";

/**
 * Makes a schedule shorter for as long as it still fails, one thing at a time, and tells the shortest one found, at the
 * latest when `isOver` says so.
 */
export async function shrink(
  schedule: Schedule,
  fails: (candidate: Schedule) => Promise<boolean>,
  isOver: () => boolean = () => false,
): Promise<Schedule> {
  let shortest = schedule;
  for (let found = true; found && !isOver();) {
    found = false;
    for (const candidate of shorter(shortest)) {
      if (isOver()) break;
      if (!(await fails(candidate))) continue;
      shortest = candidate;
      found = true;
      break;
    }
  }
  return shortest;
}

/** The most that can be left out comes first. */
function* shorter(schedule: Schedule): Generator<Schedule> {
  const { lives, history, perHour, poison, liveliness, behaviour } = schedule;
  for (const index of lives.keys()) if (lives.length > 1) yield { ...schedule, lives: lives.toSpliced(index, 1) };
  const { sources = READABLE[schedule.tenant] } = schedule;
  for (const index of sources.keys())
    if (sources.length > 1) yield { ...schedule, sources: sources.toSpliced(index, 1) };
  for (const part of Object.keys(behaviour) as (keyof typeof behaviour)[]) {
    const { [part]: _, ...rest } = behaviour;
    yield { ...schedule, behaviour: rest };
  }
  for (const [index, life] of lives.entries())
    for (const simpler of simplerLives(life)) yield { ...schedule, lives: lives.with(index, simpler) };
  for (const volumes of ["history", "perHour"] as const) {
    const given = volumes === "history" ? history : perHour;
    for (const kind of Object.keys(given) as (keyof typeof given)[]) {
      if (given[kind] > 0) yield { ...schedule, [volumes]: { ...given, [kind]: 0 } };
      if (given[kind] > 1) yield { ...schedule, [volumes]: { ...given, [kind]: given[kind] >> 1 } };
    }
  }
  for (const kind of Object.keys(liveliness) as (keyof typeof liveliness)[])
    if (liveliness[kind] > 0) yield { ...schedule, liveliness: { ...liveliness, [kind]: 0 } };
  if (poison.perMille > 0) yield { ...schedule, poison: { ...poison, perMille: 0 } };
  if (poison.serverErrorPerMille > 0) yield { ...schedule, poison: { ...poison, serverErrorPerMille: 0 } };
  if (poison.tooMany !== undefined) {
    const { tooMany: _, ...rest } = poison;
    yield { ...schedule, poison: rest };
  }
  if (schedule.oddities > 0) yield { ...schedule, oddities: 0 };
  for (const kind of ["comes", "goes"] as const)
    if (schedule.workspaces[kind] > 0) yield { ...schedule, workspaces: { ...schedule.workspaces, [kind]: 0 } };
  if (schedule.upheaval !== undefined) {
    const { upheaval: _, ...rest } = schedule;
    yield rest;
    for (const kind of ["forgets", "bursts", "refuses"] as const)
      if (schedule.upheaval[kind] > 0) yield { ...schedule, upheaval: { ...schedule.upheaval, [kind]: 0 } };
  }
  if (schedule.foreignAuditCalls !== undefined) {
    const { foreignAuditCalls: _, ...rest } = schedule;
    yield rest;
  }
  if (schedule.tokenLivesMs !== undefined) {
    const { tokenLivesMs: _, ...rest } = schedule;
    yield rest;
  }
  if (schedule.late > 0) yield { ...schedule, late: 0 };
  if (schedule.slackAheadMs !== 0) yield { ...schedule, slackAheadMs: 0 };
  if (schedule.tenant !== "workspace" && sources.every((source) => READABLE.workspace.includes(source)))
    yield { ...schedule, sources, tenant: "workspace" };
  if (schedule.store !== "memory") yield { ...schedule, store: "memory" };
}

function* simplerLives(life: LifePlan): Generator<LifePlan> {
  for (const key of ["crash", "clockJump", "diskFull", "stateBefore"] as const) {
    if (life[key] === undefined) continue;
    const { [key]: _, ...rest } = life;
    yield rest;
  }
  for (const key of ["slackFaults", "destinationFaults", "outages"] as const)
    for (const index of life[key].keys()) yield { ...life, [key]: life[key].toSpliced(index, 1) };
  if (life.mode === "follow") yield { ...life, mode: "once" };
  if (life.pauseMs > 1_000) yield { ...life, pauseMs: 1_000 };
  if (life.crash !== undefined && life.crash.nth > 1)
    yield { ...life, crash: { ...life.crash, nth: life.crash.nth - 1 } };
}
