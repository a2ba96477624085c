import type { Configuration } from "./config/schema.ts";
import type { Moment } from "./config/moment.ts";
import { PROGRAM } from "./connections.ts";
import type { Coverage } from "./coverage/coverage.ts";
import { createHoleRecords } from "./coverage/hole-record.ts";
import { createTracker } from "./coverage/tracker.ts";
import type { Clock, Destination, Ending, Log, LogRecord, Store, Stream } from "./model.ts";
import type { BatchLimits } from "./pipeline/batch.ts";
import { createDeadLetterFile, type DeadLetters } from "./pipeline/dead-letters.ts";
import { follow, followOnce, isOptional, type FollowOptions } from "./pipeline/follow.ts";
import { inOrder } from "./pipeline/in-order.ts";
import { isolating, type Refusal } from "./pipeline/isolate.ts";
import { withRetry } from "./pipeline/retry.ts";
import type { SlackClient } from "./slack/client.ts";
import { createSource } from "./slack/create-source.ts";
import { sourceDefinitions } from "./slack/sources/index.ts";
import { startOf } from "./start-of.ts";
import { createStreamReport, type StreamReport } from "./telemetry/stream-report.ts";
import { type Held, whileClaimed } from "./while-claimed.ts";

export interface StreamsOptions {
  readonly configuration: Configuration;
  readonly client: SlackClient;
  readonly destination: Destination;
  /** The record as one line of JSON, for the dead letters. */
  readonly encode: (record: LogRecord) => string;
  /** In place of the files in the configured folder. */
  readonly deadLetters?: (stream: string) => DeadLetters;
  readonly store: Store;
  readonly version: string;
  /** The person whose token it is. */
  readonly userId?: string;
  readonly once: boolean;
  /** Ends an attempt in flight; the signal of a run only ends waits and keeps further ones from beginning. */
  readonly attemptSignal: AbortSignal;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** What others have delivered of a stream, taken into its coverage when it begins. */
  readonly amend?: (stream: string, coverage: Coverage) => Coverage;
  /** Told of each stream when it begins. */
  readonly onStream: (report: StreamReport) => void;
}

/**
 * How one stream ended. `behind`: stopped before the present. `needs_workspaces`: Slack wants a `team_id`, so one stream
 * for each workspace has to take over.
 */
export interface StreamOutcome {
  readonly stream: string;
  readonly result: "complete" | "behind" | "left_out" | "failed" | "needs_workspaces";
  readonly reachedMs: number | undefined;
  /** By Slack's clock, when it ended; epoch milliseconds. */
  readonly nowMs: number;
}

/** What Slack answers where an organisation's access logs cannot be read without `team_id`. */
const NEEDS_TEAM_ID = new Set(["missing_argument", "invalid_arguments", "invalid_team_id"]);

/**
 * Runs one stream, to the present or until the signal. The chain that a record passes stands here and nowhere else:
 * source, batches, isolation, retry, destination, position. Rejects only for a `StateError` or a defect.
 */
