import { describe, expect, it } from "vitest";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { ask, TEAM, TOKEN } from "./ask.ts";

const START_MS = 1_772_442_000_000;
const LIFETIME_MS = 43_200_000;

function rotating() {
  const slack = createSimulatedSlack({
    startMs: START_MS,
    rotation: { clientId: "id", clientSecret: "sesame", refreshToken: "first" },
  });
  const refresh = (refresh_token: string, more: Record<string, string> = {}, headers = {}) => {
    const form = { grant_type: "refresh_token", client_id: "id", client_secret: "sesame", refresh_token, ...more };
    return ask(
      slack,
      "oauth.v2.access",
      {},
      {
        token: null,
        verb: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: new URLSearchParams(form).toString(),
      },
    ).json;
  };
  const works = (token: string) => ask(slack, "auth.test", {}, { token }).json.error ?? "ok";
  return { slack, refresh, works };
}

describe("S6: token rotation", () => {
  it("ends an access token after twelve hours, and gives a new one for a refresh token", () => {
    const { slack, refresh, works } = rotating();
    slack.setNow(START_MS + LIFETIME_MS - 1);
    expect(works(TOKEN)).toBe("ok");
    slack.setNow(START_MS + LIFETIME_MS);
    expect(works(TOKEN)).toBe("token_expired");
    const given = refresh("first");
    expect(given).toMatchObject({
      ok: true,
      token_type: "user",
      expires_in: 43_200,
      team: null,
      is_enterprise_install: true,
    });
    expect(works(given.access_token)).toBe("ok");
    expect(given.scope).toContain("auditlogs:read");
  });

  it("takes each refresh token once, with a short grace", () => {
    const { slack, refresh } = rotating();
    const second = refresh("first").refresh_token;
    slack.setNow(START_MS + 60_000);
    expect(refresh("first").ok).toBe(true);
    slack.setNow(START_MS + 60_001);
    expect(refresh("first").error).toBe("invalid_refresh_token");
    expect(refresh(second).error).toBe("invalid_refresh_token");
  });

  it("lets two access tokens live; a third refresh ends the oldest", () => {
    const { refresh, works } = rotating();
    const one = refresh("first");
    expect([works(TOKEN), works(one.access_token)]).toEqual(["ok", "ok"]);
    const two = refresh(one.refresh_token);
    expect([works(TOKEN), works(one.access_token), works(two.access_token)]).toEqual(["token_expired", "ok", "ok"]);
    refresh(two.refresh_token);
    expect(works(one.access_token)).toBe("token_expired");
  });

  it("knows its client, by form or by HTTP Basic, and keeps its secrets out of the list of calls", () => {
    const { slack, refresh } = rotating();
    expect(refresh("first", { client_secret: "wrong" }).error).toBe("bad_client_secret");
    expect(refresh("first", { client_id: "wrong" }).error).toBe("invalid_client_id");
    expect(refresh("first", { grant_type: "code" }).error).toBe("invalid_grant_type");
    const basic = { authorization: `Basic ${Buffer.from("id:sesame").toString("base64")}` };
    expect(refresh("first", { client_id: "", client_secret: "" }, basic).ok).toBe(true);
    expect(JSON.stringify(slack.calls)).not.toMatch(/sesame|first/);
  });

  it("of a workspace's token tells the workspace", () => {
    const slack = createSimulatedSlack({
      tokens: [{ token: "other" }, { token: TOKEN, teamId: TEAM }],
      rotation: { clientId: "id", clientSecret: "sesame", refreshToken: "first", token: TOKEN },
    });
    const body = "grant_type=refresh_token&client_id=id&client_secret=sesame&refresh_token=first";
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { json } = ask(slack, "oauth.v2.access", {}, { token: null, verb: "POST", headers, body });
    expect(json).toMatchObject({ team: { id: TEAM }, enterprise: { id: "E0ACME00001" }, is_enterprise_install: false });
  });

  it("is off unless asked for", () => {
    const slack = createSimulatedSlack();
    expect(ask(slack, "oauth.v2.access", {}, { verb: "POST" }).json.error).toBe("invalid_client_id");
    slack.setNow(START_MS + 10 * LIFETIME_MS);
    expect(ask(slack, "auth.test").json.ok).toBe(true);
  });
});
