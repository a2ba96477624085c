import { failure, listBody, wholeNumber, type Answer } from "./answer.ts";
import type { AccessBehaviour } from "./behaviour.ts";
import type { AccessRow, AccessView } from "./access-rows.ts";
import { nextCursor, pageSize, readCursor, type Context } from "./context.ts";
import { firstIndex } from "./listing.ts";
import { mix } from "./random.ts";

/** `team.accessLogs`. */
export function accessLogs(context: Context): Answer {
  const { call, behaviour, world } = context;
  const how = behaviour.access;
  const view = readView(context);
  if ("error" in view) return failure(view.error);
  const limit = wholeNumber(call.params["limit"]) ?? 0;
  const sentCursor = call.params["cursor"] ?? "";
  const all = world.access.listing(call.atMs, how.order, view);
  if (limit !== 0 || sentCursor !== "") return byCursor(context, view, all, limit === 0 ? 100 : limit);
  const before = readBefore(call.params["before"], call.atMs);
  if (Number.isNaN(before)) return failure("invalid_arguments");
  return byPage(context, view, inRange(all, how, before, call.atMs));
}

type View = AccessView & { readonly id: string };

function readView({ call, grant, tenant, behaviour }: Context): View | { readonly error: string } {
  if (grant.teamId !== undefined) return { id: grant.teamId, teamId: grant.teamId };
  const { teamView, organisationView } = behaviour.access;
  const teamId = call.params["team_id"];
  if (teamId === undefined || teamId === "")
    return organisationView === "everything" ? { id: tenant.organisation?.id ?? "" } : { error: organisationView };
  const workspace = tenant.workspaces.get(teamId);
  if (workspace === undefined) return { error: "invalid_team_id" };
  if (workspace.removed || !workspace.approved) return { error: "team_access_not_granted" };
  return { id: teamId, teamId, thinOnly: teamView === "thin" };
}

/** Epoch seconds; the bound is inclusive. */
function readBefore(text: string | undefined, nowMs: number): number {
  if (text === undefined || text === "" || text === "now") return Math.floor(nowMs / 1000);
  return wholeNumber(text) ?? Number.NaN;
}

/** The rows up to `before`, less those that retention took from the end. */
function inRange(rows: readonly AccessRow[], how: AccessBehaviour, before: number, nowMs: number): AccessRow[] {
  const filter = how.beforeMeans === "date_first" ? "dateFirst" : "dateLast";
  const order = how.order === "date_first" ? "dateFirst" : "dateLast";
  const oldest = how.retentionMs === undefined ? -Infinity : (nowMs - how.retentionMs) / 1000;
  const kept = rows.slice(
    0,
    firstIndex(rows, (row) => row[order] < oldest),
  );
  return kept.filter((row) => row[filter] <= before);
}

function byPage({ call, behaviour, warnings }: Context, view: View, rows: AccessRow[]): Answer {
  const how = behaviour.access;
  const count = wholeNumber(call.params["count"]) ?? 100;
  const page = wholeNumber(call.params["page"]) ?? 1;
  if (!(count >= 1) || !(page >= 1)) return failure("invalid_arguments");
  if (count > 1000 || page > 100) return failure("over_pagination_limit");
  if (how.fatalBeyondPage !== undefined && page > how.fatalBeyondPage) return failure("fatal_error");
  if (how.tiesMove) moveTies(rows, how, call.index);
  const items = rows.slice((page - 1) * count, page * count);
  const paging = pagingOf(how, { count, total: rows.length, page });
  return {
    kind: "success",
    entries: items.length,
    body: listBody({ ok: true, key: "logins", items, paging, warnings }),
    showing: { log: "access_logs", view: view.id, items },
  };
}

/** The cursor's position: the last row's date and id, or how many rows were shown; then `before`, where it is frozen. */
function byCursor(context: Context, view: View, all: readonly AccessRow[], asked: number): Answer {
  const { call, behaviour, warnings, pageFault } = context;
  const how = behaviour.access;
  if (!(asked >= 1) || (asked >= 1000 && how.limitTooHigh === "invalid_limit")) return failure("invalid_limit");
  const cursor = readCursor(context);
  if (cursor.invalid) return failure("invalid_cursor");
  const [place = "", frozen] = (cursor.position ?? "").split(";before=");
  const given = call.params["before"] ?? "";
  const unset = given === "" || given === "now";
  const before = unset && frozen !== undefined ? Number(frozen) : readBefore(given, call.atMs);
  if (Number.isNaN(before)) return failure("invalid_arguments");
  const rows = inRange(all, how, before, call.atMs);
  if (how.tiesMove && how.cursor === "offset") moveTies(rows, how, call.index);
  const start = startOf(place, rows, how);
  const items = rows.slice(start, start + pageSize(Math.min(asked, 999), pageFault));
  const end = start + items.length;
  const last = items.at(-1);
  const column = how.order === "date_first" ? "dateFirst" : "dateLast";
  const nextPlace =
    how.cursor === "offset" ? `offset:${end}` : last === undefined ? place : `row:${last[column]}:${last.id}`;
  const freeze = unset && how.unsetBefore === "frozen" ? `;before=${before}` : "";
  const more = end < rows.length || pageFault === "empty_page";
  const next = nextCursor(context, more ? nextPlace + freeze : undefined);
  const paging = pagingOf(how, { count: asked, total: rows.length, page: 1 });
  return {
    kind: "success",
    entries: items.length,
    body: listBody({
      ok: true,
      key: "logins",
      items,
      ...(how.pagingInCursorMode ? { paging } : {}),
      next: { cursor: next, ending: how.ending },
      warnings,
    }),
    showing: { log: "access_logs", view: view.id, items },
  };
}

function startOf(place: string, rows: readonly AccessRow[], how: AccessBehaviour): number {
  const [kind, first = "0", second = "0"] = place.split(":");
  if (kind === "offset") return Number(first);
  if (kind !== "row") return 0;
  const column = how.order === "date_first" ? "dateFirst" : "dateLast";
  const [date, id] = [Number(first), Number(second)];
  return firstIndex(rows, (row) => row[column] < date || (row[column] === date && row.id < id));
}

function pagingOf(how: AccessBehaviour, given: { count: number; total: number; page: number }): object {
  const { count, total, page } = given;
  const pages = Math.max(1, Math.ceil(total / count));
  return {
    ...(how.oldPaging ? { per_page: count, spill: 0 } : {}),
    count,
    total,
    page,
    pages,
    ...(how.pagingWarnings.length > 0 ? { warnings: how.pagingWarnings } : {}),
  };
}

/** Rows of one second in another order at every call. */
function moveTies(rows: AccessRow[], how: AccessBehaviour, salt: number): void {
  const column = how.order === "date_first" ? "dateFirst" : "dateLast";
  rows.sort((a, b) => b[column] - a[column] || mix(a.id, salt) - mix(b.id, salt));
}
