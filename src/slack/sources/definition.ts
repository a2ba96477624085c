import type { Ending, Lookup, Page, SourceName } from "../../model.ts";
import type { Endpoint } from "../client.ts";
import type { WalkContext } from "../source.ts";

/** An entry's own keys; none for an entry that is no object. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Where an attribute's value stands: a path of keys, or a function. What comes out is normalised by `as`: `text` turns
 * numbers into text, `number` takes decimal texts, `texts` takes an array or a comma list. Anything else is left out.
 */
export interface AttributeRule {
  readonly name: string;
  readonly from: readonly string[] | ((fields: Fields) => unknown);
  readonly as: "text" | "number" | "texts";
}

/** How an entry's severity is told: a level to look up, or a number that the source decides. */
export type Severity = { readonly level: unknown } | { readonly number: number };

/**
 * Everything that one of Slack's logs has of its own: plain data and pure functions. To add a source: one such file,
 * one line in the registry, one fixture.
 */
export interface SourceDefinition {
  readonly name: SourceName;
  /** As people and Slack's documentation call it; the attribute `slack.method`. */
  readonly method: string;
  readonly endpoint: Omit<Endpoint, "callsPerMinute">;
  /** For the documentation and for messages. */
  readonly scope: string;
  readonly plan: string;
  readonly rate: string;
  /** The most entries that one answer may be asked for. */
  readonly maxPageSize: number;
  /** `row`: an aggregate that Slack rewrites. `id`: Slack's own id, else the content. */
  readonly identity: "content" | "row" | "id";
  readonly time: { readonly key: string; readonly unit: "s" | "us" };
  readonly eventName: { readonly prefix: string; readonly key?: string };
  readonly severity: (fields: Fields) => Severity;
  /** Slack's trace id and function execution id. */
  readonly trace?: (fields: Fields) => { readonly traceId: unknown; readonly executionId: unknown };
  readonly attributes: readonly AttributeRule[];
  readonly walk: (
    context: WalkContext,
    from: unknown,
    known: Lookup,
    signal: AbortSignal,
  ) => AsyncGenerator<Page, Ending, void>;
  /** Up to when a position says that everything is delivered, epoch milliseconds. */
  readonly reachedMs: (position: unknown, lookBackMs: number) => number | undefined;
}

/** The value at a path of own keys; `undefined` where there is none. */
export function at(fields: unknown, ...path: readonly string[]): unknown {
  let value = fields;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Fields)[key];
  }
  return value;
}

export function text(name: string, ...path: readonly string[]): AttributeRule {
  return { name, from: path, as: "text" };
}

export function number(name: string, ...path: readonly string[]): AttributeRule {
  return { name, from: path, as: "number" };
}
