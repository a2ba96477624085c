import { describe, expect, test } from "vitest";
import { SOURCE_NAMES, type SourceName } from "../../src/model.ts";
import {
  identifyToken,
  listWorkspaces,
  streamsOf,
  tellWorkspaces,
  type Identity,
  type Workspaces,
} from "../../src/slack/workspace.ts";
import { createScriptedSlack, type ScriptedAnswer, type SlackRequest } from "../support/scripted-slack.ts";

const never = new AbortController().signal;

function scripted(answer: (request: SlackRequest, index: number) => ScriptedAnswer) {
  const slack = createScriptedSlack(answer);
  const log: string[] = [];
  return {
    ...slack,
    told: log,
    async list(last?: Workspaces) {
      const found = await slack.clock.run(listWorkspaces(slack.client, never));
      tellWorkspaces(found, last, "integration_logs", (level, event, fields) =>
        log.push(`${level} ${event} ${String(fields?.["workspaces"] ?? "")}`.trim()),
      );
      return found;
    },
  };
}

function teams(ids: readonly unknown[], next = "", scopes = "admin"): ScriptedAnswer {
  return {
    headers: { "x-oauth-scopes": scopes },
    body: { ok: true, teams: ids.map((id) => ({ id })), response_metadata: { next_cursor: next } },
  };
}

describe("whose token it is", () => {
  const identityOf = (body: object) => {
    const { client, clock } = createScriptedSlack(() => ({ body: { ok: true, ...body } }));
    return clock.run(identifyToken(client, never));
  };

  test.each([
    [{ team_id: "T1" }, { teamId: "T1", isOrganisation: false }],
    [
      { team_id: "T1", enterprise_id: "" },
      { teamId: "T1", isOrganisation: false },
    ],
    [
      { team_id: "T1", enterprise_id: "E1", is_enterprise_install: false },
      { teamId: "T1", enterpriseId: "E1", isOrganisation: false },
    ],
    [
      { team_id: "E1", enterprise_id: "E1", is_enterprise_install: true },
      { teamId: "E1", enterpriseId: "E1", isOrganisation: true },
    ],
    [
      { team_id: "T1", enterprise_id: "E1", is_enterprise_install: true },
      { teamId: "T1", enterpriseId: "E1", isOrganisation: true },
    ],
    [{ team_id: "E1" }, { teamId: "E1", isOrganisation: true }],
  ])("is read from %j", async (body, identity) => {
    expect(await identityOf(body)).toEqual(identity);
  });

  test("is not known for an empty team, which no waiting mends", async () => {
    expect(await identityOf({ team_id: "" })).toMatchObject({ kind: "halted", scope: "token", code: "no_team_id" });
  });

  test("is not known where the token is refused", async () => {
    const { client, clock } = createScriptedSlack(() => ({ body: { ok: false, error: "token_revoked" } }));
    expect(await clock.run(identifyToken(client, never))).toMatchObject({ kind: "halted", code: "token_revoked" });
  });
});

describe("the streams", () => {
  const workspace: Identity = { teamId: "T1", isOrganisation: false };
  const organisation: Identity = { teamId: "E1", enterpriseId: "E1", isOrganisation: true };
  const every = SOURCE_NAMES.toReversed();
  const none: ReadonlySet<SourceName> = new Set();

  test("of a workspace's token are one for each source", () => {
    expect(streamsOf(every, workspace, [], none)).toEqual([
      { name: "access_logs/T1", source: "access_logs" },
      { name: "integration_logs/T1", source: "integration_logs" },
      { name: "app_activities/T1", source: "app_activities" },
      { name: "audit_logs/T1", source: "audit_logs" },
    ]);
  });

  test("of a workspace's token in an organisation name it where the log is the organisation's (R17)", () => {
    expect(streamsOf(every, { ...workspace, enterpriseId: "E1" }, [], none).map(({ name }) => name)).toEqual([
      "access_logs/T1",
      "integration_logs/T1",
      "app_activities/E1",
      "audit_logs/E1",
    ]);
  });

  test("of an organisation's token are one for the organisation, but integration logs one for a workspace (R15, R17, Q3)", () => {
    expect(streamsOf(every, organisation, ["T1", "T2"], none)).toEqual([
      { name: "access_logs/E1", source: "access_logs" },
      { name: "integration_logs/T1", source: "integration_logs", teamId: "T1" },
      { name: "integration_logs/T2", source: "integration_logs", teamId: "T2" },
      { name: "app_activities/E1", source: "app_activities" },
      { name: "audit_logs/E1", source: "audit_logs" },
    ]);
  });

  test("are those that are asked for", () => {
    expect(streamsOf(["audit_logs"], organisation, ["T1"], none).map(({ source }) => source)).toEqual(["audit_logs"]);
  });

  test("without any workspace leave it to Slack to say what is missing", () => {
    const stream = { name: "integration_logs/E1", source: "integration_logs" };
    expect(streamsOf(["integration_logs"], organisation, [], none)).toEqual([stream]);
  });

  test("of access logs are one for a workspace where Slack refuses them for the whole organisation, and none without one", () => {
    const refused: ReadonlySet<SourceName> = new Set(["access_logs"]);
    expect(streamsOf(["access_logs"], organisation, ["T1", "T2"], refused)).toEqual([
      { name: "access_logs/T1", source: "access_logs", teamId: "T1" },
      { name: "access_logs/T2", source: "access_logs", teamId: "T2" },
    ]);
    expect(streamsOf(["access_logs"], organisation, [], refused)).toEqual([]);
  });
});

