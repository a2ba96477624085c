import type { SeverityNumber } from "@opentelemetry/api";
import type { AttributeRule } from "./attributes.ts";
import type { Fields } from "./fields.ts";
import type { TimeUnit } from "./time.ts";

/** What makes two entries of a source the same record (design: the table of sources). */
export type IdentityRule =
  /** Every field. */
  | { readonly kind: "content" }
  /**
   * A row that Slack rewrites: `key` names the fields that stay, all the rest is its version. `count`, `first` and
   * `last` are the fields that say how much happened, since when and until when (epoch seconds).
   */
  | {
      readonly kind: "row";
      readonly key: readonly string[];
      readonly count: string;
      readonly first: string;
      readonly last: string;
    }
  /** Slack's own id, under this key; where there is none, every field. */
  | { readonly kind: "id"; readonly key: string };

export interface Severity {
  readonly number?: SeverityNumber;
  readonly text?: string;
}

/** How the entries of one source become records: data and pure functions, total over any JSON. */
export interface Mapping {
  /** Slack's method, as its documentation names it; the attribute `slack.method`. */
  readonly method: string;
  readonly identity: IdentityRule;
  readonly time: { readonly key: string; readonly unit: TimeUnit };
  /** The event name is the prefix, or the prefix, a dot and the text under the key. */
  readonly eventName: { readonly prefix: string; readonly key?: string };
  readonly severity: (entry: Fields) => Severity;
  /** Where the texts stand that trace id and span id are made of; keys joined by dots. */
  readonly trace?: { readonly traceId: string; readonly spanId: string };
  readonly attributes: readonly AttributeRule[];
  /**
   * Paths of all values that `severity` and the attributes' own `read` look at. With it, and where every attribute is a
   * text, entries are mapped without making objects of them: for a log that comes in great numbers.
   */
  readonly looksAt?: readonly string[];
}
