import type { MethodFacts } from "./methods.ts";
import type { Plan, Tenant } from "./tenant.ts";

/** A token and what it may do. */
export interface Grant {
  readonly token: string;
  readonly kind: "user" | "bot";
  /** The workspace it is installed on; absent: the whole organisation. */
  readonly teamId?: string;
  readonly userId: string;
  /** `null` is possible in `auth.test`. */
  readonly userName: string | null;
  scopes: readonly string[];
  role: "member" | "admin" | "owner";
  state: "active" | "revoked" | "inactive";
  /** Slack's clock; absent: never. */
  expiresAtMs?: number;
}

export type NewGrant = Partial<Grant> & { readonly token: string };

/** Tokens by name. Changes hold from the next call on, so a test may make them in the middle of a walk. */
export interface Grants {
  readonly all: readonly Grant[];
  add(grant: NewGrant): Grant;
  find(token: string): Grant | undefined;
  revoke(token: string): void;
  /** The person behind it left. */
  deactivate(token: string): void;
  expire(token: string): void;
  /** The old one is revoked, a new one with the same rights takes its place. */
  replace(token: string, by: string): Grant;
}

/** The token that works without further ado: an organisation owner's, with every scope. */
export const DEFAULT_TOKEN = "xoxp-simulated-owner";
export const DEFAULT_OWNER = { id: "W0OWNER0001", name: "olivia.owner" } as const;
export const ALL_SCOPES: readonly string[] = [
  "admin",
  "admin.app_activities:read",
  "auditlogs:read",
  "admin.teams:read",
];

export function createGrants(tenant: Tenant, given: readonly NewGrant[] | undefined): Grants {
  const byToken = new Map<string, Grant>();
  const installedOn = tenant.organisation === undefined ? tenant.workspaces.keys().next().value : undefined;
  const add = (grant: NewGrant): Grant => {
    const complete: Grant = {
      kind: "user",
      ...(installedOn === undefined ? {} : { teamId: installedOn }),
      userId: DEFAULT_OWNER.id,
      userName: DEFAULT_OWNER.name,
      scopes: ALL_SCOPES,
      role: "owner",
      state: "active",
      ...grant,
    };
    byToken.set(complete.token, complete);
    return complete;
  };
  const known = (token: string): Grant => {
    const grant = byToken.get(token);
    if (grant === undefined) throw new Error("no such token in the simulated Slack");
    return grant;
  };
  for (const grant of given ?? [{ token: DEFAULT_TOKEN }]) add(grant);
  return {
    get all() {
      return [...byToken.values()];
    },
    add,
    find: (token) => byToken.get(token),
    revoke: (token) => void (known(token).state = "revoked"),
    deactivate: (token) => void (known(token).state = "inactive"),
    expire: (token) => void (known(token).expiresAtMs = 0),
    replace(token, by) {
      const old = known(token);
      const { expiresAtMs: _expired, ...rights } = old;
      old.state = "revoked";
      return add({ ...rights, token: by, state: "active" });
    },
  };
}

/** Slack's error code where the token is not good, whatever it is used for. */
export function whyTokenFails(grant: Grant | undefined, nowMs: number): string | undefined {
  if (grant === undefined) return "invalid_auth";
  if (grant.state === "revoked") return "token_revoked";
  if (grant.state === "inactive") return "account_inactive";
  return grant.expiresAtMs !== undefined && grant.expiresAtMs <= nowMs ? "token_expired" : undefined;
}

const PLANS: readonly Plan[] = ["free", "paid", "enterprise"];
const ROLES: readonly Grant["role"][] = ["member", "admin", "owner"];

/** Slack's error code where the token may not use the method. */
export function whyForbidden(grant: Grant, facts: MethodFacts, tenant: Tenant): string | undefined {
  if (facts.userTokenOnly === true && grant.kind !== "user") return "not_allowed_token_type";
  if (facts.scope !== undefined && !grant.scopes.includes(facts.scope)) return "missing_scope";
  if (facts.plan !== undefined && PLANS.indexOf(tenant.plan) < PLANS.indexOf(facts.plan.atLeast))
    return facts.plan.error;
  if (facts.organisationTokenOnly !== undefined && grant.teamId !== undefined) return facts.organisationTokenOnly.error;
  if (facts.role !== undefined && ROLES.indexOf(grant.role) < ROLES.indexOf(facts.role.atLeast))
    return facts.role.error;
  return undefined;
}
