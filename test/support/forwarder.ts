import { configurationSchema, type Configuration } from "../../src/config/schema.ts";
import { createConnection } from "../../src/connections.ts";
import { canonical } from "../../src/mapping/canonical.ts";
import { SOURCE_NAMES, type Attempt, type Clock, type Destination, type Log, type LogRecord } from "../../src/model.ts";
import { toJsonLine } from "../../src/otlp/encode.ts";
import { runConnection } from "../../src/run-connection.ts";
import type { SimulatedSlack } from "../../src/simulation/slack.ts";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import type { CommitPoint } from "../../src/state/commit-point.ts";
import { createMemoryStore, type MemoryDisk } from "../../src/state/memory.ts";
import { runStream, type StreamOutcome } from "../../src/streams.ts";
import { createSupervisor } from "../../src/supervisor.ts";

const never = new AbortController().signal;

/** A record as the receiver got it. */
export interface Received {
  readonly uid: string;
  readonly stream: string;
  /** The body as canonical JSON. */
  readonly text: string;
  readonly timeSeconds: number;
  readonly countDelta: unknown;
}

export interface Receiver {
  readonly received: Received[];
  /** Asked for each request: what becomes of it. Default: accepted. */
  answer: (records: readonly LogRecord[]) => "accept" | "fail" | "lose_answer";
}

export function createMemoryReceiver(): Receiver & { destination: Destination } {
  const receiver: Receiver = { received: [], answer: () => "accept" };
  const unavailable: Attempt = { status: "retry", cause: { message: "HTTP 503", statusCode: 503 } };
  return Object.assign(receiver, {
    destination: {
      name: "memory",
      description: "memory",
      limits: {},
      send(records: readonly LogRecord[]): Promise<Attempt> {
        const fate = receiver.answer(records);
        if (fate === "fail") return Promise.resolve(unavailable);
        for (const record of records) receiver.received.push(toReceived(record));
        return Promise.resolve(fate === "accept" ? { status: "accepted", rejected: 0 } : unavailable);
      },
      probe: (): Promise<Attempt> => Promise.resolve({ status: "accepted", rejected: 0 }),
      close: () => Promise.resolve(),
    },
  });
}

function toReceived({ uid, log }: LogRecord): Received {
  return {
    uid,
    stream: String(log.resource.attributes["slack.team.id"] ?? log.resource.attributes["slack.enterprise.id"]),
    text: canonical(log.body),
    timeSeconds: log.hrTime[0],
    countDelta: log.attributes["slack.access.count_delta"],
  };
}

export interface ForwarderOptions {
  readonly slack: SimulatedSlack;
  readonly clock: Clock;
  readonly destination: Destination;
  readonly disk: MemoryDisk;
  /** As in the configuration file. */
  readonly settings?: { readonly [key: string]: unknown };
  /** Called at each point of each commit; what it throws is a crash. */
  readonly reached?: (point: CommitPoint, stream: string) => void;
  readonly signal?: AbortSignal;
  readonly log?: Log;
}

function configurationOf(settings: ForwarderOptions["settings"] = {}): Configuration {
  return configurationSchema.parse({
    slack: { token: DEFAULT_TOKEN },
    destination: { stdout: {} },
    start: "24h",
    ...settings,
  });
}

/** What `run --once` does, on a disk and a receiver in memory. What one stream throws ends all, and is thrown. */
export async function forwardOnce(options: ForwarderOptions): Promise<StreamOutcome[]> {
  const { slack, clock, destination, disk, signal = never } = options;
  const log: Log = options.log ?? (() => undefined);
  const configuration = configurationOf(options.settings);
  const random = () => 0.5;
  const store = createMemoryStore({ disk, ...(options.reached === undefined ? {} : { reached: options.reached }) });
  const [settings] = configuration.slack;
  if (settings?.token === undefined) throw new Error("no token");
  const urls = { api_url: "https://slack.test/api/", audit_url: "https://slack.test/audit/v1/" };
  const connection = createConnection(
    { settings: { ...settings, ...urls }, token: settings.token },
    { http: slack.http, version: "0.0.0", clock, random, log, notes: store.notes },
    signal,
  );
  const failure = new AbortController();
  const both = AbortSignal.any([signal, failure.signal]);
  const supervisor = createSupervisor<StreamOutcome>({ log, signal: both, onFailure: (error) => failure.abort(error) });
  const known = await runConnection(
    {
      connection,
      owner: "slack",
      sources: SOURCE_NAMES.filter((name) => configuration.sources[name] !== undefined),
      once: true,
      supervisor,
      runStream: (stream, { client }, { userId }, streamSignal) =>
        runStream(
          stream,
          {
            configuration,
            client,
            ...(userId === undefined ? {} : { userId }),
            destination,
            store,
            clock,
            random,
            log,
            version: "0.0.0",
            once: true,
            attemptSignal: both,
            encode: toJsonLine,
            onStream: () => undefined,
          },
          streamSignal,
        ),
      onAnswer: () => undefined,
      clock,
    },
    both,
  );
  if (known === "refused") throw new Error("the token is refused");
  const outcomes = await supervisor.settled();
  if (failure.signal.aborted) throw failure.signal.reason;
  return outcomes.filter(({ result }) => result !== "needs_workspaces");
}
