import { describe, expect, it } from "vitest";
import { ALL_SCOPES, type NewGrant } from "../../src/simulation/grants.ts";
import { factsOf, type MethodName } from "../../src/simulation/methods.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import type { TenantOptions } from "../../src/simulation/tenant.ts";
import { ask, TEAM, TOKEN, walk } from "./ask.ts";

const LOGS = ["team.accessLogs", "team.integrationLogs", "admin.apps.activities.list", "audit.logs"] as const;

function outcome(method: MethodName, grant: Partial<NewGrant>, tenant: TenantOptions = {}): unknown {
  const slack = createSimulatedSlack({ tenant, tokens: [{ ...grant, token: TOKEN }] });
  const params = method === "team.integrationLogs" ? { team_id: TEAM } : {};
  const { status, json } = ask(slack, method, params);
  return json.error === undefined ? "ok" : status === 200 ? json.error : [status, json.error];
}

describe("S2: what each method asks for", () => {
  it.each(LOGS)("%s works for an owner of the organisation", (method) => {
    expect(outcome(method, {})).toBe("ok");
  });

  it.each(LOGS)("%s wants its scope, and says which", (method) => {
    const scope = factsOf(method).scope as string;
    const slack = createSimulatedSlack({
      tokens: [{ token: TOKEN, scopes: ALL_SCOPES.filter((held) => held !== scope) }],
    });
    const { json, headers } = ask(slack, method);
    expect(json).toMatchObject({ ok: false, error: "missing_scope", needed: scope });
    expect(json.provided.split(",")).not.toContain(scope);
    expect(headers["x-accepted-oauth-scopes"]).toBe(scope);
    expect(headers["x-oauth-scopes"]).toBe(json.provided);
  });

  it("a user's token", () => {
    expect(LOGS.map((method) => outcome(method, { kind: "bot" }))).toEqual([
      "not_allowed_token_type",
      "not_allowed_token_type",
      "not_allowed_token_type",
      [403, "not_allowed_token_type"],
    ]);
  });

  it.each([
    { plan: "free", outcomes: ["paid_only", "ok", "feature_not_enabled", [403, "feature_not_enabled"]] },
    { plan: "paid", outcomes: ["ok", "ok", "feature_not_enabled", [403, "feature_not_enabled"]] },
    { plan: "enterprise", outcomes: ["ok", "ok", "ok", "ok"] },
  ] as const)("the plan: $plan", ({ plan, outcomes }) => {
    expect(LOGS.map((method) => outcome(method, {}, { plan }))).toEqual(outcomes);
  });

  it("the role: an owner for the Audit API, an admin for the others", () => {
    expect(LOGS.map((method) => outcome(method, { role: "admin" }))).toEqual([
      "ok",
      "ok",
      "ok",
      [403, "user_not_authorized"],
    ]);
    expect(outcome("team.accessLogs", { role: "member" })).toBe("no_permission");
    expect(outcome("admin.teams.list", { role: "member" })).toBe("not_an_admin");
  });

  it("the organisation's token for the Audit API", () => {
    expect(outcome("audit.logs", { teamId: TEAM })).toEqual([403, "team_not_authorized"]);
  });

  it("nothing for `auth.test`, which tells whose token it is", () => {
    expect(outcome("auth.test", { kind: "bot", scopes: [], role: "member" })).toBe("ok");
    const bot = createSimulatedSlack({ tokens: [{ token: TOKEN, kind: "bot" }] });
    expect(ask(bot, "auth.test").json).toHaveProperty("bot_id");
    expect(ask(createSimulatedSlack(), "auth.test").json).not.toHaveProperty("bot_id");
    expect(ask(createSimulatedSlack(), "auth.test").headers).not.toHaveProperty("x-accepted-oauth-scopes");
    const slack = createSimulatedSlack({
      tokens: [{ token: TOKEN }, { token: "team's", teamId: TEAM, userName: null, expiresAtMs: 1_772_442_060_000 }],
    });
    expect(ask(slack, "auth.test").json).toMatchObject({
      team_id: "E0ACME00001",
      enterprise_id: "E0ACME00001",
      is_enterprise_install: true,
      expires_in: null,
    });
    expect(ask(slack, "auth.test", {}, { token: "team's" }).json).toMatchObject({
      team_id: TEAM,
      enterprise_id: "E0ACME00001",
      is_enterprise_install: false,
      user: null,
      expires_in: 60,
    });
  });

  it("nothing, not even a token, for the Audit API's lists of words", () => {
    const slack = createSimulatedSlack();
    expect(ask(slack, "audit.actions", {}, { token: null }).json.actions.all).toContain("user_login");
    expect(ask(slack, "audit.schemas", {}, { token: null }).json.schemas).toHaveLength(1);
    expect(ask(slack, "audit.logs", {}, { token: null }).status).toBe(401);
  });

  it("no more than there is: a test that names a wrong token or workspace is told so", () => {
    const slack = createSimulatedSlack();
    expect(() => slack.tokens.revoke("other")).toThrow(/no such token/);
    expect(() => slack.tenant.removeWorkspace("T0NOWHERE")).toThrow(/T0NOWHERE/);
  });

  it("a single workspace has no organisation and a paid plan", () => {
    const slack = createSimulatedSlack({ tenant: { organisation: null } });
    expect(ask(slack, "auth.test").json).not.toHaveProperty("enterprise_id");
    expect(ask(slack, "team.integrationLogs").json.ok).toBe(true);
    expect(ask(slack, "admin.apps.activities.list").json.error).toBe("feature_not_enabled");
  });
});

