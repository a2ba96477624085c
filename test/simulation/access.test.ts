import { describe, expect, it } from "vitest";
import type { Login } from "../../src/simulation/access-rows.ts";
import type { AccessBehaviour } from "../../src/simulation/behaviour.ts";
import { createSimulatedSlack, type SimulatedSlackOptions } from "../../src/simulation/slack.ts";
import { ask, OTHER_TEAM, TEAM, TOKEN, walk } from "./ask.ts";

const METHOD = "team.accessLogs";
const START_MS = 1_772_442_000_000;
const START = START_MS / 1000;
const HOUR = 3600;

function slackWith(access: Partial<AccessBehaviour> = {}, options: SimulatedSlackOptions = {}) {
  return createSimulatedSlack({ startMs: START_MS, ...options, behaviour: { access } });
}

function login(atSeconds: number, who: Partial<Login> = {}): Login {
  return { atMs: atSeconds * 1000, userId: "U1", username: "ada", ip: "192.0.2.1", userAgent: "Web", ...who };
}

/** One row with these two dates, named by its user. */
function row(name: string, first: number, last: number): object {
  return { user_id: name, username: name, date_first: first, date_last: last, count: 2, ip: "192.0.2.1" };
}

function usersOf(rows: readonly { user_id: string }[]): string[] {
  return rows.map(({ user_id }) => user_id);
}

describe("S9: rows", () => {
  it("fold the accesses of one user, address and user agent, and count them", () => {
    const slack = slackWith();
    for (const at of [START - 300, START - 200, START - 100]) slack.world.access.login(login(at, { country: "DE" }));
    slack.world.access.login(login(START - 50, { ip: "192.0.2.2" }));
    slack.world.access.login(login(START - 40, { userAgent: "iOS" }));
    const { logins } = ask(slack, METHOD).json;
    expect(logins).toHaveLength(3);
    expect(logins.at(-1)).toEqual({
      user_id: "U1",
      username: "ada",
      date_first: START - 300,
      date_last: START - 100,
      count: 3,
      ip: "192.0.2.1",
      user_agent: "Web",
      isp: null,
      country: "DE",
      region: null,
    });
  });

  it("begin anew after a gap", () => {
    const slack = slackWith({ foldGapMs: HOUR * 1000 });
    for (const at of [START - 3 * HOUR, START - 2 * HOUR, START - HOUR + 1]) slack.world.access.login(login(at));
    const { logins } = ask(slack, METHOD).json;
    expect(logins.map(({ count, date_first }: any) => [date_first, count])).toEqual([
      [START - HOUR + 1, 1],
      [START - 3 * HOUR, 2],
    ]);
  });

  it("of two workspaces are two, though nothing in them tells which is whose", () => {
    const slack = slackWith();
    slack.world.access.login(login(START - 5, { teamId: TEAM }));
    slack.world.access.login(login(START - 5, { teamId: OTHER_TEAM }));
    const { logins } = ask(slack, METHOD).json;
    expect(logins).toHaveLength(2);
    expect(logins[0]).toEqual(logins[1]);
  });

  it("grow between two pages of one walk", () => {
    const slack = slackWith(
      {},
      { beforeCall: ({ nth }, { world }) => void (nth === 2 && world.access.login(login(START))) },
    );
    slack.world.access.login(login(START - 100));
    slack.world.access.login(login(START - 50, { userId: "U2" }));
    const pages = walk(slack, METHOD, { limit: 1 });
    expect(pages.map(([first]) => [first.user_id, first.count, first.date_last])).toEqual([
      ["U2", 1, START - 50],
      ["U1", 2, START],
    ]);
  });

  it("of Slack's own clients and of a browser are two, though they look the same", () => {
    const slack = slackWith();
    slack.world.access.login(login(START - 9));
    slack.world.access.login(login(START - 8, { thin: true }));
    expect(ask(slack, METHOD).json.logins).toHaveLength(2);
  });

  it("that are put in need both dates", () => {
    const { access } = slackWith().world;
    expect(() => access.add({ date_first: START })).toThrow(/dateLast/);
    expect(() => access.add("null", { dateLast: START })).toThrow(/dateFirst/);
    expect(() => access.add("null", { dateFirst: START, dateLast: START })).not.toThrow();
    expect(() => access.add("{")).toThrow(SyntaxError);
  });

  it("keep the first date when a login is known late", () => {
    const slack = slackWith();
    slack.world.access.login(login(START - 10));
    slack.world.access.login(login(START - 500, { lateMs: 501_000 }));
    expect(ask(slack, METHOD).json.logins[0].count).toBe(1);
    slack.setNow(START_MS + 1000);
    expect(ask(slack, METHOD).json.logins[0]).toMatchObject({
      date_first: START - 10,
      date_last: START - 10,
      count: 2,
    });
  });

  it("can change without a new date or count (Q13)", () => {
    const slack = slackWith();
    slack.world.access.login(login(START - 10));
    const before = ask(slack, METHOD).json.logins[0];
    expect(slack.world.access.change(() => true, { isp: "Other ISP" })).toBe(1);
    expect(ask(slack, METHOD).json.logins[0]).toEqual({ ...before, isp: "Other ISP" });
  });
});

