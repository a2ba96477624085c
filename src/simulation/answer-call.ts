import { accessLogs } from "./access.ts";
import { activities } from "./activities.ts";
import { failure, type Answer } from "./answer.ts";
import { auditLogs } from "./audit.ts";
import type { Call } from "./call.ts";
import type { Context } from "./context.ts";
import type { Cursors } from "./cursors.ts";
import type { PageFault } from "./faults.ts";
import { whyForbidden, whyTokenFails, type Grant } from "./grants.ts";
import { integrationLogs } from "./integration.ts";
import { factsOf, type MethodName } from "./methods.ts";
import type { Refresh } from "./oauth.ts";
import type { ReadRequest } from "./read-request.ts";
import type { SimulatedSlack } from "./slack.ts";
import { allTeams, approvedTeams, authTest } from "./teams.ts";
import { AUDIT_ACTIONS } from "./vocabulary.ts";

/** Methods that answer whoever asks. */
const OPEN: Readonly<Partial<Record<MethodName, (incoming: IncomingCall) => Answer>>> = {
  "audit.actions": () => plain({ actions: { all: AUDIT_ACTIONS } }),
  "oauth.v2.access": ({ read, call, refresh }) => refresh(read, call.atMs),
  "audit.schemas": () =>
    plain({ schemas: [{ type: "user", user: { id: "string", name: "string", email: "string" } }] }),
};

const ENDPOINTS: Readonly<Partial<Record<MethodName, (context: Context) => Answer>>> = {
  "team.accessLogs": accessLogs,
  "team.integrationLogs": integrationLogs,
  "admin.apps.activities.list": activities,
  "audit.logs": auditLogs,
  "auth.test": authTest,
  "auth.teams.list": approvedTeams,
  "admin.teams.list": allTeams,
};

export interface IncomingCall {
  readonly read: ReadRequest;
  readonly grant: Grant | undefined;
  readonly call: Call;
  readonly slack: SimulatedSlack;
  readonly cursors: Cursors;
  readonly pageFault: PageFault | undefined;
  readonly refresh: Refresh;
  readonly caller: { readonly ip: string; readonly userAgent: string };
}

/** The true answer: method, verb, body, token, rights, then the endpoint's own rules. */
export function answerCall(incoming: IncomingCall): Answer {
  const { read, grant, call, slack, caller } = incoming;
  const { method } = read;
  if (method === undefined) return failure(read.audit ? "bad_endpoint" : "unknown_method");
  const facts = factsOf(method);
  if (!(facts.verbs as readonly string[]).includes(call.http)) return failure("method_not_allowed");
  if (read.unreadable !== undefined) return failure(read.unreadable);
  const open = OPEN[method];
  if (open !== undefined) return open(incoming);
  if (read.token === undefined) return failure("not_authed");
  const tokenFault = whyTokenFails(grant, call.atMs);
  if (tokenFault !== undefined || grant === undefined) return failure(tokenFault ?? "invalid_auth");
  const forbidden = whyForbidden(grant, facts, slack.tenant);
  if (forbidden !== undefined) return failure(forbidden, scopesOf(forbidden, facts.scope, grant));
  const answer = ENDPOINTS[method]?.(contextOf(incoming, grant));
  if (slack.behaviour.access.callsAreAccess && facts.audit !== true) countAsAccess(slack, grant, call, caller);
  return answer ?? failure("unknown_method");
}

function contextOf(incoming: IncomingCall, grant: Grant): Context {
  const { call, cursors, pageFault } = incoming;
  const { tenant, world, behaviour } = incoming.slack;
  return { call, grant, tenant, world, behaviour, cursors, pageFault, warnings: warningsOf(incoming) };
}

function scopesOf(error: string, needed: string | undefined, grant: Grant): Record<string, string> | undefined {
  if (error !== "missing_scope" || needed === undefined) return undefined;
  return { needed, provided: grant.scopes.join(",") };
}

/** Only the two methods of which it is known warn about the charset. */
function warningsOf({ read }: IncomingCall): readonly string[] {
  return read.method === "team.integrationLogs" || read.method === "admin.apps.activities.list" ? read.warnings : [];
}

/** S14: the listing knows of the call from the next one on. */
function countAsAccess(slack: SimulatedSlack, grant: Grant, call: Call, caller: IncomingCall["caller"]): void {
  slack.world.access.login({
    atMs: call.atMs,
    userId: grant.userId,
    username: grant.userName ?? grant.userId,
    ip: caller.ip,
    userAgent: caller.userAgent,
    thin: true,
    ...(grant.teamId === undefined ? {} : { teamId: grant.teamId }),
  });
}

function plain(body: object): Answer {
  return { kind: "success", entries: 0, body: JSON.stringify(body) };
}
