import { hash } from "node:crypto";
import { configurationSchema } from "../../src/config/schema.ts";
import type { SourceName } from "../../src/model.ts";
import { createRandom, type Random } from "../../src/simulation/random.ts";
import type { LogName } from "../../src/simulation/ledger.ts";
import { createSimulatedSlack, type SimulatedSlack } from "../../src/simulation/slack.ts";
import { createTraffic } from "../../src/simulation/traffic.ts";
import { CANARIES, createLookout } from "./canaries.ts";
import { createDisk } from "./disk.ts";
import { createRead, judge, type Judged } from "./judge.ts";
import { live, type LifeEnd, type World } from "./life.ts";
import { oddEntry } from "./odd-entry.ts";
import { createReceiver } from "./receiver.ts";
import { READABLE, type LifePlan, type Schedule } from "./schedule.ts";
import { createTimeline } from "./timeline.ts";
import { createUpheaval } from "./upheaval.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const BEGIN_MS = Date.UTC(2026, 10, 2, 9);
/** Below every source's look-back. */
const LATE_UP_TO_MS = 10 * MINUTE_MS;
/** As configured by itself. */
const DEEP_SWEEP_MS = 6 * HOUR_MS;
/** So many times new entries come in the middle of a walk. */
const MOST_INSERTS = 12;
/** The workspace that may leave the organisation. */
const LEAVING = "T0ACMEOPS01";

const CLIENT_ID = "1.2";
const CLIENT_SECRET = `secret-of-${CANARIES.slack}`;
const REFRESH_TOKEN = `xoxe-1-${CANARIES.slack}`;
const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString("base64");

export interface Played {
  /** What should never be; empty when all is well. */
  readonly violations: readonly string[];
  /** How often each fault struck and each rare path was taken. */
  readonly counts: ReadonlyMap<string, number>;
  readonly records: number;
  readonly virtualMs: number;
  /** Stands for everything that happened, in its order. */
  readonly hash: string;
}

/** Plays a schedule, lets what is left drain without a fault, and holds the two ledgers against each other. */
export async function play(schedule: Schedule, onTrace?: (line: string) => void): Promise<Played> {
  const random = createRandom(schedule.seed ^ 0x5eed);
  const timeline = createTimeline(BEGIN_MS, schedule.store === "sqlite");
  const counts = new Map<string, number>();
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const history: (number | string)[] = [];
  const trace = (text: string) => {
    history.push(timeline.now(), text);
    onTrace?.(`${new Date(timeline.now()).toISOString()} ${text}`);
  };
  const violations: string[] = [];

  const { slack, removed, horizonMs, settle } = createSlack(schedule, { now: timeline.now, random, trace, count });
  const startMs = slack.now() - schedule.startHours * HOUR_MS;
  const receiver = createReceiver(schedule);
  const disk = createDisk(schedule.store);
  const lookout = createLookout();
  const configuration = configure(schedule, startMs);
  const capped = new Map<LogName, number>();
  const onCapped = (log: LogName, ms: number) => void capped.set(log, Math.max(ms, capped.get(log) ?? 0));
  const world: World = { timeline, slack, receiver, disk, configuration, lookout, trace, count, onCapped };
  const ends: { readonly plan: LifePlan; readonly end: LifeEnd }[] = [];
  let restored = false;

  const start = async (plan: LifePlan) => {
    const end = await live(world, plan, random);
    ends.push({ plan, end });
    if (end.kind === "defect") violations.push(`a defect: ${describe(end.error)}`);
    return end;
  };

  try {
    for (const plan of schedule.lives) {
      if (plan.stateBefore === "backup_restored") {
        disk.restore();
        restored = true;
        count("backup restored");
      } else if (plan.stateBefore !== undefined) {
        const harm = disk.harm(plan.stateBefore, random.below);
        const end = harm === undefined ? undefined : await start({ ...plan, mode: "once", stopAfterMs: 0 });
        if (end?.kind === "exit" && end.code === 3) {
          count("corrupt start");
          if (harm?.isUntouched() !== true) violations.push("a state that was refused was changed");
        } else if (plan.stateBefore !== "bit_flipped" && harm !== undefined) {
          violations.push(`a state that was ${plan.stateBefore} was not refused`);
        }
        harm?.undo();
      }
      if (random.chance(0.3)) disk.backUp();
      await start(plan);
      timeline.advance(plan.pauseMs);
    }

    // Nothing new, nothing out of order; whatever was late shows by now.
    settle();
    receiver.mend();
    timeline.advance(LATE_UP_TO_MS + 6 * MINUTE_MS);
    await drain("at once");
    const given = {
      schedule,
      logs: sourcesOf(schedule),
      slack,
      receiver,
      disk,
      startOf: (log: LogName) => Math.max(startMs, capped.get(log) ?? 0),
      removed,
      horizonMs,
      ends,
      read: createRead(),
    };
    const atOnce = judge({ ...given, restored, isLast: false });
    // Rows that changed far from the head are found when a deep sweep is due.
    let inTheEnd: Judged;
    let sweeps = 0;
    do {
      timeline.advance(7 * HOUR_MS);
      await drain("in the end");
      inTheEnd = judge({ ...given, restored, isLast: true });
      sweeps += 1;
    } while (
      sweeps < leastSweeps(schedule) ||
      (inTheEnd.violations.length > 0 && sweeps < (tiesMove(schedule) ? 8 : 1))
    );
    violations.push(...atOnce.violations, ...inTheEnd.violations);
    countOutcome(inTheEnd, count);
  } catch (error) {
    violations.push(describe(error));
  } finally {
    disk.dispose();
  }
  const virtualMs = timeline.now() - BEGIN_MS;
  const all = history.join("\n");
  lookout.look("the log", all);
  violations.push(...lookout.leaks);
  return { violations, counts, records: receiver.accepted.length, virtualMs, hash: hash("sha1", all) };

  async function drain(when: string): Promise<void> {
    const end = await start(DRAIN);
    const isDone = end.kind === "exit" && end.code === 0 && !end.stopped;
    if (!isDone) violations.push(`the last run ${when} ended with ${JSON.stringify(end)}`);
  }
}