describe("the list of workspaces (R16)", () => {
  test("is followed over all its pages", async () => {
    const pages = [teams(["T1", "T2"], "a="), teams([], "b="), teams(["T3"])];
    const { list, requests } = scripted((_, index) => pages[index] ?? teams([]));
    expect((await list()).approved).toEqual(["T1", "T2", "T3"]);
    expect(requests.map(({ params }) => params)).toEqual([
      { limit: "1000" },
      { limit: "1000", cursor: "a=" },
      { limit: "1000", cursor: "b=" },
    ]);
  });

  test.each([
    ["refused", { body: { ok: false, error: "invalid_cursor" } }],
    ["repeated", teams(["T2"], "a=")],
  ])("is read again where a cursor is %s, and leaves nobody out", async (_, odd) => {
    const pages = [teams(["T1"], "a="), odd, teams(["T1"], "a="), teams(["T2"], "b="), teams(["T3"])];
    const { list, requests, told } = scripted((_, index) => pages[index] ?? teams([]));
    expect((await list()).approved).toEqual(["T1", "T2", "T3"]);
    expect(requests.map(({ params }) => params["cursor"])).toEqual([undefined, "a=", undefined, "a=", "b="]);
    expect(told).not.toContain("warn workspaces_not_listed");
  });

  test("that never ends is used as far as it was read, with a warning", async () => {
    const { list, told, requests } = scripted(({ params }) => teams(["T1"], params["cursor"] === "a" ? "b" : "a"));
    expect((await list()).approved).toEqual(["T1"]);
    expect(told).toContain("warn workspaces_not_listed");
    expect(requests.length).toBeLessThanOrEqual(31);
  });

  test("that is refused is told", async () => {
    const { list, told } = scripted(() => ({ body: { ok: false, error: "missing_scope" } }));
    expect((await list()).approved).toEqual([]);
    expect(told).toEqual(["warn workspaces_not_listed", "warn no_workspaces"]);
  });

  test("passes over what is no workspace, and names each once", async () => {
    const { list } = scripted(() => ({
      body: { ok: true, teams: [null, { id: 7 }, { id: "" }, "T9", { id: "T1" }, { id: "T1" }] },
    }));
    expect((await list()).approved).toEqual(["T1"]);
  });

  test("says that some may be missing where the token may not list all", async () => {
    const { list, told, requests } = scripted(() => teams(["T1"]));
    await list();
    expect(told).toEqual(["info workspaces_may_be_missing"]);
    expect(requests.map(({ method }) => method)).toEqual(["auth.teams.list"]);
  });

  test("names those that have not approved the app where the token may list all", async () => {
    const { list, told, requests } = scripted(({ method, params }) => {
      if (method === "auth.teams.list") return teams(["T1", "T3"], "", "admin, admin.teams:read");
      return params["cursor"] === undefined ? teams(["T1", "T2"], "a") : teams(["T3", "T4"]);
    });
    expect((await list()).approved).toEqual(["T1", "T3"]);
    expect(told).toEqual(["warn workspaces_not_approved T2 T4"]);
    expect(requests[1]?.params).toEqual({ limit: "100" });
  });

  test("says again only what has changed", async () => {
    const { list, told } = scripted(({ method }) =>
      method === "auth.teams.list" ? teams(["T1", "T2"], "", "admin.teams:read") : teams(["T1", "T2", "T3"]),
    );
    const same: Workspaces = { approved: ["T1", "T2"], others: ["T3"] };
    await list(same);
    expect(told).toEqual([]);
    await list({ approved: ["T1", "T4"], others: undefined });
    expect(told).toEqual(["info workspaces_added T2", "warn workspaces_gone T4", "warn workspaces_not_approved T3"]);
  });

  test("takes nothing for gone that a listing cut short does not show", async () => {
    const { list, told } = scripted(() => ({ body: { ok: false, error: "missing_scope" } }));
    await list({ approved: ["T1"], others: undefined });
    expect(told).toEqual(["warn workspaces_not_listed"]);
  });

  test("says nothing where all have approved it", async () => {
    const { list, told } = scripted(() => teams(["T1"], "", "admin.teams:read"));
    await list();
    expect(told).toEqual([]);
  });
});
