import { describe, expect, test } from "vitest";
import { createSimulatedSlack, type SimulatedSlackOptions } from "../../src/simulation/slack.ts";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { SOURCE_NAMES } from "../../src/model.ts";
import { identifyToken, streamsOf, workspaceStreams } from "../../src/slack/workspace.ts";
import { createScriptedSlack, type ScriptedAnswer, type SlackRequest } from "../support/scripted-slack.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const never = new AbortController().signal;

function scripted(answer: (request: SlackRequest, index: number) => ScriptedAnswer) {
  const slack = createScriptedSlack(answer);
  const log: string[] = [];
  return {
    ...slack,
    told: log,
    list: () =>
      slack.clock.run(
        workspaceStreams(
          "integration_logs",
          slack.client,
          (level, event, fields) => void log.push(`${level} ${event} ${String(fields?.["workspaces"] ?? "")}`.trim()),
          never,
        ),
      ),
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
  async function streamsIn(options: SimulatedSlackOptions, names = SOURCE_NAMES.toReversed()) {
    const clock = createVirtualClock();
    const slack = createSimulatedSlack({ clock, ...options });
    const { client } = createScriptedSlack(() => "hang", {
      clock,
      http: slack.http,
      token: { reveal: () => DEFAULT_TOKEN },
    });
    const identity = await clock.run(identifyToken(client, never));
    if ("kind" in identity) throw new Error(identity.message);
    const streams = await clock.run(streamsOf(names, identity, client, () => undefined, never));
    return { streams, calls: slack.calls.map(({ method }) => method) };
  }

  test("of a workspace's token are one for each source, and cost no call", async () => {
    const { streams, calls } = await streamsIn({ tenant: { organisation: null } });
    expect(streams).toEqual([
      { name: "access_logs/T0ACMEENG01", source: "access_logs" },
      { name: "integration_logs/T0ACMEENG01", source: "integration_logs" },
      { name: "app_activities/T0ACMEENG01", source: "app_activities" },
      { name: "audit_logs/T0ACMEENG01", source: "audit_logs" },
    ]);
    expect(calls).toEqual(["auth.test"]);
  });

  test("of a workspace's token in an organisation name it where the log is the organisation's (R17)", async () => {
    const { streams } = await streamsIn({ tokens: [{ token: DEFAULT_TOKEN, teamId: "T0ACMEOPS01" }] });
    expect(streams.map(({ name }) => name)).toEqual([
      "access_logs/T0ACMEOPS01",
      "integration_logs/T0ACMEOPS01",
      "app_activities/E0ACME00001",
      "audit_logs/E0ACME00001",
    ]);
  });

  test("of an organisation's token are one for the organisation, but integration logs one for a workspace (R15, R17, Q3)", async () => {
    const { streams } = await streamsIn({});
    expect(streams).toEqual([
      { name: "access_logs/E0ACME00001", source: "access_logs" },
      { name: "integration_logs/T0ACMEENG01", source: "integration_logs", teamId: "T0ACMEENG01" },
      { name: "integration_logs/T0ACMEOPS01", source: "integration_logs", teamId: "T0ACMEOPS01" },
      { name: "app_activities/E0ACME00001", source: "app_activities" },
      { name: "audit_logs/E0ACME00001", source: "audit_logs" },
    ]);
  });

  test("are those that are asked for; workspaces are listed only where they are needed", async () => {
    const { streams, calls } = await streamsIn({}, ["audit_logs"]);
    expect(streams.map(({ source }) => source)).toEqual(["audit_logs"]);
    expect(calls).toEqual(["auth.test"]);
  });

  test("without any workspace leave it to Slack to say what is missing", async () => {
    const { streams } = await streamsIn({ tenant: { workspaces: [] } }, ["integration_logs"]);
    expect(streams).toEqual([{ name: "integration_logs/E0ACME00001", source: "integration_logs" }]);
  });
});

describe("the list of workspaces (R16)", () => {
  test("is followed over all its pages", async () => {
    const pages = [teams(["T1", "T2"], "a="), teams([], "b="), teams(["T3"])];
    const { list, requests } = scripted((_, index) => pages[index] ?? teams([]));
    expect((await list()).map(({ teamId }) => teamId)).toEqual(["T1", "T2", "T3"]);
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
    expect((await list()).map(({ teamId }) => teamId)).toEqual(["T1", "T2", "T3"]);
    expect(requests.map(({ params }) => params["cursor"])).toEqual([undefined, "a=", undefined, "a=", "b="]);
    expect(told).not.toContain("warn workspaces_not_listed");
  });

  test("that never ends is used as far as it was read, with a warning", async () => {
    const { list, told, requests } = scripted(({ params }) => teams(["T1"], params["cursor"] === "a" ? "b" : "a"));
    expect((await list()).map(({ teamId }) => teamId)).toEqual(["T1"]);
    expect(told).toContain("warn workspaces_not_listed");
    expect(requests.length).toBeLessThanOrEqual(31);
  });

  test("that is refused is told", async () => {
    const { list, told } = scripted(() => ({ body: { ok: false, error: "missing_scope" } }));
    expect(await list()).toEqual([]);
    expect(told).toEqual(["warn workspaces_not_listed", "warn no_workspaces"]);
  });

  test("passes over what is no workspace, and names each once", async () => {
    const { list } = scripted(() => ({
      body: { ok: true, teams: [null, { id: 7 }, { id: "" }, "T9", { id: "T1" }, { id: "T1" }] },
    }));
    expect((await list()).map(({ teamId }) => teamId)).toEqual(["T1"]);
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
    expect((await list()).map(({ teamId }) => teamId)).toEqual(["T1", "T3"]);
    expect(told).toEqual(["warn workspaces_not_approved T2 T4"]);
    expect(requests[1]?.params).toEqual({ limit: "100" });
  });

  test("says nothing where all have approved it", async () => {
    const { list, told } = scripted(() => teams(["T1"], "", "admin.teams:read"));
    await list();
    expect(told).toEqual([]);
  });
});