/** What a few sweeps missed, of entries that change places, must not come again. */
function leastSweeps(schedule: Schedule): number {
  return tiesMove(schedule) && schedule.seed % 4 === 0 ? 6 : 1;
}

/** Whether entries of one second change places at every call: one of them can slip from page to page past a sweep. */
function tiesMove({ behaviour: { access, integration } }: Schedule): boolean {
  return access?.tiesMove === true || integration?.tiesMove === true;
}

const DRAIN: LifePlan = {
  mode: "once",
  stopAfterMs: 24 * HOUR_MS,
  slackFaults: [],
  destinationFaults: [],
  outages: [],
  pauseMs: 0,
};

function countOutcome({ repeats, deadLetters, partial, tooOld }: Judged, count: (what: string) => void): void {
  if (repeats > 0) count("repeat");
  if (deadLetters > 0) count("dead letter");
  if (partial > 0) count("partial batch set aside");
  if (tooOld > 0) count("too old");
}

function sourcesOf({ tenant, sources }: Schedule): readonly SourceName[] {
  return sources ?? READABLE[tenant];
}

function configure(schedule: Schedule, startMs: number) {
  const { maxRecords } = schedule;
  const pace = { calls_per_minute: 1000 };
  return configurationSchema.parse({
    slack: {
      ...(schedule.tokenLivesMs === undefined
        ? { token: CANARIES.slack }
        : {
            rotation: {
              client_id: CLIENT_ID,
              client_secret: CLIENT_SECRET,
              refresh_token: REFRESH_TOKEN,
              encryption_key: ENCRYPTION_KEY,
            },
          }),
      api_url: "https://slack.test/api/",
      audit_url: "https://slack.test/audit/v1/",
    },
    sources: Object.fromEntries(sourcesOf(schedule).map((name) => [name, { ...pace, interval: "5m" }])),
    start: new Date(startMs).toISOString(),
    destination: destinationOf(schedule),
    batch: { max_records: maxRecords },
  });
}

function destinationOf({ destination, compression, tooOld }: Schedule) {
  switch (destination) {
    case "splunk_hec":
    case "splunk_hec_ack": {
      const ack = destination === "splunk_hec_ack";
      return { splunk_hec: { endpoint: "https://splunk.test:8088", token: CANARIES.receiver, compression, ack } };
    }
    case "datadog_otlp":
    case "datadog_v2": {
      const api = destination === "datadog_v2" ? "v2" : "otlp";
      return { datadog: { endpoint: "https://datadog.test", api_key: CANARIES.receiver, api, late: tooOld } };
    }
    case "otlp_json":
    case "otlp_protobuf":
      return {
        otlp: {
          endpoint: "https://collector.test:4318",
          encoding: destination === "otlp_json" ? "json" : "protobuf",
          compression,
          headers: { authorization: `Bearer ${CANARIES.receiver}` },
        },
      };
    default:
      return destination satisfies never;
  }
}

interface SlackOptions {
  readonly now: () => number;
  readonly random: Random;
  readonly trace: (text: string) => void;
  readonly count: (what: string) => void;
}

