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
  /** The person whose token it is. */
  readonly userId?: string;
  /** What the token may do, as far as Slack says. */
  readonly scopes?: readonly string[];
  /** How long the token will live; absent: it does not expire. */
  readonly expiresInSeconds?: number;
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
  return answer.kind === "ok" ? identityOf(answer.body, scopesIn(answer.headers)) : identityOf({});
}

/** What auth.test says of the token. `scopes`: what its headers say besides. */
export function identityOf(body: Readonly<Record<string, unknown>>, scopes?: readonly string[]): Identity | Halt {
  const teamId = text(body["team_id"]);
  const enterpriseId = text(body["enterprise_id"]);
  const userId = text(body["user_id"]);
  const expiresIn = body["expires_in"];
  if (teamId === undefined) {
    const message = "auth.test names no workspace: check slack.api_url";
    return { kind: "halted", scope: "token", reason: "configuration", code: "no_team_id", message };
  }
  const isOrganisation = body["is_enterprise_install"] === true || teamId.startsWith("E");
  return {
    teamId,
    isOrganisation,
    ...(enterpriseId === undefined ? {} : { enterpriseId }),
    ...(userId === undefined ? {} : { userId }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(typeof expiresIn === "number" ? { expiresInSeconds: expiresIn } : {}),
  };
}

/** The sources of which an organisation's token reads each workspace by itself. */
export function sourcesByWorkspace(
  names: readonly SourceName[],
  { isOrganisation }: Identity,
  refusedForAll: ReadonlySet<SourceName>,
): readonly SourceName[] {
  if (!isOrganisation) return [];
  return names.filter((name) => name === "integration_logs" || refusedForAll.has(name));
}

/**
 * The streams of one token. Activities and audit entries are one log an organisation. With an organisation's token
 * access logs are read without `team_id`, because with it Slack shows only a part, but where Slack refuses that
 * (`refusedForAll`); integration logs need it, so they are one stream a workspace.
 */
export function streamsOf(
  names: readonly SourceName[],
  identity: Identity,
  workspaces: readonly string[],
  refusedForAll: ReadonlySet<SourceName>,
): readonly Stream[] {
  const { teamId, enterpriseId, isOrganisation } = identity;
  const organisation = enterpriseId ?? teamId;
  const byWorkspace = sourcesByWorkspace(names, identity, refusedForAll);
  return SOURCE_NAMES.filter((name) => names.includes(name)).flatMap((source): Stream[] => {
    if (byWorkspace.includes(source)) {
      // Without a workspace to name, Slack's own answer says what is missing.
      if (workspaces.length === 0 && !refusedForAll.has(source)) return [{ name: `${source}/${organisation}`, source }];
      return workspaces.map((id) => ({ name: `${source}/${id}`, source, teamId: id }));
    }
    const isOfWorkspace = !isOrganisation && (source === "access_logs" || source === "integration_logs");
    return [{ name: `${source}/${isOfWorkspace ? teamId : organisation}`, source }];
  });
}

/** The workspaces of an organisation, as its token sees them. */
export interface Workspaces {
  /** Those that approved the app, so that they can be read. */
  readonly approved: readonly string[];
  /** Those that did not; `undefined` where the token may not list them. */
  readonly others: readonly string[] | undefined;
  /** Why the listing was not read to its end, so that some may be missing. */
  readonly code?: string;
}

/**
 * Lists the workspaces that approved the app. Which ones did not is known where the token may list all of them.
 */
export async function listWorkspaces(client: SlackClient, signal: AbortSignal): Promise<Workspaces> {
  const { ids: approved, scopes, code } = await listTeams(AUTH_TEAMS_LIST, "1000", client, signal);
  const incomplete = code === undefined ? {} : { code };
  if (approved.length === 0 || !scopes.includes(ALL_TEAMS_SCOPE)) return { approved, others: undefined, ...incomplete };
  const all = await listTeams(ADMIN_TEAMS_LIST, "100", client, signal);
  return { approved, others: all.ids.filter((id) => !approved.includes(id)), ...incomplete };
}

/** Says what there is to know about a list of workspaces, as far as it differs from the last one. */
export function tellWorkspaces(found: Workspaces, last: Workspaces | undefined, source: SourceName, log: Log): void {
  const { approved, others, code } = found;
  if (code !== undefined && code !== last?.code) log("warn", "workspaces_not_listed", { source, error: code });
  if (last !== undefined) tellChanges(found, last, log);
  if (approved.length === 0 && (last === undefined || code === undefined)) {
    if (last === undefined || last.approved.length > 0) log("warn", "no_workspaces", { source });
  } else if (others === undefined) {
    const message = `Slack lists the workspaces that approved the app; with the scope ${ALL_TEAMS_SCOPE} the others would be named here.`;
    if (last === undefined) log("info", "workspaces_may_be_missing", { source, message });
  } else if (others.length > 0 && others.join() !== last?.others?.join()) {
    const message = "Workspaces that have not approved the app are not read: approve it there.";
    log("warn", "workspaces_not_approved", { source, workspaces: others.join(" "), message });
  }
}

function tellChanges({ approved, code }: Workspaces, last: Workspaces, log: Log): void {
  const added = approved.filter((id) => !last.approved.includes(id));
  const gone = code === undefined ? last.approved.filter((id) => !approved.includes(id)) : [];
  if (added.length > 0) log("info", "workspaces_added", { workspaces: added.join(" ") });
  if (gone.length > 0) {
    const message =
      "Slack does not list them any more: they are not read, and go on where they stand if they come back.";
    log("warn", "workspaces_gone", { workspaces: gone.join(" "), message });
  }
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
      scopes = scopesIn(answer.headers) ?? scopes;
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

function scopesIn(headers: Readonly<Record<string, string | undefined>>): readonly string[] | undefined {
  return headers["x-oauth-scopes"]?.split(/,\s*/).filter((scope) => scope !== "");
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
