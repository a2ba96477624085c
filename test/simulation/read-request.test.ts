import { describe, expect, it } from "vitest";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { ask, TEAM } from "./ask.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

describe("S1: a request", () => {
  const slack = createSimulatedSlack();
  slack.world.activities.add({ app_id: "A1", level: "debug", created: slack.now() * 1000 });

  it("is read from the query of a GET and from the form of a POST", () => {
    const wanted = { min_log_level: "debug", app_id: "A1" };
    expect(ask(slack, "admin.apps.activities.list", wanted).json.activities).toHaveLength(1);
    const posted = { verb: "POST", headers: FORM, body: "min_log_level=debug&app_id=A%31" };
    expect(ask(slack, "admin.apps.activities.list", {}, posted).json.activities).toHaveLength(1);
    expect(slack.calls.at(-1)).toMatchObject({ http: "POST", params: wanted, outcome: "ok", entries: 1 });
  });

  it("brings its token as a bearer, or in the form; never in the query", () => {
    const method = "auth.test";
    expect(ask(slack, method, {}, { token: null }).json).toEqual({ ok: false, error: "not_authed" });
    expect(ask(slack, method, { token: "xoxp-simulated-owner" }, { token: null }).json.error).toBe("not_authed");
    const posted = { token: null, verb: "POST", headers: FORM, body: "token=xoxp-simulated-owner" };
    expect(ask(slack, method, {}, posted).json.ok).toBe(true);
    expect(ask(slack, method, {}, { token: null, headers: { authorization: "Basic eDp5" } }).json.ok).toBe(false);
    expect(JSON.stringify(slack.calls)).not.toContain("xoxp-simulated-owner");
  });

  it("may not be JSON, but where a method says so", () => {
    const json = { verb: "POST", headers: { "content-type": "application/json; charset=utf-8" }, body: "{}" };
    expect(ask(slack, "admin.apps.activities.list", {}, json).json.error).toBe("invalid_post_type");
    expect(ask(slack, "team.integrationLogs", {}, json).json.error).toBe("invalid_post_type");
    expect(ask(slack, "auth.test", {}, json).json.ok).toBe(true);
    expect(ask(slack, "auth.test", {}, { ...json, body: "[]" }).json.error).toBe("json_not_object");
    expect(ask(slack, "auth.test", {}, { ...json, body: "{" }).json.error).toBe("invalid_json");
    expect(ask(slack, "auth.test", {}, { verb: "POST", body: "x=1" }).json.error).toBe("missing_post_type");
  });

  it("with a charset is answered with a warning", () => {
    const headers = { "content-type": `${FORM["content-type"]}; charset=UTF-8` };
    const posted = { verb: "POST", headers, body: `team_id=${TEAM}` };
    const { json } = ask(slack, "team.integrationLogs", {}, posted);
    expect(json).toMatchObject({ ok: true, warning: "superfluous_charset" });
    expect(json.response_metadata).toEqual({ warnings: ["superfluous_charset"] });
    expect(ask(slack, "team.integrationLogs", {}, { ...posted, headers: FORM }).json).not.toHaveProperty("warning");
  });

  it("to an unknown method or place is refused in that API's way", () => {
    const headers = { authorization: "Bearer xoxp-simulated-owner" };
    const to = (url: string) => {
      const reply = slack.handle({ method: "GET", url, headers, body: "" });
      return reply.kind === "answer" ? [reply.status, JSON.parse(reply.body as string).error] : [];
    };
    expect(to("/api/team.everything")).toEqual([200, "unknown_method"]);
    expect(to("/audit/v1/everything")).toEqual([404, "bad_endpoint"]);
    expect(to("https://slack.com/api/auth.test")).toEqual([200, undefined]);
  });

  it("to the Audit API is a GET", () => {
    expect(ask(slack, "audit.logs", {}, { verb: "POST" })).toMatchObject({
      status: 405,
      json: { error: "method_not_allowed" },
    });
  });
});
