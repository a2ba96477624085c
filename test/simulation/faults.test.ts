import { describe, expect, it } from "vitest";
import { randomFaults, type Fault, type ScheduledFault } from "../../src/simulation/faults.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { ask, askForReply, OTHER_TEAM, TEAM } from "./ask.ts";

const METHOD = "admin.apps.activities.list";

function slackWith(fault: Fault) {
  const slack = createSimulatedSlack({ faults: [{ fault, nth: 1 }] });
  slack.world.activities.add({ level: "info", created: slack.now() * 1000, event_type: "only" });
  return slack;
}

describe("S5: a fault", () => {
  it.each([
    { fault: { kind: "html", status: 500 }, status: 500, text: /^<!DOCTYPE html>/ },
    { fault: { kind: "html", status: 200 }, status: 200, text: /^<!DOCTYPE html>/ },
    { fault: { kind: "empty_body", status: 200 }, status: 200, text: /^$/ },
    { fault: { kind: "null_body" }, status: 200, text: /^null$/ },
    { fault: { kind: "without_list" }, status: 200, text: /^\{"ok":true\}$/ },
    { fault: { kind: "error", error: "internal_error" }, status: 200, text: /"ok":false,"error":"internal_error"/ },
    { fault: { kind: "error", error: "x", status: 503, fields: { why: "y" } }, status: 503, text: /"why":"y"/ },
    { fault: { kind: "rate_limited" }, status: 429, text: /ratelimited/ },
    { fault: { kind: "body", status: 418, body: "teapot" }, status: 418, text: /^teapot$/ },
    { fault: { kind: "oversized_body", bytes: 5000 }, status: 200, text: /^\{"ok":true,"padding":" {5000}"\}$/ },
    { fault: { kind: "truncated_json" }, status: 200, text: /^\{"ok":true,"activities":\[\{"level"[^\]]*$/ },
  ] as const)("$fault.kind strikes once and shows no entry", ({ fault, status, text }) => {
    const slack = slackWith(fault);
    const struck = ask(slack, METHOD);
    expect(struck.status).toBe(status);
    expect(struck.text).toMatch(text);
    expect(slack.calls[0]?.outcome).not.toBe("ok");
    expect(slack.ledger.shown("app_activities")).toEqual([]);
    expect(ask(slack, METHOD).json.activities).toHaveLength(1);
    expect(slack.ledger.shown("app_activities")).toHaveLength(1);
  });

  it("on the wire is told to the transport", () => {
    expect(askForReply(slackWith({ kind: "reset" }), METHOD)).toEqual({ kind: "reset" });
    expect(askForReply(slackWith({ kind: "silence" }), METHOD)).toEqual({ kind: "silence" });
    for (const how of ["cut", "stall"] as const) {
      const slack = slackWith({ kind: how });
      expect(askForReply(slack, METHOD)).toMatchObject({ kind: "answer", delivery: { how } });
      expect(slack.calls[0]?.outcome).toBe(how);
      expect(slack.ledger.shown("app_activities")).toEqual([]);
    }
    const gzip = askForReply(slackWith({ kind: "broken_gzip" }), METHOD);
    expect(gzip).toMatchObject({ headers: { "content-encoding": "gzip" } });
    const redirect = ask(slackWith({ kind: "redirect", location: "http://elsewhere.invalid/" }), METHOD);
    expect([redirect.status, redirect.headers["location"]]).toEqual([302, "http://elsewhere.invalid/"]);
  });

  it("that only delays counts as shown when the client has it all", () => {
    const slack = slackWith({ kind: "drip", overMs: 1000 });
    const reply = askForReply(slack, METHOD);
    expect(reply).toMatchObject({ delivery: { how: "drip", overMs: 1000 } });
    expect(slack.ledger.shown("app_activities")).toEqual([]);
    if (reply.kind === "answer") reply.delivered?.();
    expect(slack.ledger.shown("app_activities")).toHaveLength(1);
  });

  it("of the Audit API has its own status, and none invents an `ok`", () => {
    const audit = (fault: Fault) => ask(createSimulatedSlack({ faults: () => fault }), "audit.logs");
    expect(audit({ kind: "error", error: "internal_error" }).status).toBe(500);
    expect(audit({ kind: "error", error: "feature_not_enabled" }).status).toBe(403);
    expect(audit({ kind: "rate_limited" }).json.error).toBe("rate_limited");
    expect(audit({ kind: "without_list" }).text).toBe("{}");
  });
});

describe("a schedule", () => {
  const struckBy = (schedule: ScheduledFault) => {
    const slack = createSimulatedSlack({ startMs: 1000, faults: [schedule] });
    const struck: number[] = [];
    for (let call = 1; call <= 8; call++) {
      const method = call % 2 === 0 ? "team.integrationLogs" : "auth.test";
      const { status } = ask(slack, method, { team_id: call % 4 === 0 ? TEAM : OTHER_TEAM });
      if (status === 500) struck.push(call);
      slack.setNow(slack.now() + 1);
    }
    return struck;
  };
  const fault: Fault = { kind: "html", status: 500 };

  it.each([
    { schedule: { nth: 3 }, struck: [3] },
    { schedule: { nth: [1, 8] }, struck: [1, 8] },
    { schedule: { every: 4 }, struck: [4, 8] },
    { schedule: { method: "team.integrationLogs" }, struck: [2, 4, 6, 8] },
    { schedule: { method: "team.integrationLogs", nth: 3 }, struck: [6] },
    { schedule: { workspace: TEAM }, struck: [4, 8] },
    { schedule: { fromMs: 1002, untilMs: 1005 }, struck: [3, 4, 5] },
    { schedule: { where: ({ index }: { index: number }) => index === 7 }, struck: [7] },
  ] as const)("by $schedule", ({ schedule, struck }) => {
    expect(struckBy({ fault, ...schedule })).toEqual(struck);
  });

  it("can be replaced while running", () => {
    const slack = createSimulatedSlack({ faults: () => fault });
    expect(ask(slack, "auth.test").status).toBe(500);
    slack.setFaults([]);
    expect(ask(slack, "auth.test").status).toBe(200);
  });

  it("by chance is the same for the same seed, and about as frequent as asked", () => {
    const outcomes = (seed: number) => {
      const faults = randomFaults(seed, [
        { fault: { kind: "null_body" }, probability: 0.2 },
        { fault: { kind: "reset" }, probability: 0.1, method: "audit.logs" },
      ]);
      const slack = createSimulatedSlack({ faults });
      for (let call = 0; call < 1000; call++) askForReply(slack, "auth.test");
      return slack.calls.map(({ outcome }) => outcome);
    };
    expect(outcomes(1)).toEqual(outcomes(1));
    expect(outcomes(1)).not.toEqual(outcomes(2));
    expect(new Set(outcomes(1))).toEqual(new Set(["ok", "null_body"]));
    const struck = outcomes(1).filter((outcome) => outcome === "null_body").length;
    expect(struck).toBeGreaterThan(150);
    expect(struck).toBeLessThan(250);
  });
});
