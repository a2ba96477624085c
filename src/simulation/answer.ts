import type { EndOfListing } from "./behaviour.ts";

/** What an endpoint says, before it is put on the wire. */
export type Answer =
  /** `body` is the whole JSON text. `showing`: tells the ledger, once the client has it. */
  | { readonly kind: "success"; readonly body: string; readonly entries: number; readonly showing?: Showing }
  | { readonly kind: "failure"; readonly error: string; readonly fields?: Readonly<Record<string, string>> };

export interface Shown {
  /** Names the entry inside its log, for good. */
  readonly id: number;
  readonly text: string;
}
export interface Showing {
  readonly log: "access_logs" | "integration_logs" | "app_activities" | "audit_logs";
  /** The workspace or organisation the answer speaks for. */
  readonly view: string;
  readonly items: readonly Shown[];
}

export function failure(error: string, fields?: Readonly<Record<string, string>>): Answer {
  return { kind: "failure", error, ...(fields === undefined ? {} : { fields }) };
}

export interface ListAnswer {
  /** The key of the list. */
  readonly key: string;
  readonly items: readonly { readonly text: string }[];
  /** False for the Audit API. */
  readonly ok: boolean;
  readonly paging?: object;
  /** Absent: the method has no cursor. */
  readonly next?: { readonly cursor: string | undefined; readonly ending: EndOfListing };
  readonly warnings?: readonly string[];
}

/** Entries are joined as texts: their digits and escapes reach the client as they were put in. */
export function listBody({ key, items, ok, paging, next, warnings = [] }: ListAnswer): string {
  const parts = ok ? [`"ok":true`] : [];
  let texts = "";
  for (const { text } of items) texts += texts === "" ? text : `,${text}`;
  parts.push(`${JSON.stringify(key)}:[${texts}]`);
  if (paging !== undefined) parts.push(`"paging":${JSON.stringify(paging)}`);
  if (warnings.length > 0) parts.push(`"warning":${JSON.stringify(warnings.join(","))}`);
  const metadata: Record<string, unknown> = {};
  const atEnd = next !== undefined && next.cursor === undefined;
  if (next !== undefined && !atEnd) metadata["next_cursor"] = next.cursor;
  if (atEnd && next.ending === "empty") metadata["next_cursor"] = "";
  if (atEnd && next.ending === "null") metadata["next_cursor"] = null;
  if (warnings.length > 0) metadata["warnings"] = warnings;
  const wanted = Object.keys(metadata).length > 0 || (atEnd && next.ending === "absent");
  if (wanted) parts.push(`"response_metadata":${JSON.stringify(metadata)}`);
  return `{${parts.join(",")}}`;
}

/** A whole number from an argument: `undefined` when absent, `NaN` when it is none. Plain digits only. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  return /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}
