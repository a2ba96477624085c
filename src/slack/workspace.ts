import { SOURCE_NAMES, type Halt, type Log, type SourceName, type Stream } from "../model.ts";
import { isObject } from "./answer.ts";
import { AUTH_TEST, type Endpoint, type SlackClient } from "./client.ts";

/** Whose token it is, as auth.test tells it. */
export interface Identity {
  /** `T…`; with an organisation's token the enterprise id stands here too. */
  readonly teamId: string;
  readonly enterpriseId?: string;
  /** Whether the token is an organisation's and sees all its workspaces. */
  readonly isOrganisation: boolean;
}

const AUTH_TEAMS_LIST: Endpoint = {
  api: "web",
  method: "auth.teams.list",
  verb: "POST",
  list: "teams",
  callsPerMinute: 20,
};

const ADMIN_TEAMS_LIST: Endpoint = {
  api: "web",
  method: "admin.teams.list",
  verb: "POST",
  list: "teams",
  callsPerMinute: 50,
};

const ALL_TEAMS_SCOPE = "admin.teams:read";
/** A cursor that is refused or repeated is dropped, and the listing read again, so often. */
const MAX_WALKS = 10;

/** Asks auth.test. Waits out whatever passes; a token that is refused is a halt. */
export async function identifyToken(client: SlackClient, signal: AbortSignal): Promise<Identity | Halt> {
  const answer = await client.call(AUTH_TEST, {}, signal);
  if (answer.kind === "halted") return answer;
  return identityOf(answer.kind === "ok" ? answer.body : {});
}

/** What auth.test says of the token. */
export function identityOf(body: Readonly<Record<string, unknown>>): Identity | Halt {
  const teamId = text(body["team_id"]);
  const enterpriseId = text(body["enterprise_id"]);
  if (teamId === undefined) {
    const message = "auth.test names no workspace: check slack.api_url";
    return { kind: "halted", scope: "token", reason: "configuration", code: "no_team_id", message };
  }
  const isOrganisation = body["is_enterprise_install"] === true || teamId.startsWith("E");
  return { teamId, isOrganisation, ...(enterpriseId === undefined ? {} : { enterpriseId }) };
}

/**
 * The streams of one token. Activities and audit entries are one log an organisation. With an organisation's token
 * access logs are read without `team_id`, because with it Slack shows only a part; integration logs need it, so they
 * are one stream a workspace.
 */
export async function streamsOf(
  names: readonly SourceName[],
  identity: Identity,
  client: SlackClient,
  log: Log,
  signal: AbortSignal,
): Promise<Stream[]> {
  const { teamId, enterpriseId, isOrganisation } = identity;
  const organisation = enterpriseId ?? teamId;
  const streams: Stream[] = [];
  for (const source of SOURCE_NAMES.filter((name) => names.includes(name))) {
    if (source === "integration_logs" && isOrganisation) {
      const workspaces = await workspaceStreams(source, client, log, signal);
      // Without a workspace to name, Slack's own answer says what is missing.
      streams.push(...(workspaces.length > 0 ? workspaces : [{ name: `${source}/${organisation}`, source }]));
    } else if (source === "access_logs" || source === "integration_logs") {
      streams.push({ name: `${source}/${isOrganisation ? organisation : teamId}`, source });
    } else {
      streams.push({ name: `${source}/${organisation}`, source });
    }
  }
  return streams;
}

/**
 * One stream for each workspace that approved the app. Which ones did not is told by name where the token may list all
 * of them, and else that there may be such.
 */
export async function workspaceStreams(
  source: SourceName,
  client: SlackClient,
  log: Log,
  signal: AbortSignal,
): Promise<Stream[]> {
  const approved = await listTeams(AUTH_TEAMS_LIST, "1000", client, signal);
  if ("code" in approved) log("warn", "workspaces_not_listed", { source, error: approved.code });
  if (approved.ids.length === 0) log("warn", "no_workspaces", { source });
  else if (!approved.scopes.includes(ALL_TEAMS_SCOPE)) {
    const message = `Slack lists the workspaces that approved the app; with the scope ${ALL_TEAMS_SCOPE} the others would be named here.`;
    log("info", "workspaces_may_be_missing", { source, message });
  } else {
    const all = await listTeams(ADMIN_TEAMS_LIST, "100", client, signal);
    const others = all.ids.filter((id) => !approved.ids.includes(id));
    if (others.length > 0) {
      const message = "Workspaces that have not approved the app are not read: approve it there.";
      log("warn", "workspaces_not_approved", { source, workspaces: others.join(" "), message });
    }
  }
  return approved.ids.map((teamId) => ({ name: `${source}/${teamId}`, source, teamId }));
}

interface Teams {
  readonly ids: readonly string[];
  /** What the token holds, as Slack says with each answer. */
  readonly scopes: readonly string[];
  /** The listing was not read to its end. */
  readonly code?: string;
}

async function listTeams(endpoint: Endpoint, limit: string, client: SlackClient, signal: AbortSignal): Promise<Teams> {
  const ids = new Set<string>();
  let scopes: readonly string[] = [];
  let seen = new Set<string>();
  for (let walks = 1, cursor: string | undefined; ;) {
    const answer = await client.call(endpoint, { limit, cursor }, signal);
    const next = answer.kind === "ok" ? answer.nextCursor : undefined;
    const isLost = answer.kind === "restart" || (next !== undefined && seen.has(next));
    if (answer.kind === "ok") {
      scopes = answer.headers["x-oauth-scopes"]?.split(/,\s*/) ?? scopes;
      for (const team of answer.entries) {
        const id = isObject(team) ? text(team["id"]) : undefined;
        if (id !== undefined) ids.add(id);
      }
      if (next === undefined) return { ids: [...ids], scopes };
    }
    if (isLost && walks < MAX_WALKS) {
      walks += 1;
      cursor = undefined;
      seen = new Set();
      continue;
    }
    if (isLost || next === undefined) {
      return { ids: [...ids], scopes, code: answer.kind === "ok" ? "repeated_cursor" : answer.code };
    }
    seen.add(next);
    cursor = next;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
