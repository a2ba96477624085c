import { SOURCE_NAMES, type Halt, type Log, type SourceName, type Stream } from "../model.ts";
import { AUTH_TEST, isObject, type Endpoint, type SlackClient } from "./client.ts";

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

/** Asks auth.test. Waits out whatever passes; a token that is refused is a halt. */
export async function identifyToken(client: SlackClient, signal: AbortSignal): Promise<Identity | Halt> {
  const answer = await client.call(AUTH_TEST, {}, signal);
  if (answer.kind === "halted") return answer;
  const body = answer.kind === "ok" ? answer.body : {};
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

/** One stream for each workspace that approved the app. */
export async function workspaceStreams(
  source: SourceName,
  client: SlackClient,
  log: Log,
  signal: AbortSignal,
): Promise<Stream[]> {
  const streams = new Map<string, Stream>();
  const cursors = new Set<string>();
  for (let cursor: string | undefined; ;) {
    const answer = await client.call(AUTH_TEAMS_LIST, { limit: "1000", cursor }, signal);
    if (answer.kind !== "ok") {
      log("warn", "workspaces_not_listed", { source, error: answer.code });
      break;
    }
    for (const team of answer.entries) {
      const teamId = isObject(team) ? text(team["id"]) : undefined;
      if (teamId !== undefined) streams.set(teamId, { name: `${source}/${teamId}`, source, teamId });
    }
    cursor = answer.nextCursor;
    if (cursor === undefined || cursors.has(cursor)) break;
    cursors.add(cursor);
  }
  if (streams.size === 0) log("warn", "no_workspaces", { source });
  return [...streams.values()];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
