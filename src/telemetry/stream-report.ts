import type { Cause, Clock, Ending, Log, Stream } from "../model.ts";
import type { DrainEvents } from "../pipeline/drain.ts";
import { isOptional } from "../pipeline/follow.ts";

/** What one stream is doing and has done since the program started. */
export interface StreamStatus {
  readonly name: string;
  /** In words, for a person. */
  phase: string;
  /** Entries that Slack showed, repeats included. */
  entries: number;
  delivered: number;
  deadLettered: number;
  /** Up to when everything is delivered, epoch milliseconds; unknown before the first complete walk. */
  reachedMs: number | undefined;
}

export interface StreamReport extends DrainEvents {
  readonly status: StreamStatus;
  retrying(wait: { readonly attempt: number; readonly delayMs: number; readonly cause: Cause }): void;
  ending(ending: Ending): void;
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

/** Turns what happens in one stream into log lines worth keeping, and keeps its status for the terminal. */
export function createStreamReport({ stream, listed, reachedMs, clock, log }: StreamReportOptions): StreamReport {
  const status: StreamStatus = {
    name: stream.name,
    phase: "starting",
    entries: 0,
    delivered: 0,
    deadLettered: 0,
    reachedMs: undefined,
  };
  const told = new Map<string, number>();
  let troubled = false;
  let sinceEnding = 0;

  function tell(level: "info" | "warn" | "error", event: string, fields: Readonly<Record<string, string | number | undefined>>) {
    const key = `${event} ${fields["error"] ?? ""}`;
    const now = clock.monotonic();
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    told.set(key, now);
    log(level, event, { stream: stream.name, ...fields });
  }

  function recovered() {
    if (troubled) log("info", "delivery_resumed", { stream: stream.name });
    troubled = false;
    told.clear();
  }

  return {
    status,
    page(entries, fresh) {
      status.entries += entries;
      status.phase = fresh === 0 ? "reading" : `sending ${fresh} records`;
    },
    receipt({ outcome, records, rejected, cause }) {
      recovered();
      if (outcome === "accepted") {
        status.delivered += records.length;
        sinceEnding += records.length;
        if (rejected === 0) return;
        status.deadLettered += records.length;
        log("warn", "partial_success", {
          stream: stream.name,
          rejected,
          records: records.length,
          message: `The destination took the batch but rejected ${rejected} of its records without saying which, so the whole batch is kept in the dead letters, marked partial: ${cause?.message ?? ""}`,
        });
        return;
      }
      status.deadLettered += records.length;
      log("warn", "dead_lettered", {
        stream: stream.name,
        records: records.length,
        uid: records[0]?.uid,
        status: cause?.statusCode,
        message: cause?.message,
      });
    },
    refused({ fault, cause }) {
      troubled = true;
      status.phase = `halted: the destination refuses the ${fault}; next try in 60 s`;
      tell("error", "destination_refuses", {
        fault,
        error: cause.message,
        status: cause.statusCode,
        message: remedies[fault],
      });
    },
    retrying({ attempt, delayMs, cause }) {
      troubled = true;
      status.phase = `waiting ${seconds(delayMs)} for the destination (${cause.message}), try ${attempt}`;
      tell("warn", "destination_retry", { error: cause.message, status: cause.statusCode, delay_ms: delayMs });
    },
    position(position) {
      status.reachedMs = reachedMs(position);
    },
    ending(ending) {
      if (ending.kind === "present") {
        status.phase = "up to date";
        if (sinceEnding > 0) {
          log("info", "delivered", { stream: stream.name, records: sinceEnding, reached: isoTime(status.reachedMs) });
        }
        sinceEnding = 0;
        return;
      }
      const optional = isOptional(ending, listed);
      status.phase = `${optional ? "not available" : "halted"}: ${ending.code}`;
      tell(optional ? "warn" : "error", optional ? "source_not_available" : "stream_halted", {
        error: ending.code,
        message: ending.message,
      });
    },
  };
}

const remedies = {
  credentials:
    "Nothing is lost: the position stays where it is. Mend the destination's secret; a secret in a file is read again by itself.",
  configuration:
    "Nothing is lost: the position stays where it is. Check the destination's address and settings, then restart or wait: it is tried once a minute.",
};

/** RFC 3339, to the second. */
export function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined || !Number.isFinite(ms) ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.round(ms / 1000))} s`;
}
