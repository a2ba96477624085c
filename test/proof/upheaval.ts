import type { LogName } from "../../src/simulation/ledger.ts";
import type { Random } from "../../src/simulation/random.ts";
import type { SimulatedSlack } from "../../src/simulation/slack.ts";
import { shortOddEntry } from "./odd-entry.ts";
import type { Schedule } from "./schedule.ts";

/** What befalls whole logs and workspaces while they are read. */
export interface Upheaval {
  /** At a call to Slack. */
  strike(): void;
  /** At every call: what is gone stays gone. */
  keep(): void;
  /** The workspace takes the token's owner in again. */
  settle(): void;
  /** Slack keeps nothing of the log from before this time; epoch milliseconds, 0 where it keeps everything. */
  horizonMs(log: LogName): number;
}

export interface UpheavalOptions {
  readonly slack: SimulatedSlack;
  readonly schedule: Pick<Schedule, "upheaval" | "tenant" | "maxRecords" | "behaviour">;
  readonly random: Random;
  readonly count: (what: string) => void;
}

/** So often many entries come at once. */
const MOST_BURSTS = 3;
/** The workspace whose integration log is refused at times. */
const REFUSING = "T0ACMEOPS01";

/** By the name that the simulated Slack's world and behaviour give to each log. */
const LOGS = {
  access_logs: "access",
  integration_logs: "integration",
  app_activities: "activities",
  audit_logs: "audit",
} as const;
/** A cursor that counts entries cannot tell that one went before it: activities have such a one in the simulation alone. */
const namesOf = ({ behaviour }: Pick<Schedule, "behaviour">) =>
  (Object.keys(LOGS) as LogName[]).filter(
    (log) => log !== "app_activities" || behaviour.activities?.cursor !== "offset",
  );

export function createUpheaval({ slack, schedule, random, count }: UpheavalOptions): Upheaval {
  const { forgets, bursts, refuses } = schedule.upheaval ?? { forgets: 0, bursts: 0, refuses: 0 };
  const { world, behaviour, tenant } = slack;
  const names = namesOf(schedule);
  const horizons = new Map<LogName, number>();
  let burst = 0;

  /** The horizon behind which the oldest entry that is kept lies. */
  function oldestOf(log: LogName): number | undefined {
    const now = slack.now();
    const from = horizons.get(log) ?? 0;
    const endsMs = (times: readonly number[], unitMs: number) =>
      times.map((at) => Math.ceil((at + 1) * unitMs)).filter((endMs) => endMs > from);
    switch (log) {
      case "access_logs": {
        const { order } = behaviour.access;
        const rows = world.access.listing(now, order, {});
        return least(
          endsMs(
            rows.map((row) => (order === "date_first" ? row.dateFirst : row.dateLast)),
            1000,
          ),
        );
      }
      case "integration_logs": {
        const all = [...world.integration.workspaces.values()].flatMap((listing) => listing.visible(now));
        return least(
          endsMs(
            all.map(({ at }) => at),
            1000,
          ),
        );
      }
      case "app_activities":
        return least(
          endsMs(
            world.activities.listing.visible(now).map(({ at }) => at),
            0.001,
          ),
        );
      case "audit_logs":
        return least(
          endsMs(
            world.audit.listing.visible(now).map(({ at }) => at),
            1000,
          ),
        );
      default:
        return log satisfies never;
    }
  }

  function forget(): void {
    const log = random.pick(names);
    const endMs = oldestOf(log);
    if (endMs === undefined) return;
    horizons.set(log, endMs);
    count("retention");
  }

  function burstInto(): void {
    burst += 1;
    const log = random.pick(["integration", "activities", "audit"] as const);
    for (let left = random.between(2, 2 * schedule.maxRecords + 2); left > 0; left--)
      world[log].add(shortOddEntry(random, log, slack.now()));
    count("burst");
  }

  return {
    strike() {
      if (forgets > 0 && random.chance(forgets)) forget();
      if (bursts > 0 && burst < MOST_BURSTS && random.chance(bursts)) burstInto();
      const workspace = schedule.tenant === "organisation" ? tenant.workspaces.get(REFUSING) : undefined;
      if (workspace === undefined || refuses === 0 || !random.chance(refuses)) return;
      workspace.ownerIsMember = !workspace.ownerIsMember;
      count("workspace refused");
    },
    keep() {
      // Retention is an age, so that it grows while a horizon stays.
      for (const [log, horizonMs] of horizons) behaviour[LOGS[log]].retentionMs = slack.now() - horizonMs;
    },
    settle() {
      const workspace = tenant.workspaces.get(REFUSING);
      if (workspace !== undefined) workspace.ownerIsMember = true;
    },
    horizonMs: (log) => horizons.get(log) ?? 0,
  };
}

function least(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times);
}