describe("S10: order and `before`", () => {
  const rows = [
    row("old-first", START - 900, START - 10),
    row("short", START - 500, START - 400),
    row("new", START - 90, START - 80),
  ];
  it.each([
    {
      order: "date_first",
      beforeMeans: "date_first",
      all: ["new", "short", "old-first"],
      upTo500: ["short", "old-first"],
    },
    { order: "date_first", beforeMeans: "date_last", all: ["new", "short", "old-first"], upTo500: [] },
    {
      order: "date_last",
      beforeMeans: "date_first",
      all: ["old-first", "new", "short"],
      upTo500: ["old-first", "short"],
    },
    { order: "date_last", beforeMeans: "date_last", all: ["old-first", "new", "short"], upTo500: [] },
  ] as const)("are by $order and by $beforeMeans, inclusive, in both ways of paging", (expected) => {
    const slack = slackWith({ order: expected.order, beforeMeans: expected.beforeMeans });
    for (const each of rows) slack.world.access.add(each);
    const before = START - 500;
    expect(usersOf(ask(slack, METHOD).json.logins)).toEqual(expected.all);
    expect(usersOf(ask(slack, METHOD, { before: "now" }).json.logins)).toEqual(expected.all);
    expect(usersOf(ask(slack, METHOD, { before }).json.logins)).toEqual(expected.upTo500);
    expect(usersOf(walk(slack, METHOD, { before, limit: 1 }).flat())).toEqual(expected.upTo500);
    expect(usersOf(ask(slack, METHOD, { before: START - 400 }).json.logins)).toContain("short");
    expect(usersOf(walk(slack, METHOD, { limit: 1 }).flat())).toEqual(expected.all);
  });

  it.each([
    { unsetBefore: "live", params: {}, seen: ["two", "one"] },
    { unsetBefore: "live", params: { before: "now" }, seen: ["two", "one"] },
    { unsetBefore: "frozen", params: {}, seen: ["two"] },
    { unsetBefore: "frozen", params: { before: "now" }, seen: ["two"] },
  ] as const)("$unsetBefore, $params: a row rewritten in mid-walk stays or leaves", ({ unsetBefore, params, seen }) => {
    const slack = slackWith({ beforeMeans: "date_last", unsetBefore });
    slack.world.access.add(row("one", START - 20, START - 20));
    slack.world.access.add(row("two", START - 10, START - 10));
    const first = ask(slack, METHOD, { ...params, limit: 1 }).json;
    slack.setNow(START_MS + 60_000);
    slack.world.access.change(({ fields }) => fields.user_id === "one", { date_last: START + 30 });
    const second = ask(slack, METHOD, { ...params, limit: 1, cursor: first.response_metadata.next_cursor }).json;
    expect(usersOf([...first.logins, ...second.logins])).toEqual(seen);
  });

  it("refuses a `before` that is no whole number", () => {
    for (const before of ["1.5e9", "soon", "1772442000.5"])
      expect(ask(slackWith(), METHOD, { before }).json).toEqual({ ok: false, error: "invalid_arguments" });
  });
});

describe("S11: refresh ticks", () => {
  it("hold back new rows and changes until the next one", () => {
    const slack = slackWith({ refreshEveryMs: 1_800_000 });
    slack.world.access.login(login(START + 100));
    slack.world.access.login(login(START + 200));
    slack.world.access.login(login(START + 1900));
    const counts = [1799, 1800, 3599, 3600].map((after) => {
      slack.setNow(START_MS + after * 1000);
      return ask(slack, METHOD).json.logins[0]?.count;
    });
    expect(counts).toEqual([undefined, 2, 2, 3]);
  });
});

