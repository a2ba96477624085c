import { failure, listBody, wholeNumber, type Answer, type Shown } from "./answer.ts";
import type { IntegrationBehaviour } from "./behaviour.ts";
import type { Context } from "./context.ts";
import { placeInTime, readEntry, textOf, type Given, type When } from "./entries.ts";
import { createListing, firstIndex, type Entry, type Listing } from "./listing.ts";
import { mix } from "./random.ts";

export interface IntegrationEntry extends Entry, Shown {
  readonly changeType: string | undefined;
  readonly appId: string | undefined;
  readonly serviceId: string | undefined;
  readonly userId: string | undefined;
}

export interface IntegrationLog {
  /** `at` is in epoch seconds. */
  add(entry: Given, when?: When): void;
  readonly workspaces: ReadonlyMap<string, Listing<IntegrationEntry>>;
}

export function createIntegrationLog(firstTeamId: string): IntegrationLog {
  const workspaces = new Map<string, Listing<IntegrationEntry>>();
  let added = 0;
  return {
    workspaces,
    add(given, when = {}) {
      const teamId = when.teamId ?? firstTeamId;
      const { text, fields } = readEntry(given);
      const listing = workspaces.get(teamId) ?? createListing<IntegrationEntry>();
      workspaces.set(teamId, listing);
      const sequence = ++added;
      listing.add({
        text,
        id: sequence,
        sequence,
        ...placeInTime(fields["date"], 1000, when),
        changeType: textOf(fields["change_type"]),
        appId: textOf(fields["app_id"]),
        serviceId: textOf(fields["service_id"]),
        userId: textOf(fields["user_id"]),
      });
    },
  };
}

const CHANGE_TYPES: readonly string[] = ["added", "removed", "enabled", "disabled", "updated"];

/** `team.integrationLogs`. It knows no time, no cursor and no `limit`: those are ignored (S19). */
export function integrationLogs(context: Context): Answer {
  const { call, grant, tenant, behaviour, world, warnings } = context;
  const { params } = call;
  const how = behaviour.integration;
  const teamId = grant.teamId ?? params["team_id"];
  if (teamId === undefined || teamId === "") return failure("missing_argument");
  const workspace = tenant.workspaces.get(teamId);
  // A member of another workspace is told no more than a stranger (S7).
  if (workspace === undefined || workspace.removed || !workspace.ownerIsMember) return failure("invalid_auth");
  const changeType = params["change_type"];
  if (changeType !== undefined && !CHANGE_TYPES.includes(changeType)) return failure("invalid_arguments");
  const count = wholeNumber(params["count"]) ?? 100;
  const page = wholeNumber(params["page"]) ?? 1;
  if (!(count >= 1) || !(page >= 1)) return failure("invalid_arguments");
  if (count > 1000 || (page > 100 && how.beyondLastPage === "over_pagination_limit"))
    return failure("over_pagination_limit");
  const wanted = (entry: IntegrationEntry) =>
    (changeType === undefined || entry.changeType === changeType) &&
    (params["app_id"] === undefined || entry.appId === params["app_id"]) &&
    (params["service_id"] === undefined || entry.serviceId === params["service_id"]) &&
    (params["user"] === undefined || entry.userId === params["user"]);
  const kept = withinRetention(world.integration.workspaces.get(teamId)?.visible(call.atMs) ?? [], how, call.atMs);
  const entries = inOrder(kept.filter(wanted), how, call.index);
  const items = page > 100 ? [] : entries.slice((page - 1) * count, page * count);
  const paging = { count, total: entries.length, page, pages: Math.max(1, Math.ceil(entries.length / count)) };
  return {
    kind: "success",
    entries: items.length,
    body: listBody({ ok: true, key: "logs", items, paging, warnings }),
    showing: { log: "integration_logs", view: teamId, items },
  };
}

function withinRetention(
  rising: readonly IntegrationEntry[],
  how: IntegrationBehaviour,
  nowMs: number,
): readonly IntegrationEntry[] {
  if (how.retentionMs === undefined) return rising;
  const oldest = (nowMs - how.retentionMs) / 1000;
  return rising.slice(firstIndex(rising, ({ at }) => at >= oldest));
}

function inOrder(rising: IntegrationEntry[], how: IntegrationBehaviour, callIndex: number): IntegrationEntry[] {
  if (how.order === "mixed") return rising.sort((a, b) => mix(a.id, 1) - mix(b.id, 1));
  if (how.tiesMove) rising.sort((a, b) => a.at - b.at || mix(a.id, callIndex) - mix(b.id, callIndex));
  return how.order === "rising" ? rising : rising.toReversed();
}
