import { describe, expect, it } from "vitest";
import type { RateOptions } from "../../src/simulation/rates.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { ask, OTHER_TEAM, TEAM, type Asked } from "./ask.ts";

const START_MS = 1_772_442_000_000;

function slackWith(rates: RateOptions | undefined) {
  return createSimulatedSlack({ startMs: START_MS, ...(rates === undefined ? {} : { rates }) });
}

/** How many calls are let through before the first refusal, at most so many. */
function allowed(call: () => Asked, most = 70): number {
  for (let count = 0; count < most; count++) if (call().status === 429) return count;
  return most;
}

describe("S4: rate limits", () => {
  it("are off unless asked for", () => {
    const slack = slackWith(undefined);
    expect(allowed(() => ask(slack, "team.accessLogs"))).toBe(70);
    slack.setRates({});
    expect(allowed(() => ask(slack, "team.accessLogs"))).toBe(20);
  });

  it("are the documented tiers", () => {
    const slack = slackWith({});
    expect(allowed(() => ask(slack, "team.accessLogs"))).toBe(20);
    expect(allowed(() => ask(slack, "admin.apps.activities.list", { limit: 1 }))).toBe(50);
    expect(allowed(() => ask(slack, "audit.logs"))).toBe(50);
    expect(allowed(() => ask(slack, "auth.test"))).toBe(70);
    expect(allowed(() => ask(slackWith({ callsPerMinute: { "audit.logs": 3 } }), "audit.logs"))).toBe(70);
  });

  it("are stricter for a cursor method that is asked without paging", () => {
    const slack = slackWith({});
    expect(allowed(() => ask(slack, "admin.apps.activities.list"))).toBe(1);
  });

  it("are counted per method and workspace, in a window of a minute", () => {
    const slack = slackWith({});
    const of = (team_id: string) => () => ask(slack, "team.integrationLogs", { team_id });
    expect(allowed(of(TEAM))).toBe(20);
    expect(allowed(of(OTHER_TEAM))).toBe(20);
    expect(ask(slack, "team.accessLogs").status).toBe(200);
    slack.setNow(START_MS + 59_999);
    expect(of(TEAM)().headers["retry-after"]).toBe("1");
    slack.setNow(START_MS + 60_000);
    expect(allowed(of(TEAM))).toBe(20);
  });

  it("of the Audit API are shared with another consumer", () => {
    const slack = slackWith({ foreignAuditCallsPerMinute: 45 });
    expect(allowed(() => ask(slack, "audit.logs"))).toBe(5);
    expect(ask(slack, "audit.logs").json).toEqual({ ok: false, error: "rate_limited" });
  });

  it.each([
    { retryAfter: undefined, header: "60" },
    { retryAfter: 0, header: "0" },
    { retryAfter: 1e12, header: "1000000000000" },
    { retryAfter: "absent", header: undefined },
    { retryAfter: "http_date", header: "Mon, 02 Mar 2026 09:00:30 GMT" },
    { retryAfter: { text: "soon" }, header: "soon" },
  ] as const)("say when to come back: $retryAfter", ({ retryAfter, header }) => {
    const slack = slackWith({
      callsPerMinute: { "team.accessLogs": 0 },
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
    const { status, json, headers } = ask(slack, "team.accessLogs");
    expect([status, json.error, headers["retry-after"]]).toEqual([429, "ratelimited", header]);
    expect(slack.calls.at(-1)?.outcome).toBe("rate_limited");
  });

  it("may come as `ok:false` at 200", () => {
    const slack = slackWith({ callsPerMinute: { "team.accessLogs": 0 }, as: "ok_false" });
    const { status, json, headers } = ask(slack, "team.accessLogs");
    expect([status, json, headers["retry-after"]]).toEqual([200, { ok: false, error: "ratelimited" }, undefined]);
  });
});
