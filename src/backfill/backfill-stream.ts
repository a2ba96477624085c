import type { Coverage } from "../coverage/coverage.ts";
import { isoMs } from "../coverage/hole-record.ts";
import type { Hole } from "../coverage/hole.ts";
import type { Interval, Intervals } from "../coverage/interval.ts";
import { momentMs, type Moment } from "../config/moment.ts";
import { PROGRAM } from "../connections.ts";
import type { Ending, SourceName, Stream, StreamState } from "../model.ts";
import { drain } from "../pipeline/drain.ts";
import { isOptional } from "../pipeline/follow.ts";
import { isolating, type Refusal } from "../pipeline/isolate.ts";
import { withRetry } from "../pipeline/retry.ts";
import { createSource } from "../slack/create-source.ts";
import type { SlackClient } from "../slack/client.ts";
import { sourceDefinitions } from "../slack/sources/index.ts";
import { batchLimits, deadLettersOf, needsTeamId, type StreamOutcome, type StreamsOptions } from "../streams.ts";
import { createStreamReport } from "../telemetry/stream-report.ts";
import { bounded } from "./bounded.ts";
import {
  backfillKey,
  finished,
  parseBackfill,
  parseStretch,
  stretchKey,
  type BackfillDocument,
  type Stretch,
} from "./document.ts";
import { missing, stretchesOf } from "./plan.ts";
import type { BackfillProgress } from "./progress.ts";
import { createStretchTracker, type StretchTracker } from "./stretch-tracker.ts";

/** What is asked for. */
export interface Wanted {
  readonly from?: Moment;
  readonly to?: Moment;
  /** Only what coverage says is missing. */
  readonly holes: boolean;
  /** None: every source of the configuration. */
  readonly sources: readonly SourceName[];
}

export interface BackfillStreamOptions extends Omit<StreamsOptions, "onStream" | "once"> {
  readonly wanted: Wanted;
  /** What the live stream has covered; `undefined` where it has not begun. */
  readonly coverageOf: (stream: string) => Coverage | undefined;
  readonly onProgress: (progress: BackfillProgress) => void;
}

/** Slack's quota is shared with the `run` that goes on meanwhile: so much of the pace is left to it. */
const SHARE = 2;
/** Longer than any walk: a backfill polls nothing again. */
const NEVER_MS = 1e15;
const PROGRESS_MS = 60_000;

/**
 * Reads what is wanted of one stream, stretch by stretch, each from where it was broken off. The live position is
 * neither read nor moved. Rejects only for a `StateError` or a defect.
 */
export async function backfillStream(
  stream: Stream,
  options: BackfillStreamOptions,
  signal: AbortSignal,
): Promise<StreamOutcome> {
  const { store, client, log, configuration } = options;
  const outcome = (result: StreamOutcome["result"]): StreamOutcome => ({
    stream: stream.name,
    result,
    reachedMs: undefined,
    nowMs: client.now(),
  });
  try {
    await using claim = await store.claim(backfillKey(stream.name), signal);
    const { state } = claim;
    let document = parseBackfill(state.report, stream.name);
    const stretches = stretchesOf(wantedTimes(stream, document, options), document);
    if (stretches.length === 0) log("info", "nothing_to_backfill", { stream: stream.name });
    for (const time of stretches) {
      document = await begin(state, document, time);
      const stretch = document.stretch as Stretch;
      const { ending, holes } = await readStretch(stream, stretch, options, signal);
      if (needsTeamId(stream, ending)) return outcome("needs_workspaces");
      if (ending.kind !== "present") {
        const isLeftOut =
          ending.kind === "halted" && isOptional(ending, configuration.sources[stream.source]?.listed ?? true);
        return outcome(isLeftOut ? "left_out" : "failed");
      }
      document = finished(document, stretch, holes);
      await state.commit({ remember: [], report: document });
    }
    return outcome("complete");
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    return outcome("behind");
  }
}

function wantedTimes(stream: Stream, document: BackfillDocument, options: BackfillStreamOptions): Intervals {
  const { wanted, client, coverageOf } = options;
  const nowMs = client.now();
  const fromMs = wanted.from === undefined ? 0 : momentMs(wanted.from, nowMs);
  const toMs = wanted.to === undefined ? nowMs : Math.min(nowMs, momentMs(wanted.to, nowMs));
  if (fromMs >= toMs) return [];
  const time: Interval = { fromMs, toMs };
  if (!wanted.holes) return [time];
  const coverage = coverageOf(stream.name);
  return coverage === undefined ? [] : missing(coverage, document, time, wanted.from !== undefined);
}

