import type { Cause, Clock, Halt, Log, LogRecord } from "../model.ts";
import type { Tracker } from "../pipeline/tracker.ts";
import {
  addPartial,
  addRefused,
  addUnread,
  beginCoverage,
  closeHole,
  openHole,
  reaching,
  told,
  type Coverage,
} from "./coverage.ts";
import { countRecent, parseDocument, type StreamDocument, type Trouble } from "./document.ts";
import { isoMs, sentenceOf, type Found } from "./hole-record.ts";
import { HOLE_REASONS, reasonOf } from "./hole.ts";

/** What is found early in a long walk is told after this time: till then more of it becomes one hole. */
const TELL_MS = 60_000;

/** A walk that takes longer, mostly waiting for its turns, and that far behind, lacks quota. */
const QUOTA_MS = 60 * 60_000;

export interface StreamTracker extends Tracker {
  /** The stream's first run begins here; epoch milliseconds of Slack's clock, 0: as far back as Slack goes. */
  startsAt(startMs: number): void;
  /** The destination does not take what is sent. True: this is news, to be stored now. */
  failing(cause: Cause): boolean;
  readonly document: StreamDocument;
}

export interface TrackerOptions {
  readonly stream: string;
  /** What was stored last, and the position beside it. */
  readonly report: unknown;
  readonly position: unknown;
  readonly reachedMs: (position: unknown) => number | undefined;
  readonly lookBackMs: number;
  readonly intervalMs: number;
  /** Slack's clock, epoch milliseconds. */
  readonly slackNow: () => number;
  /** Whether nobody asked for the source by name, so that it may be unavailable without a word. */
  readonly isOptional: (halt: Halt) => boolean;
  readonly toRecord: (hole: Found) => LogRecord;
  /** What others have delivered of the stream since, taken into what was stored. */
  readonly amend?: (coverage: Coverage) => Coverage;
  /** How long calls of the stream's method have waited for their turns in all, milliseconds. */
  readonly quotaWaitMs?: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Follows what a stream covers. Costs nothing a record: it counts receipts, and looks closer only at what the
 * destination refused.
 */
export function createTracker(options: TrackerOptions): StreamTracker {
  const { stream, reachedMs, lookBackMs, intervalMs, slackNow, isOptional, toRecord, clock, log } = options;
  let document: StreamDocument = {
    ...(parseDocument(options.report, stream) ?? { v: 1, delivered: 0, deadLettered: 0, recent: [] }),
    everyMs: intervalMs,
  };
  let stored = document;
  let isUrgent = false;
  const said = new Set<string>();
  const { quotaWaitMs = () => 0 } = options;
  let walk = { sinceMs: clock.monotonic(), waitedMs: quotaWaitMs() };
  if (document.coverage === undefined) reach(options.position);
  cover(options.amend ?? ((coverage) => coverage));

  function update(changes: Partial<StreamDocument>): void {
    document = { ...document, ...changes };
  }

  function cover(change: (coverage: Coverage) => Coverage): void {
    const { coverage } = document;
    const changed = coverage === undefined ? undefined : change(coverage);
    if (changed !== undefined && changed !== coverage) update({ coverage: changed });
  }

  function reach(position: unknown): void {
    const reached = position === undefined ? undefined : reachedMs(position);
    if (reached === undefined) return;
    // A position cannot speak for what Slack's clock has not reached.
    const ms = Math.min(reached, Math.max(slackNow(), document.coverage?.reachedMs ?? 0));
    if (document.coverage === undefined) update({ coverage: beginCoverage(ms, lookBackMs, "not_recorded") });
    else cover((coverage) => reaching(coverage, ms, lookBackMs));
  }

  function lackQuota(): void {
    const { coverage } = document;
    const elapsedMs = clock.monotonic() - walk.sinceMs;
    if (elapsedMs < QUOTA_MS || coverage === undefined || coverage.open !== undefined) return;
    if (slackNow() - coverage.reachedMs < QUOTA_MS || quotaWaitMs() - walk.waitedMs < elapsedMs / 2) return;
    const found = { reason: "quota", code: "quota", message: HOLE_REASONS.quota, sinceMs: clock.now() } as const;
    cover((before) => openHole(before, found, true));
  }

  function over(): void {
    const { trouble } = document;
    if (trouble !== undefined && trouble.overMs === undefined) update({ trouble: { ...trouble, overMs: clock.now() } });
  }

  function troubled(trouble: Omit<Trouble, "sinceMs">): boolean {
    const before = document.trouble?.overMs === undefined ? document.trouble : undefined;
    if (before?.error === trouble.error && before.side === trouble.side) return false;
    update({ trouble: { ...trouble, sinceMs: before?.sinceMs ?? clock.now() } });
    isUrgent = true;
    return true;
  }

  function found(): Found[] {
    const { holes, open } = document.coverage ?? { holes: [] };
    return [...holes, ...(open === undefined ? [] : [open])].filter(({ untold }) => untold !== undefined);
  }

  return {
    get document() {
      return document;
    },
    startsAt(startMs) {
      if (document.coverage === undefined) update({ coverage: beginCoverage(startMs, lookBackMs, "start") });
    },
    begun() {
      walk = { sinceMs: clock.monotonic(), waitedMs: quotaWaitMs() };
      update({ walkedMs: clock.now() });
    },
    settled({ outcome, records, rejected }) {
      over();
      if (outcome === "accepted")
        update({
          delivered: document.delivered + records.length,
          recent: countRecent(document.recent, records.length, clock.now()),
        });
      if (outcome === "accepted" && rejected === 0) return;
      const times = records.map(timeOf);
      update({ deadLettered: document.deadLettered + records.length });
      const time = { fromMs: Math.min(...times), toMs: Math.max(...times) + 1 };
      cover((coverage) =>
        outcome === "accepted"
          ? addPartial(coverage, time, rejected, clock.now())
          : addRefused(coverage, times, clock.now()),
      );
      isUrgent = true;
    },
    page({ position, unread }) {
      over();
      if (unread !== undefined) cover((coverage) => addUnread(coverage, unread, unread.reason, clock.now()));
      reach(position);
      lackQuota();
    },
    ended(ending) {
      if (ending.kind === "present") {
        const { open } = document.coverage ?? {};
        if (open !== undefined) {
          log("info", "coverage_filled", { stream, reason: open.reason, from: isoMs(open.fromMs) });
          cover(closeHole);
          isUrgent = true;
        }
        return;
      }
      if (ending.kind === "refused") {
        troubled({ side: "destination", error: ending.cause.message, message: `it refuses the ${ending.fault}` });
        return;
      }
      const { code, message } = ending;
      const reason = reasonOf(ending);
      troubled({ side: "slack", error: code, message });
      // With a token mended all of it is read after all; a right or a plan may never come.
      const isReported = (reason === "not_permitted" || reason === "plan") && !isOptional(ending);
      cover((coverage) => openHole(coverage, { reason, code, message, sinceMs: clock.now() }, isReported));
    },
    failing: (cause) => troubled({ side: "destination", error: cause.message, message: "it is tried again" }),
    report(commit) {
      if (document === stored || (commit === "between" && !isUrgent)) return {};
      stored = document;
      isUrgent = false;
      return { report: document };
    },
    isDue: () => found().some(({ untold = Infinity }) => clock.now() - untold >= TELL_MS),
    untold() {
      return found().map((hole) => {
        const record = toRecord(hole);
        if (!said.has(record.uid)) {
          said.add(record.uid);
          const { reason, fromMs, toMs, records } = hole;
          const to = toMs === undefined ? undefined : isoMs(toMs);
          log("warn", "coverage_hole", { stream, reason, from: isoMs(fromMs), to, records, message: sentenceOf(hole) });
        }
        return record;
      });
    },
    told(records) {
      const uids = new Set(records.map(({ uid }) => uid));
      cover((coverage) => told(coverage, (hole) => hole.untold !== undefined && uids.has(toRecord(hole).uid)));
      isUrgent = true;
    },
  };
}

/** An entry's own time, or when it was read where it has none. */
function timeOf({ log }: LogRecord): number {
  const [seconds, nanos] = log.hrTime[0] === 0 ? log.hrTimeObserved : log.hrTime;
  return seconds * 1000 + Math.floor(nanos / 1e6);
}