export async function runStream(stream: Stream, options: StreamsOptions, signal: AbortSignal): Promise<StreamOutcome> {
  const { configuration, client, destination, clock, random, log } = options;
  const settings = configuration.sources[stream.source];
  if (settings === undefined) throw new Error(`no settings for ${stream.source}`);
  const limits = batchLimits(configuration, destination);
  const report: StreamReport = createStreamReport({
    stream,
    listed: settings.listed,
    reachedMs: (position) => source.reachedMs(position),
    clock,
    log,
  });
  let tracker: ReturnType<typeof createTracker> | undefined;
  const source = createSource(stream, {
    ...options,
    client: reporting(client, report),
    settings,
    resource: configuration.resource,
    ...(options.userId === undefined ? {} : { own: { userId: options.userId, program: PROGRAM } }),
    startMs: (slackNowMs) => {
      const startMs = startOf(configuration.start, slackNowMs, destination.limits.maxAgeMs).ms;
      tracker?.startsAt(startMs);
      return startMs;
    },
    pageSize: limits.maxRecords,
  });
  options.onStream(report);
  using poll = client.quota.poll(sourceDefinitions[stream.source].endpoint.method, settings.interval);
  let needsTeams = false;
  const follower = async (held: Held): Promise<Ending | Refusal | undefined> => {
    using _reading = poll.reading();
    const state = inOrder(held.state);
    const { method } = sourceDefinitions[stream.source].endpoint;
    const covering = createTracker({
      stream: stream.name,
      report: state.report,
      position: state.position,
      reachedMs: source.reachedMs,
      lookBackMs: settings.look_back,
      intervalMs: settings.interval,
      slackNow: client.now,
      isOptional: (halt) => isOptional(halt, settings.listed),
      toRecord: createHoleRecords({
        stream: stream.name,
        method: sourceDefinitions[stream.source].method,
        resource: configuration.resource,
        version: options.version,
      }),
      quotaWaitMs: () => client.quota.methods().find((other) => other.method === method)?.waitedMs ?? 0,
      amend: (coverage) => options.amend?.(stream.name, coverage) ?? coverage,
      clock,
      log,
    });
    tracker = covering;
    const send = withRetry(held.confirming(destination.send), {
      clock,
      random,
      attemptSignal: held.attemptSignal,
      onRetry(wait) {
        report.retrying(wait);
        // A state that cannot be written is told by the next commit.
        if (covering.failing(wait.cause))
          state.commit({ remember: [], ...covering.report("between") }).catch(() => undefined);
      },
    });
    report.covers(() => covering.document.coverage);
    if (state.position === undefined)
      tellFirstRun(stream.name, configuration.start, client.now(), destination.limits.maxAgeMs, log);
    else report.position(state.position);
    const following: FollowOptions = {
      source,
      state,
      deliver: isolating(send, deadLettersOf(stream, options), { clock, random }),
      limits,
      clock,
      events: report,
      tracker: covering,
      listed: settings.listed,
      onEnding(ending) {
        needsTeams = needsTeamId(stream, ending);
        if (needsTeams) report.replaced();
        else report.ending(ending);
        return needsTeams;
      },
      onWait: report.waiting,
      renewal: client.tokenVersion,
    };
    const ending = options.once ? await followOnce(following, held.signal) : await follow(following, held.signal);
    await state.idle();
    return ending;
  };
  const followed = await whileClaimed({ ...options, stream: stream.name }, signal, follower);
  report.close();
  const ended =
    followed.kind === "elsewhere"
      ? "complete"
      : resultOf(followed.kind === "ended" ? followed.result : undefined, settings.listed);
  const result = needsTeams ? "needs_workspaces" : ended;
  return { stream: stream.name, result, reachedMs: report.status.reachedMs, nowMs: client.now() };
}

/** Of a batch: what is configured, or less where the destination takes less. */
export function batchLimits({ batch }: Configuration, { limits }: Destination): BatchLimits {
  return {
    maxRecords: Math.min(batch.max_records, limits.maxRecords ?? batch.max_records),
    maxBytes: Math.min(batch.max_bytes, limits.maxBytes ?? batch.max_bytes),
  };
}

/** Where the stream's dead letters go. */
export function deadLettersOf(
  stream: Stream,
  options: Pick<StreamsOptions, "configuration" | "destination" | "clock" | "encode" | "deadLetters">,
): DeadLetters {
  const { path, max_bytes } = options.configuration.dead_letters;
  const { clock, encode } = options;
  return (
    options.deadLetters?.(stream.name) ??
    createDeadLetterFile({
      path,
      maxBytes: max_bytes,
      stream: stream.name,
      destination: options.destination.name,
      clock,
      encode,
    })
  );
}

/** Whether Slack refuses an organisation's access logs as a whole, so that each workspace has to be read by itself. */
export function needsTeamId(stream: Stream, ending: Ending | Refusal): boolean {
  return (
    stream.source === "access_logs" &&
    stream.teamId === undefined &&
    ending.kind === "halted" &&
    NEEDS_TEAM_ID.has(ending.code)
  );
}

/** The client, with every call told to the report: a wait for Slack shows. */
function reporting(client: SlackClient, report: StreamReport): SlackClient {
  return {
    ...client,
    async call(endpoint, params, signal, turn) {
      const answered = report.asking(endpoint.method);
      try {
        return await client.call(endpoint, params, signal, { stream: report.status.name, ...turn });
      } finally {
        answered();
      }
    },
  };
}

function resultOf(ending: Ending | Refusal | undefined, listed: boolean): StreamOutcome["result"] {
  if (ending === undefined) return "behind";
  if (ending.kind === "present") return "complete";
  return ending.kind === "halted" && isOptional(ending, listed) ? "left_out" : "failed";
}

/** A first run says where it begins, and aloud where that is later than it was told. */
function tellFirstRun(stream: string, start: Moment, nowMs: number, maxAgeMs: number | undefined, log: Log): void {
  const { ms, wantedMs } = startOf(start, nowMs, maxAgeMs);
  const isCapped = ms > wantedMs;
  const text = start.kind === "back" || start.kind === "at" || isCapped ? new Date(ms).toISOString() : start.kind;
  log("info", "first_run", { stream, start: text });
  if (!isCapped || maxAgeMs === undefined) return;
  const message = `The destination keeps no records older than ${Math.round(maxAgeMs / 3_600_000)} hours, so this first run begins later than \`start\` says. What is older is not read.`;
  log("warn", "start_capped", { stream, start: text, message });
}
