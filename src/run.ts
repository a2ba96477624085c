import { afterBackfills, backfillsOf, type Backfill } from "./backfill/document.ts";
import { backfillState } from "./backfill/place.ts";
import { listNodeFiles, nodeFiles } from "./config/files.ts";
import type { Configuration } from "./config/schema.ts";
import type { Connection } from "./connections.ts";
import { destinations } from "./destinations/index.ts";
import { SettingsError, type DestinationDependencies } from "./destinations/destination-kind.ts";
import type { createHttp } from "./http.ts";
import { SOURCE_NAMES, StateError, type Clock, type Destination, type Log, type Store } from "./model.ts";
import { toJsonLine } from "./otlp/encode.ts";
import { probeDeadLetters, type DeadLetters } from "./pipeline/dead-letters.ts";
import { runConnections } from "./run-connections.ts";
import { sourceDefinitions } from "./slack/sources/index.ts";
import { describeState, inspectState, openState } from "./state/index.ts";
import { createServerClock, observing, type ServerClock } from "./server-clock.ts";
import { runStream, type StreamOutcome, type StreamsOptions } from "./streams.ts";
import { createSupervisor } from "./supervisor.ts";
import { isoTime } from "./telemetry/stream-lines.ts";
import type { StreamReport } from "./telemetry/stream-report.ts";
import { timed, type Outcome } from "./telemetry/timed.ts";

export interface RunOptions {
  readonly configuration: Configuration;
  /** Bring every stream to the present and end, instead of following them. */
  readonly once: boolean;
  readonly version: string;
  readonly createHttp: typeof createHttp;
  readonly proxy?: NonNullable<DestinationDependencies["proxy"]>;
  readonly stdout: DestinationDependencies["stdout"];
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  readonly log: Log;
  readonly onStream?: (report: StreamReport) => void;
  /** Told once, when the streams of every connection are known, how many there are. */
  readonly onStart?: (streams: number) => void;
  /** Told of each request to the destination when it has ended. */
  readonly onExport?: (ms: number, outcome: Outcome) => void;
  /** Told of each connection when it is opened: its client counts calls and tells what is left of the quota. */
  readonly onConnection?: (connection: Connection) => void;
  /** In place of the one that the configuration names. Closed at the end as well. */
  readonly destination?: Destination;
  /** In place of the state that the configuration names. Closed at the end as well. */
  readonly openStore?: (signal: AbortSignal) => Promise<Store>;
  /** In place of the folder that the configuration names: where a stream's dead letters go. */
  readonly deadLetters?: (stream: string) => DeadLetters;
}

export interface StopSignals {
  /** Nothing new is begun: no page, no attempt. Waits end at once. */
  readonly stop: AbortSignal;
  /** The attempt in flight is given up as well. */
  readonly abort: AbortSignal;
}

/**
 * The main job. Resolves with the exit code 0 or 1; rejects with a `StateError` (3), a `SettingsError` (2), a
 * `ClosedPipeError` (1) or a defect.
 */
export async function run(options: RunOptions, { stop, abort }: StopSignals): Promise<0 | 1> {
  const { configuration, clock, log, once } = options;
  await using cleanup = new AsyncDisposableStack();
  const failure = new AbortController();
  const signal = AbortSignal.any([stop, failure.signal]);
  const attemptSignal = AbortSignal.any([abort, failure.signal]);
  try {
    const { onExport } = options;
    const serverClock = createServerClock(clock);
    const plain = options.destination ?? (await createDestination(options, serverClock));
    const destination = onExport === undefined ? plain : timed(plain, clock, onExport);
    cleanup.defer(() => destination.close());
    const store = await (options.openStore?.(signal) ?? openStore(options, signal));
    cleanup.defer(() => store.close());
    const backfills = options.openStore === undefined ? await backfillsBeside(configuration, log) : undefined;
    if (options.deadLetters === undefined) await probeDeadLetters(configuration.dead_letters.path);
    const slack = options.createHttp(options.proxy === undefined ? {} : { proxy: options.proxy });
    cleanup.defer(() => slack.close());
    const supervisor = createSupervisor<StreamOutcome>({ log, signal, onFailure: (error) => failure.abort(error) });
    const streamOptions: Omit<StreamsOptions, "client" | "log" | "userId"> = {
      ...options,
      destination,
      store,
      attemptSignal,
      encode: toJsonLine,
      amend(stream, coverage) {
        const backfill = backfills?.get(stream);
        return backfill === undefined ? coverage : afterBackfills(coverage, backfill.document);
      },
      onStream: options.onStream ?? (() => undefined),
    };
    const connections = await runConnections(
      {
        ...options,
        http: observing(slack.http, serverClock),
        notes: store.notes,
        ...(store.throttles === undefined ? {} : { throttles: store.throttles }),
        files: nodeFiles,
        listFiles: listNodeFiles,
        settings: configuration.slack,
        sources: SOURCE_NAMES.filter((name) => configuration.sources[name] !== undefined),
        supervisor,
        runStream: (stream, { client, log }, { userId }, streamSignal) =>
          runStream(
            stream,
            { ...streamOptions, client, log, ...(userId === undefined ? {} : { userId }) },
            streamSignal,
          ),
        onFailure: (error) => failure.abort(error),
        ...(options.onConnection === undefined ? {} : { onConnection: options.onConnection }),
        onStart(streams) {
          log("info", "started", { streams, destination: destination.name, to: destination.description });
          options.onStart?.(streams);
        },
      },
      signal,
    );
    const outcomes = await supervisor.settled();
    if (failure.signal.aborted) throw failure.signal.reason;
    if (!once) return 0;
    const concluded = conclude(outcomes, log);
    return connections.refused > 0 ? 1 : concluded;
  } catch (error) {
    if (failure.signal.aborted || error !== stop.reason) throw error;
    // Before Slack had answered whose token it is.
    if (once) await tellLastKnown(options);
    return 0;
  }
}