describe("S12: paging", () => {
  const many = (access: Partial<AccessBehaviour> = {}, count = 7) => {
    const slack = slackWith(access);
    for (let index = 0; index < count; index++)
      slack.world.access.add(row(`U${index}`, START - 10 - index, START - 10 - index));
    return slack;
  };

  it("classic: pages of the list as it is now, with its total", () => {
    const slack = many();
    expect(ask(slack, METHOD, { count: 3, page: 1 }).json.paging).toEqual({ count: 3, total: 7, page: 1, pages: 3 });
    slack.world.access.add(row("new", START - 1, START - 1));
    const second = ask(slack, METHOD, { count: 3, page: 2 }).json;
    expect(usersOf(second.logins)).toEqual(["U2", "U3", "U4"]);
    expect(second.paging.total).toBe(8);
    expect(ask(slack, METHOD, { count: 3, page: 9 }).json.logins).toEqual([]);
    expect(ask(slack, METHOD).json.response_metadata).toBeUndefined();
  });

  it("classic: no more than 1000 a page and 100 pages", () => {
    const slack = many();
    expect(ask(slack, METHOD, { count: 1000, page: 100 }).json.ok).toBe(true);
    expect(ask(slack, METHOD, { count: 1001 }).json.error).toBe("over_pagination_limit");
    expect(ask(slack, METHOD, { page: 101 }).json.error).toBe("over_pagination_limit");
  });

  it("cursor: a `limit` of 1000 and more is lowered to 999, or refused", () => {
    const lowered = many({}, 1005);
    expect(ask(lowered, METHOD, { limit: 1000 }).json.logins).toHaveLength(999);
    const refused = many({ limitTooHigh: "invalid_limit" });
    expect(ask(refused, METHOD, { limit: 1000 }).json.error).toBe("invalid_limit");
    expect(ask(refused, METHOD, { limit: 999 }).json.logins).toHaveLength(7);
    expect(ask(refused, METHOD, { limit: -1 }).json.error).toBe("invalid_limit");
  });

  it("cursor: `paging` is absent, or present", () => {
    expect(ask(many(), METHOD, { limit: 3 }).json.paging).toBeUndefined();
    const { paging } = ask(many({ pagingInCursorMode: true }), METHOD, { limit: 3 }).json;
    expect(paging).toMatchObject({ total: 7, pages: 3 });
  });

  it("can show `paging` in its older form and with warnings", () => {
    const slack = many({ oldPaging: true, pagingWarnings: ["slow down"] });
    expect(ask(slack, METHOD).json.paging).toMatchObject({ per_page: 100, spill: 0, warnings: ["slow down"] });
  });

  it.each([
    { cursor: "keyset", second: ["U2", "U3"] },
    { cursor: "offset", second: ["U1", "U2"] },
  ] as const)("cursor as $cursor: what a new row does to the next page", ({ cursor, second }) => {
    const slack = many({ cursor });
    const first = ask(slack, METHOD, { limit: 2 }).json;
    slack.world.access.add(row("new", START - 1, START - 1));
    const next = first.response_metadata.next_cursor;
    expect(usersOf(ask(slack, METHOD, { limit: 2, cursor: next }).json.logins)).toEqual(second);
  });

  it("keeps the order of one second between calls, or does not", () => {
    const orders = (tiesMove: boolean) => {
      const slack = slackWith({ tiesMove });
      for (let index = 0; index < 8; index++) slack.world.access.add(row(`U${index}`, START - 10, START - 10));
      slack.world.access.add(row("newest", START - 1, START - 1));
      const seen = Array.from({ length: 5 }, () => usersOf(ask(slack, METHOD).json.logins));
      expect(seen.every((users) => users[0] === "newest" && new Set(users).size === 9)).toBe(true);
      return new Set(seen.map((users) => users.join(","))).size;
    };
    expect(orders(false)).toBe(1);
    expect(orders(true)).toBeGreaterThan(1);
  });
});

