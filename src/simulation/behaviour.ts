/**
 * How the simulated Slack behaves where Slack's behaviour is unknown or varies. The defaults are the likeliest; every
 * field may be changed at any time, between two calls of one walk too. The numbers S… name the lines of the facts about
 * Slack that each switch stands for.
 */

/** How `next_cursor` looks at the end of a listing (S24). */
export type EndOfListing = "empty" | "null" | "absent" | "no_metadata";

export interface AccessBehaviour {
  /** S10: what the listing is sorted by, falling. */
  order: "date_first" | "date_last";
  /** S10: what `before` is compared with. */
  beforeMeans: "date_first" | "date_last";
  /** Cursor mode: whether an unset `before` is fixed at the first call of a walk. */
  unsetBefore: "live" | "frozen";
  /** Cursor mode: the position after the last row shown, or the number of rows shown of a list that moves. */
  cursor: "keyset" | "offset";
  /** S12: `limit` of 1000 and more. */
  limitTooHigh: "lowered" | "invalid_limit";
  /** S12: `paging` in cursor mode. */
  pagingInCursorMode: boolean;
  /** `paging.warnings`, when there are any. */
  pagingWarnings: readonly string[];
  /** `paging` as the older description has it, with `per_page` and `spill`. */
  oldPaging: boolean;
  /** S13: an organisation's token without `team_id`. */
  organisationView: "everything" | "missing_argument" | "invalid_arguments" | "invalid_team_id";
  /** S13: an organisation's token with `team_id`: only team-site and third-party-app access, or all of the workspace. */
  teamView: "thin" | "whole";
  /** S9: a login this long after a row's last one starts a new row. */
  foldGapMs: number;
  /** S11: rows appear and change only at these ticks; 0: at once. */
  refreshEveryMs: number;
  /** S14: every call is an access of the token's owner. */
  callsAreAccess: boolean;
  /** S15: rows older than this, in the listing's order, are gone. */
  retentionMs: number | undefined;
  /** S16: classic pages beyond this one answer `fatal_error`. */
  fatalBeyondPage: number | undefined;
  /** Whether rows of the same second change places between calls (pages and offset cursors; a keyset needs an order). */
  tiesMove: boolean;
  ending: EndOfListing;
}

export interface IntegrationBehaviour {
  /** S17. */
  order: "falling" | "rising" | "mixed";
  /** Entries with the same second change places between calls. */
  tiesMove: boolean;
  /** Beyond 100 pages. */
  beyondLastPage: "over_pagination_limit" | "empty";
  retentionMs: number | undefined;
}

export interface ActivitiesBehaviour {
  cursor: "keyset" | "offset";
  /** Whether a cursor brings the filters of the call that it came from, or each call's own count. */
  filtersWithCursor: "from_call" | "remembered";
  maxLimit: number;
  limitTooHigh: "lowered" | "invalid_args";
  retentionMs: number | undefined;
  ending: EndOfListing;
}

export interface AuditBehaviour {
  /** S22: whether the second that the cursor names is shown again. */
  cursorSecond: "next" | "repeated";
  /** S25: a bound in the future, or before the feature existed (March 2018). */
  outOfRange: "invalid_range" | "accepted";
  retentionMs: number | undefined;
  ending: EndOfListing;
}

/** The two lists of workspaces. */
export interface TeamsBehaviour {
  ending: EndOfListing;
}

export interface CursorBehaviour {
  /** S28: a cursor older than this is `invalid_cursor`. */
  expireAfterMs: number | undefined;
  /** S28: a cursor is `invalid_cursor` once this many calls of its method were answered after the one that gave it. */
  expireAfterCalls: number | undefined;
}

export interface Behaviour {
  access: AccessBehaviour;
  integration: IntegrationBehaviour;
  activities: ActivitiesBehaviour;
  audit: AuditBehaviour;
  cursors: CursorBehaviour;
  teams: TeamsBehaviour;
}

export type BehaviourOptions = { readonly [Part in keyof Behaviour]?: Partial<Behaviour[Part]> | undefined };

export function createBehaviour(options: BehaviourOptions = {}): Behaviour {
  return {
    access: {
      order: "date_first",
      beforeMeans: "date_first",
      unsetBefore: "live",
      cursor: "keyset",
      limitTooHigh: "lowered",
      pagingInCursorMode: false,
      pagingWarnings: [],
      oldPaging: false,
      organisationView: "everything",
      teamView: "thin",
      foldGapMs: 24 * 3_600_000,
      refreshEveryMs: 0,
      callsAreAccess: false,
      retentionMs: undefined,
      fatalBeyondPage: undefined,
      tiesMove: false,
      ending: "empty",
      ...options.access,
    },
    integration: {
      order: "rising",
      tiesMove: false,
      beyondLastPage: "over_pagination_limit",
      retentionMs: undefined,
      ...options.integration,
    },
    activities: {
      cursor: "keyset",
      filtersWithCursor: "from_call",
      maxLimit: 1000,
      limitTooHigh: "lowered",
      retentionMs: undefined,
      ending: "empty",
      ...options.activities,
    },
    audit: {
      cursorSecond: "next",
      outOfRange: "invalid_range",
      retentionMs: undefined,
      ending: "empty",
      ...options.audit,
    },
    cursors: { expireAfterMs: undefined, expireAfterCalls: undefined, ...options.cursors },
    teams: { ending: "empty", ...options.teams },
  };
}
