import { failure, listBody, wholeNumber, type Answer } from "./answer.ts";
import { nextCursor, pageSize, readCursor, type Context } from "./context.ts";
import { DEFAULT_OWNER } from "./grants.ts";
import type { Workspace } from "./tenant.ts";

/** `auth.test`. With an organisation's token `team_id` is the organisation's id. */
export function authTest({ call, grant, tenant }: Context): Answer {
  const { organisation } = tenant;
  const workspace = grant.teamId === undefined ? undefined : tenant.workspaces.get(grant.teamId);
  const place = workspace ?? organisation;
  const expiresIn = grant.expiresAtMs === undefined ? null : Math.ceil((grant.expiresAtMs - call.atMs) / 1000);
  const suffix = workspace === undefined ? "enterprise.slack.com" : "slack.com";
  return {
    kind: "success",
    entries: 0,
    body: JSON.stringify({
      ok: true,
      url: `https://${place?.domain}.${suffix}/`,
      team: place?.name,
      user: grant.userName,
      team_id: place?.id,
      user_id: grant.userId,
      ...(grant.kind === "bot" ? { bot_id: "B0SIMULATED" } : {}),
      app_id: "A0SIMULATED",
      app_name: "slack-otel",
      ...(organisation === undefined ? {} : { enterprise_id: organisation.id }),
      is_enterprise_install: workspace === undefined,
      expires_in: expiresIn,
    }),
  };
}

/** `auth.teams.list`: only the workspaces that approved the app. */
export function approvedTeams(context: Context): Answer {
  const { tenant, grant, call } = context;
  const withIcon = call.params["include_icon"] === "true";
  const teams = [...tenant.workspaces.values()].filter(
    ({ id, approved, removed }) => approved && !removed && (grant.teamId === undefined || grant.teamId === id),
  );
  return listOfTeams(context, teams, ({ id, name }) => ({
    id,
    name,
    ...(withIcon ? { icon: { image_34: "https://a.slack-edge.com/icon.png", image_default: true } } : {}),
  }));
}

/** `admin.teams.list`: all workspaces of the organisation. */
export function allTeams(context: Context): Answer {
  const teams = [...context.tenant.workspaces.values()].filter(({ removed }) => !removed);
  return listOfTeams(context, teams, ({ id, name, domain }) => ({
    id,
    name,
    discoverability: "hidden",
    primary_owner: { user_id: DEFAULT_OWNER.id, email: "olivia.owner@example.com" },
    team_url: `https://${domain}.slack.com/`,
  }));
}

function listOfTeams(context: Context, teams: Workspace[], show: (workspace: Workspace) => object): Answer {
  const { call, pageFault, behaviour, warnings } = context;
  const limit = wholeNumber(call.params["limit"]) ?? 100;
  if (!(limit >= 1) || limit > 1000) return failure("invalid_limit");
  const cursor = readCursor(context);
  if (cursor.invalid) return failure("invalid_cursor");
  const after = cursor.position ?? "";
  const rest = teams.sort((a, b) => (a.id < b.id ? -1 : 1)).filter(({ id }) => id > after);
  const page = rest.slice(0, pageSize(limit, pageFault));
  const more = page.length < rest.length;
  const next = nextCursor(context, more ? (page.at(-1)?.id ?? after) : undefined);
  const items = page.map((workspace) => ({ text: JSON.stringify(show(workspace)) }));
  return {
    kind: "success",
    entries: items.length,
    body: listBody({ ok: true, key: "teams", items, next: { cursor: next, ending: behaviour.teams.ending }, warnings }),
  };
}
