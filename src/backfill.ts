import { backfillStream, type Wanted } from "./backfill/backfill-stream.ts";
import { backfillState } from "./backfill/place.ts";
import type { BackfillProgress } from "./backfill/progress.ts";
import { listNodeFiles, nodeFiles } from "./config/files.ts";
import { momentMs } from "./config/moment.ts";
import type { Coverage } from "./coverage/coverage.ts";
import { parseDocument } from "./coverage/document.ts";
import { SettingsError } from "./destinations/destination-kind.ts";
import { SOURCE_NAMES, type Destination } from "./model.ts";
import { toJsonLine } from "./otlp/encode.ts";
import { probeDeadLetters } from "./pipeline/dead-letters.ts";
import { runConnections } from "./run-connections.ts";
import { createDestination, type RunOptions, type StopSignals } from "./run.ts";
import { createServerClock, observing } from "./server-clock.ts";
import { inspectState, openState, readNote, type StateChoice } from "./state/index.ts";
import type { StreamOutcome } from "./streams.ts";
import { createSupervisor } from "./supervisor.ts";
import { span } from "./telemetry/activity.ts";

export interface BackfillOptions extends Omit<RunOptions, "once" | "onStream" | "openStore"> {
  readonly wanted: Wanted;
  /** Told of each stretch when it begins. */
  readonly onProgress?: (progress: BackfillProgress) => void;
}

/**
 * Reads older stretches and delivers them as `run` would have: same uids, same records. It keeps its positions in a
 * state of its own, so that it works beside a running `run` and goes on where it was broken off. Resolves with the exit
 * code: 1 where a stream could not be completed. Rejects with a `StateError` (3), a `SettingsError` (2), a
 * `ClosedPipeError` (1) or a defect.
 */
export async function backfill(options: BackfillOptions, { stop, abort }: StopSignals): Promise<0 | 1> {
  const { configuration, wanted, log, clock } = options;
  const sources = SOURCE_NAMES.filter(
    (name) =>
      configuration.sources[name] !== undefined && (wanted.sources.length === 0 || wanted.sources.includes(name)),
  );
  for (const name of wanted.sources) {
    if (!sources.includes(name)) throw new SettingsError("--source", `the configuration does not read ${name}`);
  }
  await using cleanup = new AsyncDisposableStack();
  const failure = new AbortController();
  const signal = AbortSignal.any([stop, failure.signal]);
  const { state } = configuration;
  const live = await coverages(state);
  const serverClock = createServerClock(clock);
  const destination = options.destination ?? (await createDestination({ ...options, once: true }, serverClock));
  cleanup.defer(() => destination.close());
  warnOfAge(options, destination);
  const store = await openState(backfillState(state), { clock, log, once: false, signal });
  cleanup.defer(() => store.close());
  if (options.deadLetters === undefined) await probeDeadLetters(configuration.dead_letters.path);
  const slack = options.createHttp(options.proxy === undefined ? {} : { proxy: options.proxy });
  cleanup.defer(() => slack.close());
  const supervisor = createSupervisor<StreamOutcome>({ log, signal, onFailure: (error) => failure.abort(error) });
  const streamOptions = {
    ...options,
    destination,
    store,
    attemptSignal: AbortSignal.any([abort, failure.signal]),
    encode: toJsonLine,
    coverageOf: (stream: string) => live.get(stream),
    onProgress: options.onProgress ?? (() => undefined),
  };
  try {
    const { refused } = await runConnections(
      {
        ...options,
        once: true,
        notes: { read: (name: string) => readNote(state, name) },
        http: observing(slack.http, serverClock),
        files: nodeFiles,
        listFiles: listNodeFiles,
        settings: configuration.slack,
        sources,
        supervisor,
        runStream: (stream, connection, { userId }, streamSignal) =>
          backfillStream(
            stream,
            {
              ...streamOptions,
              client: connection.client,
              log: connection.log,
              ...(userId === undefined ? {} : { userId }),
            },
            streamSignal,
          ),
        onFailure: (error) => failure.abort(error),
        onStart: (streams) =>
          log("info", "started", { streams, destination: destination.name, to: destination.description }),
      },
      signal,
    );
    const outcomes = await supervisor.settled();
    if (failure.signal.aborted) throw failure.signal.reason;
    for (const { stream, result } of outcomes) {
      if (result !== "behind") continue;
      const message = "Stopped before its end; the same command goes on from here.";
      log("warn", "backfill_interrupted", { stream, message });
    }
    const isNothing = outcomes.length > 0 && outcomes.every(({ result }) => result === "left_out");
    return refused > 0 || isNothing || outcomes.some(({ result }) => result === "failed") ? 1 : 0;
  } catch (error) {
    if (failure.signal.aborted || error !== stop.reason) throw error;
    // Before Slack had answered whose token it is.
    return 0;
  }

  function warnOfAge({ wanted: { from, holes } }: BackfillOptions, { name, limits }: Destination): void {
    const { maxAgeMs } = limits;
    const oldestMs = from === undefined ? (holes ? clock.now() : 0) : momentMs(from, clock.now());
    if (maxAgeMs === undefined || clock.now() - oldestMs <= maxAgeMs) return;
    const message = `${name} takes no records older than ${span(maxAgeMs)}: it may drop what is older, although it says yes.`;
    log("warn", "older_than_destination_takes", { message });
  }
}

async function coverages(state: StateChoice): Promise<ReadonlyMap<string, Coverage>> {
  const stored = (await inspectState(state)) ?? [];
  return new Map(
    stored.flatMap(({ name, report }) => {
      const coverage = parseDocument(report, name)?.coverage;
      return coverage === undefined ? [] : [[name, coverage] as const];
    }),
  );
}