function createSlack(schedule: Schedule, { now, random, trace, count }: SlackOptions) {
  const { seed, tenant, behaviour, slackAheadMs, liveliness, history, perHour, late } = schedule;
  const removed = new Set<string>();
  let lively = true;
  let inserts = 0;
  const slack: SimulatedSlack = createSimulatedSlack({
    clock: { now },
    clockOffsetMs: slackAheadMs,
    behaviour,
    tokens: [{ token: CANARIES.slack }],
    ...(schedule.tokenLivesMs === undefined
      ? {}
      : {
          rotation: {
            clientId: CLIENT_ID,
            clientSecret: CLIENT_SECRET,
            refreshToken: REFRESH_TOKEN,
            lifetimeMs: schedule.tokenLivesMs,
            graceMs: Number.POSITIVE_INFINITY,
            prefixes: { access: `xoxe.${CANARIES.slack}-`, refresh: `xoxe-1-${CANARIES.slack}-` },
          },
        }),
    ...(schedule.foreignAuditCalls === undefined
      ? {}
      : { rates: { foreignAuditCallsPerMinute: schedule.foreignAuditCalls } }),
    ...(tenant === "workspace" ? { tenant: { organisation: null } } : {}),
    beforeCall({ method, params }) {
      if (method === "oauth.v2.access") count("token asked for");
      trace(`call ${method} ${JSON.stringify(params)}`);
      upheaval.keep();
      if (!lively) return;
      traffic.advance(slack.now());
      if (random.chance(liveliness.inserts) && inserts < MOST_INSERTS) {
        inserts += 1;
        const few = () => random.below(3);
        traffic.history(
          { logins: few(), integrationChanges: few(), activities: few(), auditEntries: few() },
          (MINUTE_MS + random.below(LATE_UP_TO_MS)) / HOUR_MS,
        );
      }
      const { access } = slack.world;
      addOddity();
      upheaval.strike();
      upheaval.keep();
      if (slack.tenant.organisation !== undefined) comeAndGo();
      if (random.chance(liveliness.rewrites)) {
        const chosen = random.below(7);
        // A version may come back, but not when it is forgotten: two deep sweeps later it is a new one to the program.
        const era = Math.floor((now() - BEGIN_MS) / DEEP_SWEEP_MS);
        const isp = random.pick([`Other ISP ${era}`, `Third ISP ${era}`, era === 0 ? null : `No ISP ${era}`]);
        access.change(({ id }) => id % 7 === chosen, { isp });
      }
      if (random.chance(liveliness.removals)) {
        const chosen = random.below(11);
        access.remove(({ id }) => {
          if (id % 11 !== chosen) return false;
          removed.add(String(id));
          return true;
        });
      }
    },
  });
  const traffic = createTraffic(slack, {
    seed,
    people: 12,
    perHour,
    late: { probability: late, upToMs: LATE_UP_TO_MS },
  });
  traffic.history(history, schedule.startHours * 1.5);
  const upheaval = createUpheaval({ slack, schedule, random, count });

  function addOddity(): void {
    if (schedule.oddities === 0 || !random.chance(schedule.oddities)) return;
    const log = random.pick(["integration", "activities", "audit"] as const);
    slack.world[log].add(oddEntry(random, log, slack.now()));
    count("odd entry");
  }

  function comeAndGo(): void {
    const { comes, goes } = schedule.workspaces;
    const { workspaces } = slack.tenant;
    if (comes > 0 && random.chance(comes) && workspaces.size < 4) {
      const teamId = `T0ACMENEW${workspaces.size}`;
      slack.tenant.addWorkspace({ id: teamId });
      for (let left = random.between(1, 3); left > 0; left--)
        slack.world.integration.add(oddEntry(random, "integration", slack.now() - left * MINUTE_MS), { teamId });
      count("workspace came");
    }
    if (goes > 0 && random.chance(goes) && workspaces.get(LEAVING)?.removed === false) {
      slack.tenant.removeWorkspace(LEAVING);
      count("workspace went");
    }
  }

  const settle = () => {
    lively = false;
    upheaval.settle();
    slack.setFaults([]);
    if (schedule.foreignAuditCalls !== undefined) {
      const refused = slack.calls.filter(
        ({ method, outcome }) => method === "audit.logs" && outcome === "rate_limited",
      );
      if (refused.length > 0) count("foreign calls took the quota");
      slack.setRates(undefined);
    }
    slack.behaviour.cursors.expireAfterCalls = undefined;
    slack.behaviour.access.callsAreAccess = false;
  };
  return { slack, removed, horizonMs: upheaval.horizonMs, settle };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 4).join(" | ") : String(error);
}