describe("S6: a token in the middle of a walk", () => {
  const walking = () => {
    const slack = createSimulatedSlack();
    for (const before of [1, 2, 3])
      slack.world.activities.add({ level: "info", created: (slack.now() - before) * 1000 });
    const cursor = ask(slack, "admin.apps.activities.list", { limit: 1 }).json.response_metadata.next_cursor;
    return {
      slack,
      next: (token = TOKEN) => ask(slack, "admin.apps.activities.list", { limit: 1, cursor }, { token }),
    };
  };

  it("may expire, be revoked, or lose its person", () => {
    for (const [act, error] of [
      ["expire", "token_expired"],
      ["revoke", "token_revoked"],
      ["deactivate", "account_inactive"],
    ] as const) {
      const { slack, next } = walking();
      slack.tokens[act](TOKEN);
      expect(next().json).toEqual({ ok: false, error });
      expect(ask(slack, "auth.test").json.error).toBe(error);
      expect(ask(slack, "audit.logs").status).toBe(401);
    }
    expect(walking().next("unknown").json.error).toBe("invalid_auth");
  });

  it("may be replaced by one with the same rights", () => {
    const { slack, next } = walking();
    slack.tokens.expire(TOKEN);
    slack.tokens.replace(TOKEN, "new");
    expect(next().json.error).toBe("token_revoked");
    expect(next("new").json.activities).toHaveLength(1);
  });

  it("expires when its time has come", () => {
    const slack = createSimulatedSlack({ tokens: [{ token: TOKEN, expiresAtMs: 1_772_442_001_000 }] });
    expect(ask(slack, "auth.test").json.ok).toBe(true);
    slack.setNow(1_772_442_001_000);
    expect(ask(slack, "auth.test").json.error).toBe("token_expired");
  });
});

describe("S30: workspaces", () => {
  it("are listed: those that approved the app, or all", () => {
    const slack = createSimulatedSlack({
      tenant: { workspaces: [{ id: "T1" }, { id: "T2", approved: false }, { id: "T3", name: "Third" }] },
    });
    const ids = (pages: any[][]) => pages.map((page) => page.map(({ id }) => id));
    expect(ask(slack, "auth.teams.list").json.ok).toBe(true);
    expect(ids(walk(slack, "auth.teams.list", { limit: 1 }))).toEqual([["T1"], ["T3"]]);
    expect(ids(walk(slack, "admin.teams.list", { limit: 2 }))).toEqual([["T1", "T2"], ["T3"]]);
    expect(walk(slack, "auth.teams.list")[0]?.[1]).toEqual({ id: "T3", name: "Third" });
    expect(ask(slack, "auth.teams.list", { include_icon: "true" }).json.teams[0]).toHaveProperty("icon");
    expect(ask(slack, "auth.teams.list", { limit: 1001 }).json.error).toBe("invalid_limit");
    expect(ask(slack, "admin.teams.list", { cursor: "bm9uZQ==" }).json.error).toBe("invalid_cursor");
  });

  it("come and go between two pages", () => {
    const slack = createSimulatedSlack({ tenant: { workspaces: [{ id: "T1" }, { id: "T2" }] } });
    const cursor = ask(slack, "auth.teams.list", { limit: 1 }).json.response_metadata.next_cursor;
    slack.tenant.removeWorkspace("T2");
    slack.tenant.addWorkspace({ id: "T3" });
    expect(ask(slack, "auth.teams.list", { limit: 9, cursor }).json.teams.map(({ id }: any) => id)).toEqual(["T3"]);
    expect(ask(slack, "team.integrationLogs", { team_id: "T2" }).json.error).toBe("invalid_auth");
    expect(ask(slack, "team.integrationLogs", { team_id: "T3" }).json.ok).toBe(true);
  });
});
