import { describe, expect, it } from "vitest";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { ask, OTHER_TEAM, TEAM } from "./ask.ts";

const START_MS = 1_772_442_000_000;

describe("S31: the ledger", () => {
  it("knows what was shown, when and how often, and nothing that was not", () => {
    const slack = createSimulatedSlack({ startMs: START_MS });
    slack.world.audit.add({ id: "seen", date_create: START_MS / 1000 - 1 });
    slack.world.audit.add({ id: "late", date_create: START_MS / 1000 - 1 }, { lateMs: 60_000 });
    ask(slack, "audit.logs");
    slack.setNow(START_MS + 5000);
    ask(slack, "audit.logs");
    expect(slack.ledger.shown("audit_logs")).toEqual([
      {
        id: 1,
        text: `{"id":"seen","date_create":${START_MS / 1000 - 1}}`,
        view: "E0ACME00001",
        firstShownMs: START_MS,
        lastShownMs: START_MS + 5000,
        times: 2,
      },
    ]);
    expect(slack.world.audit.listing.all).toHaveLength(2);
    expect(slack.ledger.shown("app_activities")).toEqual([]);
  });

  it("keeps every version of a row that was shown, and which was the last", () => {
    const slack = createSimulatedSlack({ startMs: START_MS });
    const login = { userId: "U1", username: "ada", ip: "192.0.2.1", userAgent: "Web" };
    for (const after of [0, 10, 20]) slack.world.access.login({ ...login, atMs: START_MS + after * 1000 });
    for (const after of [0, 25, 26]) {
      slack.setNow(START_MS + after * 1000);
      ask(slack, "team.accessLogs");
    }
    const counts = slack.ledger.shown("access_logs").map(({ text, times }) => [JSON.parse(text).count, times]);
    expect(counts).toEqual([
      [1, 1],
      [3, 2],
    ]);
    expect(slack.ledger.lastVersions().map(({ text }) => JSON.parse(text).count)).toEqual([3]);
  });

  it("tells views apart", () => {
    const slack = createSimulatedSlack({ startMs: START_MS });
    slack.world.access.add({ date_first: 1, date_last: 1 }, { teamId: TEAM, thin: true });
    ask(slack, "team.accessLogs");
    ask(slack, "team.accessLogs", { team_id: TEAM });
    ask(slack, "team.accessLogs", { team_id: OTHER_TEAM });
    expect(slack.ledger.shown("access_logs").map(({ view }) => view)).toEqual(["E0ACME00001", TEAM]);
  });

  it("counts equal entries as separate within one answer only", () => {
    const slack = createSimulatedSlack({ startMs: START_MS });
    const twin = { date: String(START_MS / 1000), change_type: "added" };
    for (let copy = 0; copy < 3; copy++) slack.world.integration.add(twin);
    for (const page of [1, 2]) ask(slack, "team.integrationLogs", { team_id: TEAM, count: 2, page });
    expect(slack.ledger.shown("integration_logs")).toHaveLength(3);
    expect(slack.ledger.distinct("integration_logs")).toEqual([{ view: TEAM, text: JSON.stringify(twin), copies: 2 }]);
  });

  it("can be left out, with the list of calls", () => {
    const slack = createSimulatedSlack({ bookkeeping: "off" });
    slack.world.audit.add({ date_create: 1_600_000_000 });
    expect(ask(slack, "audit.logs").json.entries).toHaveLength(1);
    expect([slack.calls, slack.ledger.shown("audit_logs")]).toEqual([[], []]);
  });

  it("the list of calls tells method, arguments, workspace and outcome", () => {
    const slack = createSimulatedSlack({ startMs: START_MS });
    ask(slack, "team.integrationLogs", { team_id: TEAM, count: 5 });
    ask(slack, "team.integrationLogs");
    ask(slack, "auth.test", {}, { token: "wrong" });
    expect(slack.calls).toEqual([
      {
        index: 1,
        nth: 1,
        atMs: START_MS,
        http: "GET",
        method: "team.integrationLogs",
        params: { team_id: TEAM, count: "5" },
        workspace: TEAM,
        outcome: "ok",
        entries: 0,
      },
      expect.objectContaining({ index: 2, nth: 2, workspace: "E0ACME00001", outcome: "missing_argument" }),
      expect.objectContaining({ index: 3, nth: 1, outcome: "invalid_auth" }),
    ]);
  });
});
