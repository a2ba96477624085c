import { LATE, type Late } from "../../src/destinations/datadog-late.ts";
import { SOURCE_NAMES, type SourceName } from "../../src/model.ts";
import type { BehaviourOptions } from "../../src/simulation/behaviour.ts";
import type { Fault } from "../../src/simulation/faults.ts";
import { createRandom, type Random } from "../../src/simulation/random.ts";
import type { Volumes } from "../../src/simulation/traffic.ts";

/**
 * Everything that is to happen, as plain data: it can be printed, made shorter, and played again to the same end. What
 * is left to chance while it is played comes from `seed`.
 */
export interface Schedule {
  readonly seed: number;
  readonly tenant: "organisation" | "workspace";
  /** Those that are read, of what the tenant's token can read; all of that where it is absent. */
  readonly sources?: readonly SourceName[];
  readonly behaviour: BehaviourOptions;
  /** How far Slack's clock is ahead of the program's. */
  readonly slackAheadMs: number;
  readonly store: "memory" | "sqlite";
  readonly destination: "otlp_protobuf" | "otlp_json" | "splunk_hec" | "splunk_hec_ack" | "datadog_otlp" | "datadog_v2";
  readonly compression: "gzip" | "none";
  /** What becomes of records that are too old for Datadog, where they are sent there. */
  readonly tooOld: Late;
  readonly maxRecords: number;
  readonly startHours: number;
  /** Before the first life. */
  readonly history: Volumes;
  readonly perHour: Volumes;
  /** Share of entries that show late, all within the look-back. */
  readonly late: number;
  /** Chances, at each call to Slack, of new entries in mid-walk and of rows rewritten or taken away. */
  readonly liveliness: { readonly inserts: number; readonly rewrites: number; readonly removals: number };
  /** Chance, at each call to Slack, of an entry of no known shape. */
  readonly oddities: number;
  /** Chances, at each call to Slack, that a workspace joins the organisation, and that one leaves it. */
  readonly workspaces: { readonly comes: number; readonly goes: number };
  /**
   * Chances, at each call to Slack, that the oldest entry of a log is kept no longer, that many entries come in one
   * instant, and that a workspace refuses the token's owner or takes them in again.
   */
  readonly upheaval?: { readonly forgets: number; readonly bursts: number; readonly refuses: number };
  /** What another app takes of the Audit API's quota, each minute; the documented tiers hold then. */
  readonly foreignAuditCalls?: number;
  /** What the receiver will never take, of a thousand records; and how many records it takes at once. */
  readonly poison: { readonly perMille: number; readonly serverErrorPerMille: number; readonly tooMany?: number };
  /** The token lives for so long, and is renewed with refresh tokens that work once; one whose answer was lost, again. */
  readonly tokenLivesMs?: number;
  readonly lives: readonly LifePlan[];
}

/** One start of the program, to its end. */
export interface LifePlan {
  readonly mode: "once" | "follow";
  /** A stop signal after so long, where the life has not ended before. */
  readonly stopAfterMs: number;
  /** SIGKILL when the program is at this place for the nth time. */
  readonly crash?: { readonly point: CrashPoint; readonly nth: number };
  /** Chance of each fault at each call to Slack. */
  readonly slackFaults: readonly { readonly fault: Fault; readonly probability: number }[];
  /** Chance of each fault at each request to the destination. */
  readonly destinationFaults: readonly { readonly fault: DestinationFault; readonly probability: number }[];
  readonly outages: readonly Outage[];
  /** The program's wall clock jumps. */
  readonly clockJump?: { readonly afterMs: number; readonly byMs: number };
  /** The disk is full from the nth commit (or the nth dead letter) on. */
  readonly diskFull?: { readonly at: "commit" | "dead_letter"; readonly nth: number };
  /** What somebody did to the state before this start. */
  readonly stateBefore?: "cut" | "bit_flipped" | "empty" | "backup_restored";
  /** Between the end of this life and the next start. */
  readonly pauseMs: number;
}

/** A stretch of a life, from its start, in which one side is out altogether. */
export interface Outage {
  readonly what:
    | "slack_down"
    | "slack_credentials"
    | "slack_scope"
    | "destination_down"
    | "destination_credentials"
    | "destination_gone";
  readonly fromMs: number;
  readonly forMs: number;
}

