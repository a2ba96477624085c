import { createRandom, type Random } from "./random.ts";
import type { SimulatedSlack } from "./slack.ts";
import { activityRun } from "./traffic/activity-run.ts";
import { auditEntry } from "./traffic/audit-entry.ts";
import { createCast } from "./traffic/cast.ts";
import { integrationChange } from "./traffic/integration-change.ts";

/** How much of each log: logins, integrations' changes, activities and audit entries. */
export interface Volumes {
  readonly logins: number;
  readonly integrationChanges: number;
  readonly activities: number;
  readonly auditEntries: number;
}

export interface TrafficOptions {
  readonly seed?: number;
  readonly people?: number;
  /** A busy small company, unless given. */
  readonly perHour?: Partial<Volumes>;
  /** How many entries show late, and by how much at most (S27). Default: none. */
  readonly late?: { readonly probability: number; readonly upToMs: number };
}

/** Seeded, lifelike entries for all four logs. */
export interface Traffic {
  /** What happens from where the last call ended (at first: from Slack's present) to `untilMs`. */
  advance(untilMs: number): Volumes;
  /** So many entries spread evenly over the hours before Slack's present. Rows of access are fewer than logins. */
  history(volumes: Partial<Volumes>, hours: number): Volumes;
}

const DEFAULT_PER_HOUR: Volumes = { logins: 240, integrationChanges: 6, activities: 900, auditEntries: 180 };
const NOTHING: Volumes = { logins: 0, integrationChanges: 0, activities: 0, auditEntries: 0 };
const KINDS = Object.keys(NOTHING) as (keyof Volumes)[];

type Slack = Pick<SimulatedSlack, "world" | "tenant" | "now">;

export function createTraffic(slack: Slack, options: TrafficOptions = {}): Traffic {
  const random = createRandom(options.seed ?? 1);
  const perHour: Volumes = { ...DEFAULT_PER_HOUR, ...options.perHour };
  const write = createWriter(slack, random, options);
  let writtenToMs = slack.now();
  /** What a run overshot and what is less than one entry, kept for the next stretch. */
  const owed: Record<keyof Volumes, number> = { ...NOTHING };
  return {
    advance(untilMs) {
      const done = { ...NOTHING } as Record<keyof Volumes, number>;
      const hours = Math.max(0, untilMs - writtenToMs) / 3_600_000;
      for (const kind of KINDS) {
        owed[kind] += perHour[kind] * hours;
        while (owed[kind] >= 1) {
          const atMs = writtenToMs + random.next() * (untilMs - writtenToMs);
          const written = write[kind](atMs, Infinity);
          owed[kind] -= written;
          done[kind] += written;
        }
      }
      writtenToMs = Math.max(writtenToMs, untilMs);
      return done;
    },
    history(volumes, hours) {
      const done = { ...NOTHING } as Record<keyof Volumes, number>;
      const spanMs = hours * 3_600_000;
      for (const kind of KINDS) {
        const wanted = volumes[kind] ?? 0;
        while (done[kind] < wanted) {
          const share = (done[kind] + random.next()) / wanted;
          // The last minute stays free, so that no run reaches into the future.
          const atMs = slack.now() - 60_000 - Math.max(0, spanMs - 60_000) * Math.max(0, 1 - share);
          done[kind] += write[kind](atMs, wanted - done[kind]);
        }
      }
      return done;
    },
  };
}

/** Each writes at a time, at most so many entries, and tells how many. */
type Writer = Readonly<Record<keyof Volumes, (atMs: number, atMost: number) => number>>;

function createWriter({ world, tenant }: Slack, random: Random, { people = 25, late }: TrafficOptions): Writer {
  const cast = createCast(random, tenant, people);
  const lateness = () =>
    late !== undefined && random.chance(late.probability) ? { lateMs: Math.floor(random.next() * late.upToMs) } : {};
  return {
    logins(atMs) {
      const person = random.pick(cast.people);
      const device = random.pick(person.devices);
      const { id, name, teamId } = person;
      world.access.login({ atMs, userId: id, username: name, teamId, ...device, ...lateness() });
      return 1;
    },
    integrationChanges(atMs) {
      const { entry, teamId } = integrationChange(random, cast, atMs);
      world.integration.add(entry, { teamId, ...lateness() });
      return 1;
    },
    activities(atMs, atMost) {
      const run = activityRun(random, cast, atMs).slice(0, atMost);
      for (const { entry, teamId } of run) world.activities.add(entry, { teamId, ...lateness() });
      return run.length;
    },
    auditEntries(atMs) {
      world.audit.add(auditEntry(random, cast, atMs), lateness());
      return 1;
    },
  };
}