/** The destination that the configuration names. */
export async function createDestination(
  options: RunOptions,
  serverClock: ServerClock = createServerClock(options.clock),
): Promise<Destination> {
  const { name, settings } = options.configuration.destination;
  // The schema made the settings of this very destination.
  const create = destinations[name].create as (
    settings: unknown,
    dependencies: DestinationDependencies,
  ) => Promise<Destination>;
  try {
    return await create(settings, { ...options, serverClock, batchBytes: options.configuration.batch.max_bytes });
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(`destination.${name}.${error.key}`, error.message);
    throw error;
  }
}

async function openStore({ configuration, log, clock, once }: RunOptions, signal: AbortSignal): Promise<Store> {
  const { state } = configuration;
  const store = await openState(state, { log, clock, once, signal });
  if (store.isNew) {
    const path = describeState(state);
    const remedy =
      state.name === "sqlite" ? "whether the volume is mounted" : "whether the URL names the right database and schema";
    const message = `No state at ${path}: this is taken for a first run, and every stream begins at \`start\`. If it is not one, stop and look ${remedy}.`;
    log("warn", "state_created", { path, message });
  }
  return store;
}

/** What backfills have delivered. A state of theirs that cannot be read stops no stream. */
async function backfillsBeside({ state }: Configuration, log: Log): Promise<ReadonlyMap<string, Backfill>> {
  try {
    return backfillsOf(await inspectState(backfillState(state)));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    log("warn", "backfills_unreadable", { message: error.message });
    return new Map();
  }
}

function conclude(outcomes: readonly StreamOutcome[], log: Log): 0 | 1 {
  for (const { stream, result, reachedMs, nowMs } of outcomes)
    if (result === "behind") tellBehind(stream, reachedMs, nowMs, log);
  const read = outcomes.filter(({ result }) => result !== "needs_workspaces");
  if (read.length > 0 && read.every(({ result }) => result === "left_out")) {
    log("error", "nothing_to_read", {
      message: "The token can read none of the sources: see the lines above for what each of them needs.",
    });
    return 1;
  }
  return outcomes.some(({ result }) => result === "failed") ? 1 : 0;
}

/** How far the runs before this one came. */
async function tellLastKnown({ configuration, clock, log, openStore: given }: RunOptions): Promise<void> {
  const { sources, state } = configuration;
  log("warn", "nothing_read", {
    message: "Stopped before Slack had answered; the next run goes on from the same place.",
  });
  const stored = given === undefined ? await inspectState(state) : undefined;
  for (const { name, position } of stored ?? []) {
    const source = SOURCE_NAMES.find((source) => name.startsWith(`${source}/`));
    const settings = source === undefined ? undefined : sources[source];
    if (source === undefined || settings === undefined) continue;
    tellBehind(name, sourceDefinitions[source].reachedMs(position, settings.look_back), clock.now(), log);
  }
}

function tellBehind(stream: string, reachedMs: number | undefined, nowMs: number, log: Log): void {
  log("warn", "behind", {
    stream,
    reached: isoTime(reachedMs),
    behind_seconds: reachedMs === undefined ? undefined : Math.max(0, Math.round((nowMs - reachedMs) / 1000)),
    message:
      reachedMs === undefined
        ? "Stopped before the first walk was complete; the next run goes on from here."
        : "Stopped before the present; the next run goes on from here.",
  });
}
