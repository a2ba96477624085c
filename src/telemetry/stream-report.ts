import type { Coverage } from "../coverage/coverage.ts";
import type { Cause, Clock, Ending, Log, Stream } from "../model.ts";
import { HALT_RETRY_MS, type DrainEvents } from "../pipeline/drain.ts";
import { isOptional } from "../pipeline/follow.ts";
import type { Activity, Asking } from "./activity.ts";

/** What one stream is doing and has done since the program started. */
export interface StreamStatus {
  readonly name: string;
  readonly activity: Activity;
  readonly asking: Asking | undefined;
  /** Entries that Slack showed, repeats included. */
  readonly entries: number;
  /** Of these, the ones that were known already. */
  readonly repeated: number;
  readonly delivered: number;
  readonly deadLettered: number;
  /** Records that were rejected in batches that were accepted. */
  readonly rejected: number;
  /** Entries left out because the configuration says so. */
  readonly skipped: number;
  /** Up to when everything is delivered, epoch milliseconds; unknown before the first complete walk. */
  readonly reachedMs: number | undefined;
  /** Nothing more will come of it: it is not wanted any more, or the run has ended. */
  readonly isOver: boolean;
  /** What only a person can mend; absent while there is nothing. */
  readonly fault?: Fault | undefined;
  /** Which times are delivered and which are missing, now; `undefined` while it is not known. */
  readonly coverage: () => Coverage | undefined;
}

/** Why a stream stands still until somebody does something. */
export interface Fault {
  readonly side: "slack" | "destination";
  /** Slack's error code, or which part of the destination's settings is refused. */
  readonly reason: string;
  readonly isCredentials: boolean;
  /** What happened and what to do, for a person. */
  readonly message: string;
}

export interface StreamReport extends DrainEvents {
  readonly status: StreamStatus;
  /** A call to Slack begins; what is returned is called when it has ended. */
  asking(method: string): () => void;
  retrying(wait: { readonly attempt: number; readonly delayMs: number; readonly cause: Cause }): void;
  ending(ending: Ending): void;
  /** Until the next poll, or the next look at what is halted. */
  waiting(delayMs: number): void;
  /** Other streams take over. */
  replaced(): void;
  /** Where what the stream covers can be looked up, from now on. */
  covers(coverage: () => Coverage | undefined): void;
  /** Nothing more will come. Tells what was not told yet. */
  close(): void;
}

