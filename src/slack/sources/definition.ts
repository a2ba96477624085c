import type { Mapping } from "../../mapping/mapping.ts";
import type { Ending, Lookup, Page, SourceName } from "../../model.ts";
import type { Endpoint } from "../client.ts";
import type { WalkContext } from "../source.ts";

/**
 * Everything that one of Slack's logs has of its own: plain data and pure functions. To add a source: one such file,
 * one line in the registry, one fixture.
 */
export interface SourceDefinition extends Mapping {
  readonly name: SourceName;
  readonly endpoint: Omit<Endpoint, "callsPerMinute">;
  /** For the documentation and for messages: what the user token needs, and how often Slack may be asked. */
  readonly scope: string;
  readonly plan: string;
  readonly rate: string;
  /** The same as calls a minute. */
  readonly quota: number;
  /** What to do where Slack refuses this log for want of a right; one sentence for a person. */
  readonly remedy: string;
  /** The most entries that one answer may be asked for. */
  readonly maxPageSize: number;
  /** Arguments of a call that reads a single entry: what `check` asks. */
  readonly probe: Readonly<Record<string, string>>;
  /** Arguments that ask for one entry at or before a time, epoch milliseconds. Absent where there is no such filter. */
  readonly upTo?: (ms: number) => Readonly<Record<string, string>>;
  readonly walk: (
    context: WalkContext,
    from: unknown,
    known: Lookup,
    signal: AbortSignal,
  ) => AsyncGenerator<Page, Ending, void>;
  /** Up to when a position says that everything is delivered, epoch milliseconds. */
  readonly reachedMs: (position: unknown, lookBackMs: number) => number | undefined;
}
