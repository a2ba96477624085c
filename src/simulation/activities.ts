import { failure, listBody, wholeNumber, type Answer, type Shown } from "./answer.ts";
import { nextCursor, pageSize, readCursor, type Context } from "./context.ts";
import { placeInTime, readEntry, textOf, type Given, type When } from "./entries.ts";
import { createListing, firstIndex, type Entry, type Listing } from "./listing.ts";

export interface ActivityEntry extends Entry, Shown {
  readonly teamId: string;
  /** Index in `LEVELS`; an unknown level passes every filter. */
  readonly rank: number;
  /** What the other filters compare. */
  readonly texts: Readonly<Record<Filter, string | undefined>>;
}

export interface ActivityLog {
  /** `at` is in epoch microseconds. */
  add(entry: Given, when?: When): void;
  readonly listing: Listing<ActivityEntry>;
}

const LEVELS: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal"];
/** Argument to the entry's field. */
const FILTERS = {
  app_id: "app_id",
  component_id: "component_id",
  component_type: "component_type",
  log_event_type: "event_type",
  source: "source",
  trace_id: "trace_id",
} as const;
type Filter = keyof typeof FILTERS;
const FILTER_NAMES = Object.keys(FILTERS) as Filter[];
const REMEMBERED = [
  ...FILTER_NAMES,
  "team_id",
  "min_log_level",
  "sort_direction",
  "min_date_created",
  "max_date_created",
] as const;

export function createActivityLog(firstTeamId: string): ActivityLog {
  const listing = createListing<ActivityEntry>();
  return {
    listing,
    add(given, when = {}) {
      const { text, fields } = readEntry(given);
      const rank = LEVELS.indexOf(textOf(fields["level"]) ?? "");
      const sequence = listing.all.length + 1;
      listing.add({
        text,
        id: sequence,
        sequence,
        ...placeInTime(fields["created"], 0.001, when),
        teamId: when.teamId ?? textOf(fields["team_id"]) ?? firstTeamId,
        rank: rank < 0 ? LEVELS.length : rank,
        texts: {
          app_id: textOf(fields["app_id"]),
          component_id: textOf(fields["component_id"]),
          component_type: textOf(fields["component_type"]),
          log_event_type: textOf(fields["event_type"]),
          source: textOf(fields["source"]),
          trace_id: textOf(fields["trace_id"]),
        },
      });
    },
  };
}

/** `admin.apps.activities.list`. */
export function activities(context: Context): Answer {
  const { call, behaviour, world, warnings, pageFault, grant, tenant } = context;
  const how = behaviour.activities;
  const cursor = readCursor(context);
  if (cursor.invalid) return failure("invalid_cursor");
  const [place = "", remembered] = (cursor.position ?? "").split(";filters=");
  const params = remembered === undefined ? call.params : recall(remembered, call.params["limit"]);
  const query = readQuery(params);
  if (query === undefined) return failure("invalid_args");
  if (query.limit > how.maxLimit && how.limitTooHigh === "invalid_args") return failure("invalid_args");
  const teamId = grant.teamId ?? params["team_id"];
  if (teamId !== undefined && !tenant.workspaces.has(teamId)) return failure("invalid_team");

  const entries = world.activities.listing.visible(call.atMs);
  const oldest = how.retentionMs === undefined ? -Infinity : (call.atMs - how.retentionMs) * 1000;
  const min = Math.max(query.min, oldest);
  const low = firstIndex(entries, ({ at }) => at >= min);
  const high = firstIndex(entries, ({ at }) => at > query.max);
  const filters = FILTER_NAMES.filter((name) => params[name] !== undefined);
  const wanted = (entry: ActivityEntry) =>
    entry.rank >= query.rank &&
    (teamId === undefined || entry.teamId === teamId) &&
    filters.every((name) => entry.texts[name] === params[name]);

  const rising = query.direction === "asc";
  const size = pageSize(Math.min(query.limit, how.maxLimit), pageFault);
  const items: ActivityEntry[] = [];
  const step = rising ? 1 : -1;
  const start = startOf(place, entries, world.activities.listing, rising);
  let index = rising ? Math.max(low, start ?? low) : Math.min(high - 1, start ?? high - 1);
  let skip = place.startsWith("offset:") ? Number(place.slice(7)) : 0;
  let more = false;
  for (; index >= low && index < high; index += step) {
    const entry = entries[index] as ActivityEntry;
    if (!wanted(entry)) continue;
    if (skip > 0) {
      skip--;
      continue;
    }
    if (items.length === size) {
      more = true;
      break;
    }
    items.push(entry);
  }
  const shownBefore = place.startsWith("offset:") ? Number(place.slice(7)) : 0;
  const last = items.at(-1);
  const nextPlace =
    how.cursor === "offset"
      ? `offset:${shownBefore + items.length}`
      : last === undefined
        ? place
        : `log_id:${last.sequence}`;
  const filtersText = how.filtersWithCursor === "remembered" ? `;filters=${rememberable(params)}` : "";
  const next = nextCursor(context, more ? nextPlace + filtersText : undefined);
  return {
    kind: "success",
    entries: items.length,
    body: listBody({ ok: true, key: "activities", items, next: { cursor: next, ending: how.ending }, warnings }),
    showing: { log: "app_activities", view: teamId ?? tenant.organisation?.id ?? "", items },
  };
}

interface Query {
  readonly rank: number;
  readonly direction: "asc" | "desc";
  readonly min: number;
  readonly max: number;
  readonly limit: number;
}

function readQuery(params: Params): Query | undefined {
  const rank = LEVELS.indexOf(params["min_log_level"] ?? "info");
  const direction = params["sort_direction"] ?? "desc";
  const min = wholeNumber(params["min_date_created"]) ?? -Infinity;
  const max = wholeNumber(params["max_date_created"]) ?? Infinity;
  const limit = wholeNumber(params["limit"]) ?? 100;
  const valid = rank >= 0 && !Number.isNaN(min) && !Number.isNaN(max) && limit >= 1;
  if (!valid || (direction !== "asc" && direction !== "desc")) return undefined;
  return { rank, direction, min, max, limit };
}

/** Where the walk goes on: next to the entry that the keyset names. */
function startOf(
  place: string,
  entries: readonly ActivityEntry[],
  listing: Listing<ActivityEntry>,
  rising: boolean,
): number | undefined {
  const last = place.startsWith("log_id:") ? listing.all[Number(place.slice(7)) - 1] : undefined;
  if (last === undefined) return undefined;
  const after = ({ at, sequence }: ActivityEntry) => at > last.at || (at === last.at && sequence > last.sequence);
  const notBefore = ({ at, sequence }: ActivityEntry) => at > last.at || (at === last.at && sequence >= last.sequence);
  return rising ? firstIndex(entries, after) : firstIndex(entries, notBefore) - 1;
}

type Params = Readonly<Record<string, string | undefined>>;

function recall(remembered: string, limit: string | undefined): Params {
  return { ...Object.fromEntries(new URLSearchParams(remembered)), limit };
}

function rememberable(params: Params): string {
  const filters = new URLSearchParams();
  for (const name of REMEMBERED) if (params[name] !== undefined) filters.set(name, params[name]);
  return filters.toString();
}