export const CRASH_POINTS = [
  "store-created",
  "slack-asked",
  "slack-answered",
  "before-send",
  "after-accept",
  "dead-letter-written",
  "dead-letter-synced",
  "position-begun",
  "position-written",
  "position-committed",
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

export const DESTINATION_FAULTS = [
  "unavailable",
  "throttled",
  "throttled_oddly",
  "server_error",
  "reset",
  "hang",
  "slow",
  "html",
  "lost_answer",
  "taken_then_hang",
  "partial",
  "busy_midway",
] as const;
export type DestinationFault = (typeof DESTINATION_FAULTS)[number];

export const SLACK_FAULTS: readonly Fault[] = [
  { kind: "html", status: 500 },
  { kind: "html", status: 200 },
  { kind: "empty_body", status: 200 },
  { kind: "null_body" },
  { kind: "without_list" },
  { kind: "reset" },
  { kind: "silence" },
  { kind: "truncated_json" },
  { kind: "cut" },
  { kind: "stall" },
  { kind: "late", afterMs: 40_000 },
  { kind: "drip", overMs: 20_000 },
  { kind: "broken_gzip" },
  { kind: "redirect", location: "https://elsewhere.test/" },
  { kind: "short_page" },
  { kind: "empty_page" },
  { kind: "repeated_cursor" },
  { kind: "expired_cursor" },
  { kind: "rate_limited", retryAfter: 3 },
  { kind: "rate_limited", retryAfter: "absent" },
  { kind: "rate_limited", retryAfter: "http_date", as: "ok_false" },
  { kind: "rate_limited", retryAfter: { text: "-1" } },
  { kind: "rate_limited", retryAfter: { text: "1e12" } },
  { kind: "error", error: "internal_error", status: 500 },
  { kind: "error", error: "something_new", status: 500 },
  { kind: "error", error: "invalid_cursor", status: 400 },
  { kind: "error", error: "team_added_to_org" },
];

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A workspace's own token reads two of the logs. */
export const READABLE: Readonly<Record<Schedule["tenant"], readonly SourceName[]>> = {
  organisation: SOURCE_NAMES,
  workspace: ["access_logs", "integration_logs"],
};

/** By how much a world is larger than the small one; the last is read in pages of 40. */
const SIZES: readonly number[] = [...Array<number>(200).fill(1), ...Array<number>(8).fill(4), 40];
const DESTINATIONS = [
  ...(["otlp_protobuf", "otlp_protobuf", "otlp_json", "splunk_hec", "splunk_hec", "splunk_hec_ack"] as const),
  ...(["datadog_otlp", "datadog_v2"] as const),
];

/** What the seed stands for. */
export function scheduleOf(seed: number): Schedule {
  const random = createRandom(seed);
  const store = random.chance(0.08) ? "sqlite" : "memory";
  // Small worlds meet the same corners in less time.
  const size = random.pick(SIZES);
  const upTo = (most: number) => random.between(1, most * size);
  const drawn = random.pick(DESTINATIONS);
  // What is not small is compressed on the thread pool, whose work no virtual time waits for.
  const isSmall = size === 1;
  const destination = isSmall || !drawn.startsWith("datadog") ? drawn : "otlp_json";
  const lives = Array.from({ length: random.pick([1, 1, 2, 2, 3]) }, (_, index) =>
    lifeOf(random, { store, destination, index }),
  );
  // What came later draws from chance of its own, so that the rest of a seed stays as it was.
  const later = createRandom(seed ^ 0x7a7e);
  const tokenLivesMs = later.chance(0.1) ? later.pick([3 * HOUR, 12 * HOUR]) : undefined;
  const diesWithToken = later.chance(0.4);
  const compression = isSmall ? later.pick(["gzip", "none"] as const) : "none";
  const tooOld = later.pick(LATE);
  const tenant = random.chance(0.75) ? "organisation" : "workspace";
  // Few streams at once get into each other's way as well as all of them do, in half of the time.
  const chosen = READABLE[tenant].filter(() => later.chance(0.5));
  const sources = chosen.length > 0 ? chosen : READABLE[tenant];
  const broad = createRandom(seed ^ 0xb40ad);
  const upheaval = {
    forgets: broad.pick([0, 0.03, 0.1]),
    bursts: broad.pick([0, 0.03]),
    refuses: broad.pick([0, 0, 0.05]),
  };
  // With an old state come refresh tokens that were used up long ago: only a person can mend that.
  const isRestored = lives.some(({ stateBefore }) => stateBefore === "backup_restored");
  const setsAside = lives.some(({ crash }) => crash?.point.startsWith("dead-letter"));
  return {
    seed,
    tenant,
    sources,
    behaviour: withRarities(behaviourOf(random), broad),
    slackAheadMs: random.pick([0, 0, 0, 50 * MINUTE, -50 * MINUTE, DAY, -DAY]),
    store,
    destination,
    compression,
    tooOld,
    maxRecords: size > 10 ? 40 : random.pick([1, 2, 3, 4, 6, 6, 8, 10]),
    startHours: random.pick([1, 6, 30]),
    history: { logins: upTo(8), integrationChanges: upTo(6), activities: upTo(7), auditEntries: upTo(7) },
    perHour: { logins: upTo(2), integrationChanges: upTo(2), activities: upTo(2), auditEntries: upTo(2) },
    late: random.pick([0, 0.1, 0.3]),
    liveliness: {
      inserts: random.pick([0, 0.05, 0.2]),
      rewrites: random.pick([0, 0.03, 0.1]),
      removals: random.pick([0, 0, 0.02]),
    },
    oddities: random.pick([0, 0, 0, 0.05]),
    ...(broad.chance(0.35) ? { upheaval } : {}),
    workspaces: { comes: random.pick([0, 0, 0, 0.05]), goes: random.pick([0, 0, 0, 0.02]) },
    ...(random.chance(0.16) && sources.includes("audit_logs") ? { foreignAuditCalls: random.pick([45, 48, 49]) } : {}),
    poison: {
      // A crash beside a dead letter takes one.
      perMille: setsAside ? 150 : random.pick([0, 0, 15, 40]),
      serverErrorPerMille: random.pick([0, 0, 0, 15]),
      ...(random.chance(0.2) ? { tooMany: random.between(1, 4) } : {}),
    },
    ...(tokenLivesMs === undefined || isRestored ? { lives } : { tokenLivesMs, lives: renewing(lives, diesWithToken) }),
  };
}

/** The first thing that is asked for is a token: `dies` when it has come and nobody has it yet. */
function renewing([first, ...others]: readonly LifePlan[], dies: boolean): LifePlan[] {
  const crash = dies ? { crash: { point: "slack-answered", nth: 1 } as const } : {};
  return first === undefined ? [] : [{ ...first, ...crash }, ...others];
}

const ENDINGS = ["empty", "null", "absent", "no_metadata"] as const;

function behaviourOf(random: Random): BehaviourOptions {
  return {
    access: {
      order: random.pick(["date_first", "date_last"]),
      beforeMeans: random.pick(["date_first", "date_last"]),
      unsetBefore: random.pick(["live", "frozen"]),
      cursor: random.pick(["keyset", "offset"]),
      limitTooHigh: random.pick(["lowered", "invalid_limit"]),
      pagingInCursorMode: random.chance(0.5),
      organisationView: random.pick(["everything", "everything", "missing_argument", "invalid_team_id"]),
      teamView: "whole",
      foldGapMs: random.pick([DAY, HOUR]),
      refreshEveryMs: random.pick([0, 0, 5 * MINUTE, HOUR]),
      callsAreAccess: random.chance(0.3),
      tiesMove: random.chance(0.3),
      ending: random.pick(ENDINGS),
    },
    integration: { order: random.pick(["falling", "rising", "mixed"]), tiesMove: random.chance(0.3) },
    activities: {
      cursor: random.pick(["keyset", "offset"]),
      filtersWithCursor: random.pick(["from_call", "remembered"]),
      limitTooHigh: random.pick(["lowered", "invalid_args"]),
      maxLimit: random.pick([1000, 1000, 100]),
      ending: random.pick(ENDINGS),
    },
    audit: { cursorSecond: random.pick(["next", "repeated"]), ending: random.pick(ENDINGS) },
    cursors: {
      expireAfterCalls: random.pick([undefined, undefined, 6]),
      expireAfterMs: random.pick([undefined, undefined, 30 * MINUTE]),
    },
  };
}

/** What is as likely as not, and of little account. */
function withRarities(behaviour: BehaviourOptions, broad: Random): BehaviourOptions {
  const { access, integration, audit } = behaviour;
  const refusal = { organisationView: broad.pick(["missing_argument", "invalid_arguments"] as const) };
  return {
    ...behaviour,
    access: {
      ...access,
      ...(access?.organisationView === "missing_argument" ? refusal : {}),
      pagingWarnings: broad.pick([[], [], ["max_page_limit"]]),
      oldPaging: broad.chance(0.3),
    },
    integration: { ...integration, beyondLastPage: broad.pick(["over_pagination_limit", "empty"]) },
    audit: { ...audit, outOfRange: broad.pick(["invalid_range", "accepted"]) },
    teams: { ending: broad.pick(ENDINGS) },
  };
}

function lifeOf(
  random: Random,
  { store, destination, index }: Pick<Schedule, "store" | "destination"> & { readonly index: number },
): LifePlan {
  const chances = <T>(all: readonly T[], most: number) =>
    Array.from({ length: random.between(0, most) }, () => ({
      fault: random.pick(all),
      probability: random.pick([0.02, 0.05, 0.15]),
    }));
  const mode = random.chance(0.7) ? "once" : "follow";
  const outages = random.chance(0.15) ? [outageOf(random)] : [];
  const outMs = Math.max(0, ...outages.map(({ fromMs, forMs }) => fromMs + forMs));
  const states = ["cut", "bit_flipped", "empty", "backup_restored"] as const;
  return {
    mode,
    stopAfterMs: outMs + (mode === "follow" ? random.between(1, 16) * MINUTE : 12 * HOUR),
    ...(random.chance(0.5) ? { crash: crashOf(random) } : {}),
    slackFaults: chances(SLACK_FAULTS, 4),
    destinationFaults: random.chance(0.6) ? chances(faultsOf(destination), 3) : [],
    outages,
    ...(random.chance(0.15)
      ? { clockJump: { afterMs: random.between(0, 60) * SECOND, byMs: random.pick([-DAY, -HOUR, HOUR, DAY]) } }
      : {}),
    ...(random.chance(0.06)
      ? { diskFull: { at: random.pick(["commit", "commit", "dead_letter"] as const), nth: random.between(1, 10) } }
      : {}),
    ...(index > 0 && random.chance(store === "sqlite" ? 0.3 : 0.03)
      ? { stateBefore: store === "sqlite" ? random.pick(states) : "backup_restored" }
      : {}),
    // Long enough for what came meanwhile to be too old, where there is such a thing.
    pauseMs: random.pick([SECOND, MINUTE, 20 * MINUTE, HOUR, destination.startsWith("datadog") ? 20 * HOUR : 5 * HOUR]),
  };
}

/** Only OTLP takes a part of a batch and says how many it did not; only Splunk stops within one, if there is more than one. */
function faultsOf(destination: Schedule["destination"]): readonly DestinationFault[] {
  const common = DESTINATION_FAULTS.filter((fault) => fault !== "partial" && fault !== "busy_midway");
  if (destination.startsWith("splunk_hec")) return [...common, ...Array<DestinationFault>(4).fill("busy_midway")];
  return destination === "datadog_v2" ? common : [...common, "partial"];
}

function crashOf(random: Random): NonNullable<LifePlan["crash"]> {
  const point = random.pick(CRASH_POINTS);
  if (point === "store-created") return { point, nth: 1 };
  return { point, nth: random.between(1, point.startsWith("dead-letter") ? 2 : 12) };
}

function outageOf(random: Random): Outage {
  return {
    what: random.pick([
      "slack_down",
      "slack_credentials",
      "slack_scope",
      "destination_down",
      "destination_credentials",
      "destination_gone",
    ]),
    fromMs: random.between(0, 30) * SECOND,
    // A long one is hundreds of tries that are all alike.
    forMs: random.chance(0.01) ? 3 * DAY : random.pick([2 * MINUTE, 10 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR]),
  };
}
