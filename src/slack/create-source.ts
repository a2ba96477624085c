import { fieldsOf, type Fields } from "../mapping/fields.ts";
import { identify } from "../mapping/identity.ts";
import { createMapper } from "../mapping/record.ts";
import { createReadEntries } from "../mapping/text/read-entries.ts";
import type { Clock, Log, Source, Stream } from "../model.ts";
import type { SlackClient } from "./client.ts";
import type { StartMs, WalkContext } from "./source.ts";
import { sourceDefinitions } from "./sources/index.ts";

export interface SourceSettings {
  readonly interval: number;
  readonly calls_per_minute: number;
  readonly look_back: number;
  readonly deep_sweep?: number;
  readonly deep_calls_per_minute?: number | undefined;
  readonly min_level?: string;
  readonly skip_own_access?: boolean;
}

export interface SourceOptions {
  /** Durations in milliseconds. */
  readonly settings: SourceSettings;
  readonly client: SlackClient;
  /** Whose token it is, and what its calls say they come from: what `skip_own_access` leaves out. */
  readonly own?: { readonly userId: string; readonly program: string };
  /** Attributes of the resource, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  readonly startMs: StartMs;
  /** Nothing dated after it is wanted; epoch milliseconds. */
  readonly untilMs?: number;
  /** As many entries as one batch may hold. */
  readonly pageSize: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Another version of this program leaves the same traces. */
function isOwnAccess(
  { user_id, user_agent }: Fields,
  { userId, program }: { userId: string; program: string },
): boolean {
  return user_id === userId && typeof user_agent === "string" && user_agent.startsWith(`${program}/`);
}

/** Makes a stream's source of its definition and its settings. */
export function createSource(stream: Stream, options: SourceOptions): Source {
  const { settings, client, startMs, clock, random, log, own } = options;
  const definition = sourceDefinitions[stream.source];
  const context: WalkContext = {
    client,
    endpoint: {
      ...definition.endpoint,
      ...(definition.looksAt === undefined ? {} : { readEntries: createReadEntries(definition, `${stream.name}\n`) }),
      callsPerMinute: settings.calls_per_minute,
      ...(settings.deep_calls_per_minute === undefined ? {} : { deepCallsPerMinute: settings.deep_calls_per_minute }),
    },
    stream,
    startMs,
    ...(options.untilMs === undefined ? {} : { untilMs: options.untilMs }),
    lookBackMs: settings.look_back,
    deepSweepMs: settings.deep_sweep ?? 0,
    intervalMs: settings.interval,
    ...(settings.skip_own_access === true && own !== undefined
      ? { isOwnAccess: (entry: unknown) => isOwnAccess(fieldsOf(entry), own) }
      : {}),
    minLevel: settings.min_level ?? "trace",
    pageSize: Math.min(options.pageSize, definition.maxPageSize),
    identify: (entries) => identify(definition, stream.name, entries),
    toRecord: createMapper(definition, { ...options, stream: stream.name, nowMs: client.now }),
    clock,
    random,
    log,
  };
  return {
    stream,
    intervalMs: settings.interval,
    pages: (from, known, signal) => definition.walk(context, from, known, signal),
    reachedMs: (position) => definition.reachedMs(position, settings.look_back),
  };
}
