import { CRASH_POINTS, DESTINATION_FAULTS, SLACK_FAULTS } from "./schedule.ts";

/** How often, of ten thousand schedules, each thing has to happen at least, or the campaign has tried nothing. */
const OFTEN: ReadonlyMap<string, number> = new Map([
  ...CRASH_POINTS.map((point) => [`crash at ${point}`, 100] as const),
  ...DESTINATION_FAULTS.map((fault) => [`destination: ${fault}`, 100] as const),
  ...SLACK_FAULTS.map(({ kind }) => [`slack: ${kind}`, 100] as const),
  ...[
    "slack_down",
    "slack_credentials",
    "slack_scope",
    "destination_down",
    "destination_credentials",
    "destination_gone",
  ].map((what) => [`outage: ${what}`, 50] as const),
  ["destination: poison", 100],
  ["destination: poison among others", 100],
  ["destination: server_poison", 100],
  ["destination: too_large", 100],
  ["destination: index_lost", 50],
  ["destination: index_late", 50],
  ["odd entry", 100],
  ["workspace came", 100],
  ["workspace went", 100],
  ["foreign calls took the quota", 100],
  ["retention", 100],
  ["burst", 100],
  ["workspace refused", 100],
  ["clock jump", 100],
  ["disk_full", 50],
  ["corrupt start", 50],
  ["backup restored", 50],
  ["repeat", 100],
  ["dead letter", 100],
  ["partial batch set aside", 50],
  ["deep sweep", 100],
  ["resumed: deep", 50],
  ["resumed: walk", 50],
  ["resumed: window", 50],
  ["log: slack_walk_restarted", 100],
  ["log: coverage_partial", 50],
  ["log: start_capped", 50],
  ["log: records_older_than_window", 50],
  ["too old", 50],
  ["log: token_refreshed", 100],
  ["crash with a new token on its way", 100],
]);

/** From so many schedules on the law of large numbers may be relied on. */
const ENOUGH = 2_000;

/** What did not happen often enough in so many schedules. */
export function tooSeldom(counts: ReadonlyMap<string, number>, schedules: number): string[] {
  if (schedules < ENOUGH) return [];
  return [...OFTEN].flatMap(([what, most]) => {
    const wanted = Math.max(1, Math.floor((Math.min(schedules, 10_000) / 10_000) * most));
    const times = counts.get(what) ?? 0;
    return times >= wanted ? [] : [`${what}: ${times} times, ${wanted} wanted`];
  });
}