export interface StreamReportOptions {
  readonly stream: Stream;
  /** Whether the configuration names the source. */
  readonly listed: boolean;
  readonly reachedMs: (position: unknown) => number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A long outage is told once at its start and then no more often than this. */
const REPEAT_MS = 10 * 60_000;
/** What is delivered is told no more often than this. */
const DELIVERED_MS = 60_000;

type Fields = Readonly<Record<string, string | number | undefined>>;
type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Turns what happens in one stream into log lines worth keeping, and keeps its status for the terminal. */
export function createStreamReport({ stream, listed, reachedMs, clock, log }: StreamReportOptions): StreamReport {
  const status: Writable<StreamStatus> = {
    name: stream.name,
    activity: { kind: "starting" },
    asking: undefined,
    entries: 0,
    repeated: 0,
    delivered: 0,
    deadLettered: 0,
    rejected: 0,
    isOver: false,
    coverage: () => undefined,
    skipped: 0,
    reachedMs: undefined,
  };
  const told = new Map<string, number>();
  let troubledSinceMs: number | undefined;
  let haltedBy: string | undefined;
  let untold = 0;
  let untoldSinceMs = clock.monotonic();
  let isFirstWalk = true;

  const say = (level: "info" | "warn" | "error", event: string, fields: Fields = {}) =>
    log(level, event, { stream: stream.name, ...fields });

  function sayRarely(level: "warn" | "error", event: string, fields: Fields) {
    const key = `${event} ${fields["error"] ?? ""}`;
    const now = clock.monotonic();
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    told.set(key, now);
    say(level, event, fields);
  }

  function sayDelivered(due: boolean) {
    if (untold === 0 || (!due && clock.monotonic() - untoldSinceMs < DELIVERED_MS)) return;
    say("info", "delivered", { records: untold, reached: isoTime(status.reachedMs) });
    untold = 0;
    untoldSinceMs = clock.monotonic();
  }

  function trouble() {
    troubledSinceMs ??= clock.monotonic();
  }

  function recovered() {
    if (troubledSinceMs === undefined) return;
    say("info", "delivery_resumed", { after_seconds: Math.round((clock.monotonic() - troubledSinceMs) / 1_000) });
    troubledSinceMs = undefined;
    told.clear();
  }

  function wait(delayMs: number, why: string, trouble: boolean) {
    status.activity = { kind: "waiting", untilMs: clock.monotonic() + delayMs, why, trouble };
  }

  return {
    status,
    asking(method) {
      const asking = { method, sinceMs: clock.monotonic() };
      status.asking = asking;
      return () => {
        if (status.asking === asking) status.asking = undefined;
      };
    },
    page(entries, fresh, skipped = 0) {
      if (haltedBy !== undefined) say("info", "stream_resumed", { error: haltedBy });
      haltedBy = undefined;
      status.fault = undefined;
      status.entries += entries;
      status.repeated += Math.max(0, entries - fresh - skipped);
      status.skipped += skipped;
      status.activity =
        fresh === 0 ? { kind: "reading" } : { kind: "sending", records: fresh, sinceMs: clock.monotonic() };
    },
    receipt({ outcome, records, rejected, cause }) {
      recovered();
      status.fault = undefined;
      status.rejected += rejected;
      if (outcome === "accepted") {
        status.delivered += records.length;
        untold += records.length;
        if (rejected === 0) {
          if (cause !== undefined) sayRarely("warn", "destination_warning", { error: cause.message });
          return;
        }
        status.deadLettered += records.length;
        say("warn", "partial_success", {
          rejected,
          records: records.length,
          message: `The destination took the batch but rejected ${rejected} of its records without saying which, so the whole batch is kept in the dead letters, marked partial: ${cause?.message ?? ""}`,
        });
        return;
      }
      status.deadLettered += records.length;
      say("warn", "dead_lettered", {
        records: records.length,
        uid: records[0]?.uid,
        status: cause?.statusCode,
        message: `${cause?.message ?? "The destination refuses it for good"}. It is kept in the dead letters, and the rest goes on; once the cause is mended, \`slack-otel replay\` sends it again.`,
      });
    },
    refused({ fault, cause }) {
      trouble();
      status.fault = {
        side: "destination",
        reason: fault,
        isCredentials: fault === "credentials",
        message: `${cause.message}. ${REMEDIES[fault]}`,
      };
      wait(HALT_RETRY_MS, `the destination refuses the ${fault}`, true);
      sayRarely("error", "destination_refuses", {
        fault,
        error: cause.message,
        status: cause.statusCode,
        message: REMEDIES[fault],
      });
    },
    retrying({ attempt, delayMs, cause }) {
      trouble();
      wait(delayMs, `the destination: ${cause.message} (try ${attempt})`, true);
      sayRarely("warn", "destination_retry", {
        error: cause.message,
        status: cause.statusCode,
        delay_ms: delayMs,
        message: `Nothing is lost: the same records are sent again until they are taken, and no more is read from Slack meanwhile. If it stays so: ${lookAt(cause)}.`,
      });
    },
    position(position) {
      status.reachedMs = reachedMs(position);
      status.activity = { kind: "reading" };
      sayDelivered(false);
    },
    ending(ending) {
      if (ending.kind === "present") {
        status.fault = undefined;
        wait(0, "up to date", false);
        sayDelivered(isFirstWalk);
        isFirstWalk = false;
        return;
      }
      haltedBy = ending.code;
      const optional = isOptional(ending, listed);
      status.fault = optional
        ? undefined
        : {
            side: "slack",
            reason: ending.code,
            isCredentials: ending.reason === "credentials",
            message: ending.message,
          };
      wait(0, `${optional ? "not available" : "halted"} (${ending.code})`, !optional);
      sayRarely(optional ? "warn" : "error", optional ? "source_not_available" : "stream_halted", {
        error: ending.code,
        message: ending.message,
      });
    },
    waiting(delayMs) {
      const { activity } = status;
      if (activity.kind === "waiting") wait(delayMs, activity.why, activity.trouble);
    },
    covers(coverage) {
      status.coverage = coverage;
    },
    replaced() {
      status.activity = { kind: "read by workspace" };
    },
    close() {
      status.isOver = true;
      sayDelivered(true);
    },
  };
}

/** Where to look when the destination does not take what is sent, and says no better what is wrong. */
function lookAt({ statusCode }: Cause): string {
  if (statusCode === undefined)
    return "does it run, and is it reached from here: address, port, DNS, firewall, HTTPS_PROXY, certificate";
  if (statusCode === 429) return "it asks for fewer requests than it gets; look at its own limits";
  return statusCode < 300 ? "the address, and any proxy or sign-in page in between" : "the destination's own log";
}

const REMEDIES = {
  credentials:
    "Nothing is lost: the position stays where it is. Mend the destination's secret; a secret in a file is read again by itself.",
  configuration:
    "Nothing is lost: the position stays where it is. Check the destination's address and settings, then restart or wait: it is tried once a minute.",
};

/** RFC 3339, to the second. */
export function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined || !Number.isFinite(ms) ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