/** A stretch that was broken off goes on, another begins. */
async function begin(
  state: StreamState,
  document: BackfillDocument,
  time: Interval | Stretch,
): Promise<BackfillDocument> {
  if ("serial" in time) return document;
  const serial = document.serial + 1;
  const begun: BackfillDocument = { ...document, serial, stretch: { ...time, serial } };
  await state.commit({ remember: [], report: begun });
  return begun;
}

async function readStretch(
  stream: Stream,
  stretch: Stretch,
  options: BackfillStreamOptions,
  signal: AbortSignal,
): Promise<{ readonly ending: Ending | Refusal; readonly holes: readonly Hole[] }> {
  const { configuration, client, destination, clock, random, store, log } = options;
  const settings = configuration.sources[stream.source];
  if (settings === undefined) throw new Error(`no settings for ${stream.source}`);
  await using claim = await store.claim(stretchKey(stream.name, stretch), signal);
  const { state } = claim;
  const tracker = createStretchTracker(parseStretch(state.report, stream.name));
  const limits = batchLimits(configuration, destination);
  const callsPerMinute = Math.max(1, Math.floor(settings.calls_per_minute / SHARE));
  const report = createStreamReport({ stream, listed: settings.listed, reachedMs: () => undefined, clock, log });
  const counting: SlackClient = {
    ...client,
    call(...args) {
      tracker.called();
      return client.call(...args);
    },
  };
  const definition = sourceDefinitions[stream.source];
  // A listing without a filter of time shows older entries too, and that it does tells how far back Slack keeps them.
  const startMs = definition.upTo === undefined ? 0 : stretch.fromMs;
  const source = createSource(stream, {
    ...options,
    client: counting,
    settings: {
      ...settings,
      calls_per_minute: callsPerMinute,
      interval: NEVER_MS,
      deep_sweep: NEVER_MS,
      look_back: 0,
    },
    resource: configuration.resource,
    ...(options.userId === undefined ? {} : { own: { userId: options.userId, program: PROGRAM } }),
    startMs: () => startMs,
    untilMs: stretch.toMs,
    pageSize: limits.maxRecords,
  });
  const times = { from: isoMs(stretch.fromMs), to: isoMs(stretch.toMs) };
  log("info", state.position === undefined ? "backfill_started" : "backfill_resumed", {
    stream: stream.name,
    ...times,
  });
  const progress: BackfillProgress = {
    stream: stream.name,
    time: stretch,
    callsPerMinute,
    report: () => tracker.progress,
    status: report.status,
    isDone: () => isDone,
  };
  let isDone = false;
  options.onProgress(progress);
  let toldMs = clock.monotonic();
  const ending = await drain(
    {
      source: bounded(source, stretch, tracker),
      state,
      deliver: isolating(
        withRetry(destination.send, { clock, random, attemptSignal: options.attemptSignal, onRetry: report.retrying }),
        deadLettersOf(stream, options),
        { clock, random },
      ),
      limits,
      clock,
      events: {
        ...report,
        position() {
          report.position(undefined);
          if (clock.monotonic() - toldMs < PROGRESS_MS) return;
          toldMs = clock.monotonic();
          const { records, calls } = tracker.progress;
          log("info", "backfill_progress", { stream: stream.name, records, calls });
        },
      },
      tracker,
      patient: false,
    },
    signal,
  );
  if (ending.kind === "refused") return { ending, holes: [] };
  if (!needsTeamId(stream, ending)) report.ending(ending);
  if (ending.kind !== "present") return { ending, holes: [] };
  const holes = [
    ...tracker.progress.holes,
    ...(await notKept(stream, stretch, tracker, counting, callsPerMinute, signal)),
  ];
  isDone = true;
  const { records, calls } = tracker.progress;
  log("info", "backfilled", { stream: stream.name, ...times, records, calls });
  return { ending, holes };
}

/**
 * What of the stretch lies before the oldest entry that Slack shows at all: whether it keeps that time no longer, or
 * nothing happened then, nobody can tell.
 */
async function notKept(
  stream: Stream,
  stretch: Stretch,
  tracker: StretchTracker,
  client: SlackClient,
  callsPerMinute: number,
  signal: AbortSignal,
): Promise<readonly Hole[]> {
  const { oldestMs = stretch.toMs, older } = tracker.progress;
  if (stretch.fromMs === 0 || older || oldestMs <= stretch.fromMs) return [];
  const { upTo, endpoint } = sourceDefinitions[stream.source];
  if (upTo !== undefined) {
    const params = { ...upTo(stretch.fromMs), team_id: stream.teamId };
    const answer = await client.call({ ...endpoint, callsPerMinute }, params, signal);
    if (answer.kind === "ok" && answer.entries.length > 0) return [];
  }
  return [{ fromMs: stretch.fromMs, toMs: oldestMs, reason: "retention" }];
}
