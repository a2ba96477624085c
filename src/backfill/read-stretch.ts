import { isoMs } from "../coverage/hole-record.ts";
import type { Hole } from "../coverage/hole.ts";
import { PROGRAM } from "../connections.ts";
import type { Ending, Source, Stream } from "../model.ts";
import { drain } from "../pipeline/drain.ts";
import { isolating, type Refusal } from "../pipeline/isolate.ts";
import { withRetry } from "../pipeline/retry.ts";
import { createSource } from "../slack/create-source.ts";
import type { SlackClient } from "../slack/client.ts";
import { sourceDefinitions } from "../slack/sources/index.ts";
import { batchLimits, deadLettersOf, needsTeamId, type StreamsOptions } from "../streams.ts";
import { createStreamReport } from "../telemetry/stream-report.ts";
import { bounded } from "./bounded.ts";
import { parseStretch, stretchKey, type Stretch } from "./document.ts";
import type { BackfillProgress } from "./progress.ts";
import { createStretchTracker, type StretchTracker } from "./stretch-tracker.ts";

export interface ReadStretchOptions extends Omit<StreamsOptions, "onStream" | "once"> {
  readonly onProgress: (progress: BackfillProgress) => void;
}

/** Slack's quota is shared with the `run` that goes on meanwhile: so much of the pace is left to it. */
const SHARE = 2;
/** Longer than any walk: a backfill polls nothing again. */
const NEVER_MS = 1e15;
const PROGRESS_MS = 60_000;

/**
 * Reads and delivers one stretch, from where it was broken off. `holes`: what of it could not be had; none before the
 * stretch is read to its end. Rejects only with the signal's reason, for a `StateError` or a defect.
 */
export async function readStretch(
  stream: Stream,
  stretch: Stretch,
  options: ReadStretchOptions,
  signal: AbortSignal,
): Promise<{ readonly ending: Ending | Refusal; readonly holes: readonly Hole[] }> {
  const { configuration, client, destination, clock, random, store, log } = options;
  const settings = settingsOf(stream, options);
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
  const source = sourceOf(
    stream,
    stretch,
    { ...options, client: counting },
    { callsPerMinute, pageSize: limits.maxRecords },
  );
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

/** Of the stretch alone: it is polled once, without looking back and without a deep sweep. */
function sourceOf(
  stream: Stream,
  stretch: Stretch,
  options: ReadStretchOptions,
  { callsPerMinute, pageSize }: { readonly callsPerMinute: number; readonly pageSize: number },
): Source {
  const { configuration, userId } = options;
  // A listing without a filter of time shows older entries too, and that it does tells how far back Slack keeps them.
  const startMs = sourceDefinitions[stream.source].upTo === undefined ? 0 : stretch.fromMs;
  return createSource(stream, {
    ...options,
    settings: {
      ...settingsOf(stream, options),
      calls_per_minute: callsPerMinute,
      interval: NEVER_MS,
      deep_sweep: NEVER_MS,
      look_back: 0,
    },
    resource: configuration.resource,
    ...(userId === undefined ? {} : { own: { userId, program: PROGRAM } }),
    startMs: () => startMs,
    untilMs: stretch.toMs,
    pageSize,
  });
}

function settingsOf({ source }: Stream, { configuration }: ReadStretchOptions) {
  const settings = configuration.sources[source];
  if (settings === undefined) throw new Error(`no settings for ${source}`);
  return settings;
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
