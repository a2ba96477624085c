import type { Coverage } from "../coverage/coverage.ts";
import type { Cause, Clock, Ending, Log, Stream } from "../model.ts";
import { HALT_RETRY_MS, type DrainEvents } from "../pipeline/drain.ts";
import { isOptional } from "../pipeline/follow.ts";
import { createStreamLines } from "./stream-lines.ts";
import type { StreamStatus } from "./stream-status.ts";

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
  const { say, sayRarely, ...lines } = createStreamLines({ stream: stream.name, clock, log });
  let haltedBy: string | undefined;
  let isFirstWalk = true;

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
      lines.recovered();
      status.fault = undefined;
      status.rejected += rejected;
      if (outcome === "accepted") {
        status.delivered += records.length;
        lines.add(records.length);
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
      lines.trouble();
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
      lines.trouble();
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
      lines.delivered(status.reachedMs, false);
    },
    ending(ending) {
      if (ending.kind === "present") {
        status.fault = undefined;
        wait(0, "up to date", false);
        lines.delivered(status.reachedMs, isFirstWalk);
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
      lines.delivered(status.reachedMs, true);
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
