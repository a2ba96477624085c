import { failure, type Answer } from "./answer.ts";
import type { Grant, Grants } from "./grants.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Tenant } from "./tenant.ts";

/** Token rotation (S6): `oauth.v2.access` with a refresh token. */
export interface RotationOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The first one; each works once. */
  readonly refreshToken: string;
  /** The access token that it renews. Default: the first. */
  readonly token?: string;
  /** Of an access token; Slack's is 12 hours. */
  readonly lifetimeMs?: number;
  /** How long a refresh token still works after its first use. */
  readonly graceMs?: number;
  /** What the tokens that are given out begin with, before their number. */
  readonly prefixes?: { readonly access: string; readonly refresh: string };
}

export type Refresh = (read: ReadRequest, nowMs: number) => Answer;

/** At most two access tokens are active: a third refresh ends the oldest. */
export function createRotation(
  options: RotationOptions | undefined,
  tokens: Grants,
  tenant: Tenant,
  nowMs: number,
): Refresh {
  if (options === undefined) return () => failure("invalid_client_id");
  const { lifetimeMs = 43_200_000, graceMs = 60_000 } = options;
  const { access, refresh } = options.prefixes ?? { access: "xoxe.xoxp-1-simulated-", refresh: "xoxe-1-simulated-" };
  const first = options.token === undefined ? tokens.all[0] : tokens.find(options.token);
  if (first === undefined) throw new Error("token rotation needs a token");
  first.expiresAtMs ??= nowMs + lifetimeMs;
  const active: Grant[] = [first];
  let current = options.refreshToken;
  let previous: { readonly token: string; readonly usedAtMs: number } | undefined;
  let issued = 0;

  return ({ params, basic }, atMs) => {
    if (params["grant_type"] !== "refresh_token") return failure("invalid_grant_type");
    if ((basic?.name ?? params["client_id"]) !== options.clientId) return failure("invalid_client_id");
    if ((basic?.password ?? params["client_secret"]) !== options.clientSecret) return failure("bad_client_secret");
    const given = params["refresh_token"];
    const inGrace = previous !== undefined && given === previous.token && atMs - previous.usedAtMs <= graceMs;
    if (given !== current && !inGrace) return failure("invalid_refresh_token");
    if (given === current) previous = { token: current, usedAtMs: atMs };
    issued++;
    current = `${refresh}${issued}`;
    const grant = tokens.add({
      ...first,
      state: "active",
      token: `${access}${issued}`,
      expiresAtMs: atMs + lifetimeMs,
    });
    active.push(grant);
    if (active.length > 2) (active.shift() as Grant).expiresAtMs = 0;
    return {
      kind: "success",
      entries: 0,
      body: JSON.stringify(refreshed(grant, current, lifetimeMs, tenant)),
    };
  };
}

/** A refreshed user token stands at the top level. */
function refreshed(
  grant: Grant,
  refreshToken: string,
  lifetimeMs: number,
  { organisation, workspaces }: Tenant,
): object {
  const workspace = grant.teamId === undefined ? undefined : workspaces.get(grant.teamId);
  return {
    ok: true,
    app_id: "A0SIMULATED",
    access_token: grant.token,
    token_type: grant.kind,
    scope: grant.scopes.join(","),
    refresh_token: refreshToken,
    expires_in: lifetimeMs / 1000,
    user_id: grant.userId,
    team: workspace === undefined ? null : { id: workspace.id, name: workspace.name },
    enterprise: organisation === undefined ? null : { id: organisation.id, name: organisation.name },
    is_enterprise_install: workspace === undefined,
  };
}
