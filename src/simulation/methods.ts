/** What Slack's method pages say about each method that is simulated. */
export interface MethodFacts {
  readonly path: string;
  readonly verbs: readonly ("GET" | "POST")[];
  /** Whether a JSON body is taken. */
  readonly json: boolean;
  readonly scope?: string;
  readonly userTokenOnly?: boolean;
  readonly plan?: { readonly atLeast: "paid" | "enterprise"; readonly error: string };
  readonly role?: { readonly atLeast: "admin" | "owner"; readonly error: string };
  readonly organisationTokenOnly?: { readonly error: string };
  /** Tier: calls a minute. */
  readonly callsPerMinute: number;
  /** Calls a minute when no paging argument is sent, where that is less. */
  readonly callsPerMinuteUnpaged?: number;
  /** Real status codes, no `ok`. */
  readonly audit?: boolean;
  /** Needs no token. */
  readonly open?: boolean;
}

export const METHODS = {
  "team.accessLogs": {
    path: "/api/team.accessLogs",
    verbs: ["GET", "POST"],
    json: false,
    scope: "admin",
    userTokenOnly: true,
    plan: { atLeast: "paid", error: "paid_only" },
    role: { atLeast: "admin", error: "no_permission" },
    callsPerMinute: 20,
  },
  "team.integrationLogs": {
    path: "/api/team.integrationLogs",
    verbs: ["GET", "POST"],
    json: false,
    scope: "admin",
    userTokenOnly: true,
    role: { atLeast: "admin", error: "no_permission" },
    callsPerMinute: 20,
  },
  "admin.apps.activities.list": {
    path: "/api/admin.apps.activities.list",
    verbs: ["GET", "POST"],
    json: false,
    scope: "admin.app_activities:read",
    userTokenOnly: true,
    plan: { atLeast: "enterprise", error: "feature_not_enabled" },
    role: { atLeast: "admin", error: "no_permission" },
    callsPerMinute: 50,
    callsPerMinuteUnpaged: 1,
  },
  "audit.logs": {
    path: "/audit/v1/logs",
    verbs: ["GET"],
    json: false,
    scope: "auditlogs:read",
    userTokenOnly: true,
    plan: { atLeast: "enterprise", error: "feature_not_enabled" },
    role: { atLeast: "owner", error: "user_not_authorized" },
    organisationTokenOnly: { error: "team_not_authorized" },
    callsPerMinute: 50,
    audit: true,
  },
  "audit.actions": {
    path: "/audit/v1/actions",
    verbs: ["GET"],
    json: false,
    callsPerMinute: 50,
    audit: true,
    open: true,
  },
  "audit.schemas": {
    path: "/audit/v1/schemas",
    verbs: ["GET"],
    json: false,
    callsPerMinute: 50,
    audit: true,
    open: true,
  },
  "auth.test": { path: "/api/auth.test", verbs: ["GET", "POST"], json: true, callsPerMinute: 600 },
  "auth.teams.list": { path: "/api/auth.teams.list", verbs: ["GET", "POST"], json: false, callsPerMinute: 20 },
  "admin.teams.list": {
    path: "/api/admin.teams.list",
    verbs: ["GET", "POST"],
    json: true,
    scope: "admin.teams:read",
    userTokenOnly: true,
    plan: { atLeast: "enterprise", error: "feature_not_enabled" },
    role: { atLeast: "admin", error: "not_an_admin" },
    callsPerMinute: 50,
  },
  "oauth.v2.access": {
    path: "/api/oauth.v2.access",
    verbs: ["POST"],
    json: false,
    callsPerMinute: 600,
    open: true,
  },
} as const satisfies Record<string, MethodFacts>;

export type MethodName = keyof typeof METHODS;

const byPath = new Map<string, MethodName>(
  Object.entries(METHODS).map(([name, { path }]) => [path, name as MethodName]),
);

export function methodAt(path: string): MethodName | undefined {
  return byPath.get(path);
}

export function factsOf(method: MethodName): MethodFacts {
  return METHODS[method];
}
