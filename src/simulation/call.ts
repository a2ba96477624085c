import type { MethodName } from "./methods.ts";

/** What came over the wire. Header names are in lower case. */
export interface Request {
  readonly method: string;
  /** A whole URL, or path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** One call received, as faults, hooks and tests see it. Holds no token. */
export interface Call {
  /** From 1, over all calls. */
  readonly index: number;
  /** From 1, over the calls of this method. */
  readonly nth: number;
  /** Slack's clock. */
  readonly atMs: number;
  readonly http: string;
  readonly method: MethodName | "unknown";
  readonly params: Readonly<Record<string, string>>;
  /** The workspace or organisation that the call speaks for: `team_id`, else the token's own. */
  readonly workspace: string | undefined;
}

export interface CallRecord extends Call {
  /** `ok`, Slack's error code, or the fault's name. */
  readonly outcome: string;
  /** How many entries the answer held. */
  readonly entries: number;
}

export type Reply =
  /** `delivered` is called by the transport once the client has the whole answer, where that is not certain at once. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | Uint8Array;
      readonly delivery: Delivery;
      readonly delivered?: () => void;
    }
  /** The connection is closed before any header. */
  | { readonly kind: "reset" }
  /** Nothing comes, ever. */
  | { readonly kind: "silence" };

/**
 * How the body travels. `late`: the whole answer comes after a while. `drip`: the body comes in small pieces over that
 * long. `cut`: headers and half of the body, then a reset. `stall`: headers and half of the body, then nothing.
 */
export type Delivery =
  | { readonly how: "whole" }
  | { readonly how: "late"; readonly afterMs: number }
  | { readonly how: "drip"; readonly overMs: number }
  | { readonly how: "cut" }
  | { readonly how: "stall" };
