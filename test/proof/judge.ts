import type { Entry } from "../../src/simulation/listing.ts";
import type { LogName } from "../../src/simulation/ledger.ts";
import type { SimulatedSlack } from "../../src/simulation/slack.ts";
import { expectedBody } from "../support/expected-body.ts";
import type { Disk, Letter } from "./disk.ts";
import type { LifeEnd } from "./life.ts";
import type { Arrival } from "./protocols.ts";
import type { Receiver } from "./receiver.ts";
import type { LifePlan, Schedule } from "./schedule.ts";

export interface Case {
  readonly schedule: Schedule;
  /** Those that are read. */
  readonly logs: readonly LogName[];
  readonly slack: SimulatedSlack;
  readonly receiver: Receiver;
  readonly disk: Disk;
  /** From when on a log is read, by Slack's clock. */
  readonly startOf: (log: LogName) => number;
  /** Rows of access that Slack took away, by id. */
  readonly removed: ReadonlySet<string>;
  /** What is older Slack keeps no longer, of access logs by the column that they are sorted by; epoch milliseconds. */
  readonly horizonMs: (log: LogName) => number;
  readonly ends: readonly { readonly plan: LifePlan; readonly end: LifeEnd }[];
  /** An old state was put back: what came after it comes again. */
  readonly restored: boolean;
  /** Whether every deep sweep has had its turn. */
  readonly isLast: boolean;
  readonly read: Read;
}

/** An entry's own text, read: its fields, and the body that is expected of it, as JSON. */
export type Read = (text: string) => { readonly fields: Readonly<Record<string, unknown>>; readonly body: string };

/** Reads each text once. */
export function createRead(): Read {
  const known = new Map<string, ReturnType<Read>>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const fields = JSON.parse(text) as Record<string, unknown>;
    const body = "odd" in fields ? expectedBody(text) : fields;
    const read = { fields, body: JSON.stringify(body) };
    known.set(text, read);
    return read;
  };
}

export interface Judged {
  readonly violations: readonly string[];
  readonly repeats: number;
  readonly deadLetters: number;
  readonly partial: number;
  readonly tooOld: number;
}

const TIMES: Readonly<Record<LogName, { readonly key: string; readonly perSecond: number }>> = {
  access_logs: { key: "date_last", perSecond: 1 },
  integration_logs: { key: "date", perSecond: 1 },
  app_activities: { key: "created", perSecond: 1e6 },
  audit_logs: { key: "date_create", perSecond: 1 },
};
/** https://docs.datadoghq.com/api/latest/logs/#send-logs */
const DATADOG_TAKES_MS = 18 * 3_600_000;
/** What the program may leave for the way. */
const WAY_MS = 60_000;
const LOGS = Object.keys(TIMES) as LogName[];

/** Holds what Slack had and showed against what arrived and what was set aside. */
export function judge(given: Case): Judged {
  const { receiver, disk } = given;
  const violations: string[] = [];
  const arrived = Map.groupBy(receiver.accepted, ({ uid }) => uid);
  const letters = Map.groupBy(disk.letters, ({ uid }) => uid);

  // Lost: everything is accepted or set aside.
  const settled = new Set([...receiver.accepted, ...disk.letters].map(({ text }) => text));
  for (const { log, text, why } of owed(given))
    if (!settled.has(text)) violations.push(`lost, ${why}: ${log} ${text.slice(0, 300)}`);

  for (const { uid, stamp } of receiver.dropped) violations.push(`Datadog drops ${uid} with the time ${stamp}`);

  // Unexpected: everything was shown, and no more of it than stood in one answer.
  const shown = new Map<string, number>();
  for (const log of LOGS)
    for (const { text, copies } of given.slack.ledger.distinct(log)) {
      const key = given.read(text).body;
      shown.set(key, Math.max(shown.get(key) ?? 0, copies));
    }
  const uidsOf = new Map<string, Set<string>>();
  for (const { uid, text, stream, isHole } of receiver.accepted) {
    if (isHole) continue;
    const key = `${stream} ${text}`;
    uidsOf.set(key, (uidsOf.get(key) ?? new Set()).add(uid));
    if (!shown.has(text)) violations.push(`unexpected: ${uid} ${text.slice(0, 300)}`);
  }
  for (const [key, uids] of uidsOf) {
    const copies = shown.get(key.slice(key.indexOf("{"))) ?? 0;
    if (uids.size > copies) violations.push(`${uids.size} uids, ${copies} shown: ${key.slice(0, 300)}`);
  }

  // Corrupted: what comes again is the same.
  let repeats = 0;
  const repeated = new Map<string, number>();
  for (const [uid, [first, ...again]] of arrived)
    for (const arrival of again) {
      repeats += 1;
      repeated.set(arrival.stream, (repeated.get(arrival.stream) ?? 0) + 1);
      if (first !== undefined && !isSame(first, arrival)) violations.push(`corrupted: ${uid} came again as another`);
    }

  // Repeated: at most one batch of a stream for each crash, and what the program could not know to be in.
  const breaks = given.ends.filter(({ end }) => end.kind === "crash" || (end.kind === "exit" && end.code === 3)).length;
  if (!given.restored)
    for (const [stream, times] of repeated) {
      const most = (receiver.unlearnt.get(stream) ?? 0) + breaks * (receiver.mostAtOnce.get(stream) ?? 0);
      if (times > most) violations.push(`repeated ${times} of ${stream}, where ${most} may be: ${breaks} crashes`);
    }

  // Isolated: just what the receiver never takes.
  for (const [uid, [letter]] of letters) {
    if (letter === undefined || letter.reason === "partial") continue;
    if (!mayBeSetAside(letter, given)) violations.push(`set aside without need (${letter.reason}): ${uid}`);
    if (letter.reason === "rejected" && arrived.has(uid)) violations.push(`set aside and accepted: ${uid}`);
  }

  const count = (wanted: string) => disk.letters.filter(({ reason }) => reason === wanted).length;
  const partial = count("partial");
  return { violations, repeats, deadLetters: disk.letters.length - partial, partial, tooOld: count("too_old") };
}

