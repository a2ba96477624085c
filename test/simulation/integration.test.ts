import { describe, expect, it } from "vitest";
import type { IntegrationBehaviour } from "../../src/simulation/behaviour.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { createTraffic } from "../../src/simulation/traffic.ts";
import { ask, OTHER_TEAM, TEAM, TOKEN } from "./ask.ts";

const METHOD = "team.integrationLogs";
const START_MS = 1_772_442_000_000;
const START = START_MS / 1000;

function slackWith(integration: Partial<IntegrationBehaviour> = {}, seconds: readonly number[] = [1, 2, 3, 4, 5]) {
  const slack = createSimulatedSlack({ startMs: START_MS, behaviour: { integration } });
  for (const second of seconds) slack.world.integration.add(change(second));
  return slack;
}

function change(second: number, more: object = {}): object {
  return { date: String(START - 100 + second), user_id: `U${second}`, change_type: "added", ...more };
}

function secondsOf(logs: readonly { date: string }[]): number[] {
  return logs.map(({ date }) => Number(date) - START + 100);
}

const page = (slack: ReturnType<typeof slackWith>, params: Record<string, string | number> = {}) =>
  ask(slack, METHOD, { team_id: TEAM, ...params }).json;

it("S7: `invalid_auth` for the one workspace that the owner is no member of", () => {
  const slack = slackWith();
  slack.tenant.addWorkspace({ id: OTHER_TEAM, ownerIsMember: false });
  expect(ask(slack, METHOD, { team_id: OTHER_TEAM }).json).toEqual({ ok: false, error: "invalid_auth" });
  expect(page(slack).ok).toBe(true);
  expect(ask(slack, "auth.test").json.ok).toBe(true);
});

it("an organisation's token needs `team_id`, a workspace's does not", () => {
  const slack = slackWith();
  expect(ask(slack, METHOD).json.error).toBe("missing_argument");
  slack.tokens.add({ token: "of-team", teamId: TEAM });
  expect(ask(slack, METHOD, { team_id: OTHER_TEAM }, { token: "of-team" }).json.logs).toHaveLength(5);
});

it("each workspace has a log of its own", () => {
  const slack = slackWith();
  slack.world.integration.add(change(9), { teamId: OTHER_TEAM });
  expect(secondsOf(ask(slack, METHOD, { team_id: OTHER_TEAM }).json.logs)).toEqual([9]);
  expect(page(slack).paging.total).toBe(5);
});

describe("S17: pages", () => {
  it.each([
    { order: "rising", pages: [[1, 2], [3, 4], [5]] },
    { order: "falling", pages: [[5, 4], [3, 2], [1]] },
  ] as const)("$order", ({ order, pages }) => {
    const slack = slackWith({ order });
    const seen = [1, 2, 3].map((number) => secondsOf(page(slack, { count: 2, page: number }).logs));
    expect(seen).toEqual(pages);
  });

  it("mixed: neither rising nor falling, the same at each call, and complete", () => {
    const seconds = Array.from({ length: 30 }, (_, index) => index);
    const slack = slackWith({ order: "mixed" }, seconds);
    const seen = secondsOf(page(slack).logs);
    expect(seen).not.toEqual(seconds);
    expect(seen).not.toEqual(seconds.toReversed());
    expect(seen.toSorted((a, b) => a - b)).toEqual(seconds);
    expect(secondsOf(page(slack).logs)).toEqual(seen);
  });

  it("shift when an entry comes in between two calls, and `total` follows", () => {
    const slack = slackWith({ order: "falling" });
    expect(page(slack, { count: 2 }).paging).toEqual({ count: 2, total: 5, page: 1, pages: 3 });
    slack.world.integration.add(change(6));
    const second = page(slack, { count: 2, page: 2 });
    expect(secondsOf(second.logs)).toEqual([4, 3]);
    expect(second.paging.total).toBe(6);
  });

  it("end after a hundred", () => {
    const slack = slackWith();
    expect(page(slack, { count: 1, page: 101 }).error).toBe("over_pagination_limit");
    slack.behaviour.integration.beyondLastPage = "empty";
    expect(page(slack, { count: 1, page: 101 }).logs).toEqual([]);
    expect(page(slack, { count: 1001 }).error).toBe("over_pagination_limit");
  });

  it("have no cursor", () => {
    expect(page(slackWith(), { limit: 2 })).not.toHaveProperty("response_metadata");
    expect(page(slackWith(), { limit: 2 }).logs).toHaveLength(5);
  });

  it("twins of one second keep their places, or change them at each call", () => {
    const orders = (tiesMove: boolean) => {
      const slack = slackWith({ tiesMove }, []);
      for (let index = 0; index < 8; index++) slack.world.integration.add(change(1, { user_id: `twin${index}` }));
      const seen = Array.from({ length: 5 }, () =>
        page(slack)
          .logs.map(({ user_id }: any) => user_id)
          .join(),
      );
      return new Set(seen).size;
    };
    expect(orders(false)).toBe(1);
    expect(orders(true)).toBeGreaterThan(1);
  });

  it("lose their oldest entries to retention", () => {
    const slack = slackWith({ retentionMs: 97_000 });
    expect(secondsOf(page(slack).logs)).toEqual([3, 4, 5]);
  });
});

describe("filters", () => {
  it("take app, service, user and kind of change", () => {
    const slack = slackWith({}, []);
    slack.world.integration.add(change(1, { app_id: "A1" }));
    slack.world.integration.add(change(2, { service_id: 77 }));
    slack.world.integration.add(change(3, { service_id: "77", change_type: "removed" }));
    expect(secondsOf(page(slack, { app_id: "A1" }).logs)).toEqual([1]);
    expect(secondsOf(page(slack, { service_id: 77 }).logs)).toEqual([2, 3]);
    expect(secondsOf(page(slack, { user: "U3" }).logs)).toEqual([3]);
    expect(secondsOf(page(slack, { change_type: "removed", service_id: 77 }).logs)).toEqual([3]);
  });

  it("S18: refuse `expanded`", () => {
    expect(page(slackWith(), { change_type: "expanded" }).error).toBe("invalid_arguments");
  });

  it("S19: know no time", () => {
    const bounds = { before: START - 98, after: START, oldest: START, latest: START - 99 };
    expect(page(slackWith(), bounds).logs).toHaveLength(5);
  });
});

it("S18: lifelike entries have a text for a date, either type of service id, and every kind of change", () => {
  const slack = slackWith({}, []);
  createTraffic(slack).history({ integrationChanges: 400 }, 48);
  const logs = [TEAM, OTHER_TEAM].flatMap((team_id) => ask(slack, METHOD, { team_id, count: 1000 }).json.logs);
  expect(logs).toHaveLength(400);
  expect(new Set(logs.map(({ date }) => typeof date))).toEqual(new Set(["string"]));
  expect(new Set(logs.map(({ service_id }) => typeof service_id))).toEqual(new Set(["string", "number", "undefined"]));
  expect(new Set(logs.map(({ change_type }) => change_type))).toEqual(
    new Set(["added", "removed", "enabled", "disabled", "updated", "expanded"]),
  );
  expect(new Set(logs.map(({ rss_feed }) => typeof rss_feed))).toEqual(new Set(["string", "boolean", "undefined"]));
  expect(new Set(logs.filter(({ reason }) => reason).map(({ change_type }) => change_type))).toEqual(
    new Set(["disabled"]),
  );
  expect(ask(slack, METHOD, { team_id: TEAM }, { token: TOKEN }).status).toBe(200);
});
