import type { Clock, Identity, Log, Lookup, Page, Stream } from "../model.ts";
import type { Identified } from "../mapping/identity.ts";
import type { ToRecord } from "../mapping/record.ts";
import type { Endpoint, SlackClient } from "./client.ts";

/** Where a stream begins on its first run, by Slack's clock; epoch milliseconds. 0: as far back as Slack goes. */
export type StartMs = (slackNowMs: number) => number;

/** What one stream's walk works with. */
export interface WalkContext {
  readonly client: SlackClient;
  readonly endpoint: Endpoint;
  readonly stream: Stream;
  readonly startMs: StartMs;
  /** Nothing dated after it is wanted; epoch milliseconds. Walks without a filter of time may show it all the same. */
  readonly untilMs?: number;
  readonly lookBackMs: number;
  /** How often a listing whose rows change anywhere is walked to its end. */
  readonly deepSweepMs: number;
  readonly intervalMs: number;
  /** `admin.apps.activities.list` only. */
  readonly minLevel: string;
  /** `team.accessLogs` only: whether a row is the trace of this program's own calls, and is to be left out. */
  readonly isOwnAccess?: (entry: unknown) => boolean;
  /** No more entries are asked for than fit one batch, so that a crash repeats at most one batch. */
  readonly pageSize: number;
  readonly identify: (entries: readonly unknown[]) => readonly Identified[];
  readonly toRecord: ToRecord;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** The entries of one answer, parted by what the ledger knows. */
export interface Sifted {
  readonly fresh: readonly { readonly entry: Identified; readonly versions: readonly Identity[] }[];
  readonly known: readonly Identified[];
}

const NONE: readonly Identity[] = [];

/** Parts the entries of one answer into those the ledger has not seen in this version and those it has. */
export async function sift(entries: readonly Identified[], known: Lookup): Promise<Sifted> {
  const ledger = await known(entries.map((entry) => entry.key));
  const fresh: { entry: Identified; versions: readonly Identity[] }[] = [];
  const repeated: Identified[] = [];
  for (const entry of entries) {
    const versions = ledger.get(entry.key) ?? NONE;
    if (hasVersion(versions, entry.version)) repeated.push(entry);
    else fresh.push({ entry, versions });
  }
  return { fresh, known: repeated };
}

function hasVersion(identities: readonly Identity[], version: string): boolean {
  return identities.some((identity) => identity.version === version);
}

/** Known entries without a time may be shown by every walk: they are remembered from each to the next. */
export function undated(known: readonly Identified[], mark: number): Identity[] {
  return known.filter(({ timeMicros }) => timeMicros === undefined).map(({ key, version }) => ({ key, version, mark }));
}

/** A page that only moves the position. The first one of a stream fixes where it begins, before anything is read. */
export function bookmark(position: unknown): Page {
  return { records: [], remember: [], position, entries: 0 };
}

/**
 * A deep sweep may miss what is there, since entries of one second may change places between two answers. Only what this
 * many in a row did not meet is forgotten.
 */
const MISSED_BY = 4;

/** The mark below which a complete deep sweep forgets identities. Each sweep's number is the mark of all it has met. */
export function forgottenBelow(sweep: number): number {
  return Math.max(0, sweep - MISSED_BY + 1);
}