function mayBeSetAside({ uid, reason, ageMs }: Letter, { schedule, receiver }: Case): boolean {
  if (reason === "server_error") return schedule.poison.serverErrorPerMille > 0;
  if (reason === "too_old")
    return (
      schedule.destination.startsWith("datadog") &&
      schedule.tooOld === "dead_letter" &&
      ageMs > DATADOG_TAKES_MS - WAY_MS
    );
  return receiver.isPoison(uid);
}

function isSlippery({ behaviour: { integration }, upheaval }: Schedule): boolean {
  return integration?.tiesMove === true || (upheaval?.forgets ?? 0) > 0;
}

interface Owed {
  readonly log: LogName;
  readonly text: string;
  readonly why: string;
}

function owed({ schedule, slack, logs, startOf, removed, horizonMs, isLast, read }: Case): Owed[] {
  const isInRange = (log: LogName, text: string) => {
    const { key, perSecond } = TIMES[log];
    const time = Number(read(text).fields[key]) / perSecond;
    return time >= startOf(log) / 1000 + 1;
  };
  const isKept = (log: LogName, text: string) => {
    const { key, perSecond } = TIMES[log];
    const sortedBy = log === "access_logs" ? (schedule.behaviour.access?.order ?? "date_first") : key;
    return Number(read(text).fields[sortedBy]) / perSecond >= horizonMs(log) / 1000;
  };
  const now = slack.now();
  const { integration, activities, audit, access } = slack.world;
  const isGone = (teamId: string) => slack.tenant.workspaces.get(teamId)?.removed === true;
  const isByTeam = (schedule.behaviour.access?.organisationView ?? "everything") !== "everything";
  const there = (log: LogName, entries: readonly Entry[]) =>
    entries.filter(({ visibleAtMs }) => visibleAtMs <= now).map(({ text }) => ({ log, text, why: "it was there" }));
  const rows = (why: string, texts: readonly string[]) =>
    texts.map((text) => ({ log: "access_logs" as const, text, why }));
  const lastShown = slack.ledger
    .lastVersions()
    .filter(({ id, view }) => !removed.has(String(id)) && !(isByTeam && isGone(view)));
  const listed = access.listing(now, "date_last", {}).filter(({ teamId }) => !(isByTeam && isGone(teamId)));
  const all = [
    // One may slip past the passes of a poll until a deep sweep is due: where entries of one second change places (Q5),
    // and where the total stays as it was because one left and another came in (R11).
    ...(isLast || !isSlippery(schedule)
      ? [...integration.workspaces].flatMap(([teamId, { all }]) =>
          isGone(teamId) ? [] : there("integration_logs", all),
        )
      : []),
    ...there("app_activities", activities.listing.all),
    ...there("audit_logs", audit.listing.all),
    // A version that only a crashed walk met may have been rewritten before the next deep sweep.
    ...(isLast
      ? rows(
          "the row was last shown so",
          lastShown.map(({ text }) => text),
        )
      : []),
    ...(isLast
      ? rows(
          "the row is so",
          listed.map(({ text }) => text),
        )
      : []),
  ];
  return all
    .filter(({ log, text }) => logs.includes(log) && isInRange(log, text) && isKept(log, text))
    .map(({ text, ...rest }) => ({ ...rest, text: read(text).body }));
}

function isSame(a: Arrival, b: Arrival): boolean {
  return a.text === b.text && a.time === b.time && a.stream === b.stream;
}