describe("S13: an organisation's token", () => {
  const both = (access: Partial<AccessBehaviour> = {}, options: SimulatedSlackOptions = {}) => {
    const slack = slackWith(access, options);
    slack.world.access.login(login(START - 4, { userId: "desktop", teamId: TEAM }));
    slack.world.access.login(login(START - 3, { userId: "web", teamId: TEAM, thin: true }));
    slack.world.access.login(login(START - 2, { userId: "elsewhere", teamId: OTHER_TEAM, thin: true }));
    slack.world.access.add(row("desktop", START - 5, START - 5));
    return slack;
  };

  it("sees everything without `team_id`, and the thin part of one workspace with it", () => {
    const slack = both();
    expect(usersOf(ask(slack, METHOD).json.logins)).toEqual(["elsewhere", "web", "desktop", "desktop"]);
    expect(usersOf(ask(slack, METHOD, { team_id: TEAM }).json.logins)).toEqual(["web"]);
    expect(usersOf(walk(both({ teamView: "whole" }), METHOD, { team_id: TEAM, limit: 1 }).flat())).toEqual([
      "web",
      "desktop",
      "desktop",
    ]);
  });

  it.each(["missing_argument", "invalid_arguments", "invalid_team_id"] as const)("or is refused with %s", (error) => {
    const slack = both({ organisationView: error });
    expect(ask(slack, METHOD).json).toEqual({ ok: false, error });
    expect(usersOf(ask(slack, METHOD, { team_id: TEAM }).json.logins)).toEqual(["web"]);
  });

  it("may not look into strange, removed or disapproving workspaces", () => {
    const slack = both();
    expect(ask(slack, METHOD, { team_id: "T0NOWHERE" }).json.error).toBe("invalid_team_id");
    slack.tenant.removeWorkspace(TEAM);
    expect(ask(slack, METHOD, { team_id: TEAM }).json.error).toBe("team_access_not_granted");
    slack.tenant.addWorkspace({ id: OTHER_TEAM, approved: false });
    expect(ask(slack, METHOD, { team_id: OTHER_TEAM }).json.error).toBe("team_access_not_granted");
  });

  it("a workspace's token sees its own workspace whatever `team_id` says", () => {
    const slack = both({}, { tokens: [{ token: TOKEN, teamId: TEAM }] });
    expect(usersOf(ask(slack, METHOD).json.logins)).toEqual(["web", "desktop", "desktop"]);
    expect(usersOf(ask(slack, METHOD, { team_id: OTHER_TEAM }).json.logins)).toEqual(["web", "desktop", "desktop"]);
  });
});

it("S14: every call is an access of the token's owner, from the next call on", () => {
  const slack = slackWith({ callsAreAccess: true }, { callerIp: "192.0.2.99" });
  const headers = { "user-agent": "slack-otel/1" };
  const counts = Array.from({ length: 3 }, () => {
    slack.setNow(slack.now() + 1000);
    const { logins } = ask(slack, METHOD, {}, { headers }).json;
    return logins.map(({ user_id, ip, user_agent, count }: any) => [user_id, ip, user_agent, count]);
  });
  const own = ["W0OWNER0001", "192.0.2.99", "slack-otel/1"];
  expect(counts).toEqual([[], [[...own, 1]], [[...own, 2]]]);
  ask(slack, "audit.logs");
  expect(ask(slack, METHOD, {}, { headers }).json.logins[0].count).toBe(3);
});

describe("S15: rows vanish", () => {
  it("from the end, by retention", () => {
    const slack = slackWith({ retentionMs: HOUR * 1000 });
    slack.world.access.add(row("kept", START - HOUR, START - 1));
    slack.world.access.add(row("gone", START - HOUR - 1, START - 1));
    expect(usersOf(ask(slack, METHOD).json.logins)).toEqual(["kept"]);
    slack.behaviour.access.order = "date_last";
    expect(usersOf(ask(slack, METHOD).json.logins)).toEqual(["gone", "kept"]);
  });

  it("when they are taken out", () => {
    const slack = slackWith();
    slack.world.access.add(row("one", START - 2, START - 2));
    slack.world.access.add(row("two", START - 1, START - 1));
    expect(usersOf(ask(slack, METHOD).json.logins)).toEqual(["two", "one"]);
    expect(slack.world.access.remove(({ fields }) => fields.user_id === "one")).toBe(1);
    expect(usersOf(ask(slack, METHOD).json.logins)).toEqual(["two"]);
  });
});

it("S16: deep classic pages answer `fatal_error`, cursors do not", () => {
  const slack = slackWith({ fatalBeyondPage: 2 });
  for (let index = 0; index < 5; index++) slack.world.access.add(row(`U${index}`, START - index, START - index));
  expect(ask(slack, METHOD, { count: 1, page: 2 }).json.ok).toBe(true);
  expect(ask(slack, METHOD, { count: 1, page: 3 }).json).toEqual({ ok: false, error: "fatal_error" });
  expect(walk(slack, METHOD, { limit: 1 })).toHaveLength(5);
});
