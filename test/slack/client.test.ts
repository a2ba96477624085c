import { describe, expect, it, test } from "vitest";
import { createHttp } from "../../src/http.ts";
import { AUTH_TEST, createSlackClient, type Endpoint, type SlackAnswer } from "../../src/slack/client.ts";
import { createScriptedServer } from "../support/scripted-server.ts";
import { createScriptedSlack, type ScriptedAnswer, type ScriptedSlack } from "../support/scripted-slack.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const never = new AbortController().signal;
const ACTIVITIES: Endpoint = {
  api: "web",
  method: "admin.apps.activities.list",
  verb: "POST",
  list: "activities",
  callsPerMinute: 50,
};
const ACCESS: Endpoint = { api: "web", method: "team.accessLogs", verb: "GET", list: "logins", callsPerMinute: 20 };
const AUDIT: Endpoint = { api: "audit", method: "logs", verb: "GET", list: "entries", callsPerMinute: 30 };
const WELL = { body: { ok: true, activities: [], logins: [], entries: [], team_id: "T1" } };

/** The answers in turn, and then good ones. */
function inTurn(answers: readonly ScriptedAnswer[]) {
  return createScriptedSlack((_, index) => answers[index] ?? WELL);
}

function called({ client, clock }: ScriptedSlack, endpoint = ACTIVITIES, params = {}): Promise<SlackAnswer> {
  return clock.run(client.call(endpoint, params, never));
}

/** How each code is to be taken; slack.md, section 8. Copied by hand, so that it is not the program's own list. */
const RETRY = ["internal_error", "fatal_error", "service_unavailable", "request_timeout"];
const THROTTLED = ["ratelimited", "rate_limited"];
const SLOW = ["team_added_to_org", "org_login_required"];
const RESTART = ["invalid_cursor", "over_pagination_limit", "invalid_range"];
const WORKSPACE = [
  "team_access_not_granted",
  "access_denied",
  "invalid_team_id",
  "invalid_team",
  "enterprise_is_restricted",
  "paid_only",
];
const RIGHTS = [
  "missing_scope",
  "not_allowed_token_type",
  "no_permission",
  "two_factor_setup_required",
  "ekm_access_denied",
  "accesslimited",
  "is_bot",
  "user_is_bot",
  "not_an_admin",
  "feature_not_enabled",
  "restricted_plan_level",
  "free_team_not_allowed",
  "method_deprecated",
  "deprecated_endpoint",
  "unknown_method",
  "team_not_authorized",
  "user_not_authorized",
  "invalid_workspace",
];
const OUR_FAULT = [
  "missing_argument",
  "invalid_arguments",
  "invalid_args",
  "invalid_limit",
  "invalid_app_id",
  "invalid_app",
  "invalid_arg_name",
  "invalid_array_arg",
  "invalid_charset",
  "invalid_form_data",
  "invalid_post_type",
  "missing_post_type",
  "invalid_json",
  "json_not_object",
  "upgrade_required",
  "bad_endpoint",
  "invalid_action",
  "method_not_allowed",
];
const TOKEN = [
  "not_authed",
  "invalid_auth",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "invalid_refresh_token",
  "bad_client_secret",
  "invalid_authentication",
  "missing_authentication",
];

const refused = (error: string): ScriptedAnswer => ({ body: { ok: false, error } });

describe("error codes", () => {
  // The Web API refuses at 200, the Audit API with a real status.
  const manners = [
    { endpoint: ACTIVITIES, status: 200 },
    { endpoint: AUDIT, status: 400 },
  ];
  const refusedBy = (code: string, { status }: { status: number }) => ({ status, body: { ok: false, error: code } });

  describe.each(manners)("of $endpoint.method at HTTP $status", (manner) => {
    it.each(RETRY)("[S4] %s: the same request again, with a back-off", async (code) => {
      const slack = inTurn([refusedBy(code, manner), refusedBy(code, manner)]);
      expect(await called(slack, manner.endpoint, { limit: "5" })).toMatchObject({ kind: "ok" });
      expect(slack.requests.map(({ params }) => params["limit"])).toEqual(["5", "5", "5"]);
      expect(slack.clock.waits).toEqual([500, 1000]);
    });

    it.each(THROTTLED)("%s: as an HTTP 429 without a Retry-After (R14)", async (code) => {
      const slack = inTurn([refusedBy(code, manner), refusedBy(code, manner)]);
      expect(await called(slack, manner.endpoint)).toMatchObject({ kind: "ok" });
      expect(slack.clock.waits).toEqual([30_000, 60_000]);
    });

    it.each(SLOW)("%s: the same request again, minutes later", async (code) => {
      const slack = inTurn([refusedBy(code, manner)]);
      expect(await called(slack, manner.endpoint)).toMatchObject({ kind: "ok" });
      expect(slack.clock.waits).toEqual([450_000]);
    });

    it.each(RESTART)("%s: the walk begins again", async (code) => {
      const slack = inTurn([refusedBy(code, manner)]);
      expect(await called(slack, manner.endpoint)).toEqual({ kind: "restart", code });
      expect(slack.requests).toHaveLength(1);
    });

    it.each([...WORKSPACE, ...RIGHTS])("[S5] %s: this stream halts, and may be left out", async (code) => {
      const slack = inTurn([refusedBy(code, manner)]);
      const answer = await called(slack, manner.endpoint);
      expect(answer).toMatchObject({ kind: "halted", scope: "stream", reason: "unavailable", code });
      expect(answer).toMatchObject({ message: expect.stringMatching(new RegExp(`with ${code}: .{20}`)) });
      expect(slack.requests).toHaveLength(1);
    });

    it.each(OUR_FAULT)("%s: this stream halts for the configuration", async (code) => {
      const slack = inTurn([refusedBy(code, manner)]);
      const answer = await called(slack, manner.endpoint);
      expect(answer).toMatchObject({ kind: "halted", scope: "stream", reason: "configuration", code });
      expect(slack.requests).toHaveLength(1);
    });

    it.each(TOKEN)("[S7] %s: every stream of the token halts, once auth.test confirms", async (code) => {
      const slack = createScriptedSlack(({ method }) =>
        method === "auth.test" ? refused("token_revoked") : refusedBy(code, manner),
      );
      expect(await called(slack, manner.endpoint)).toMatchObject({
        kind: "halted",
        scope: "token",
        reason: "credentials",
        code: "token_revoked",
      });
      expect(slack.requests.map(({ method }) => method)).toEqual([manner.endpoint.method, "auth.test"]);
    });

    it.each(TOKEN)("%s: only this stream halts while auth.test is well (R15)", async (code) => {
      const slack = createScriptedSlack(({ method }) => (method === "auth.test" ? WELL : refusedBy(code, manner)));
      const answer = await called(slack, manner.endpoint);
      expect(answer).toMatchObject({ kind: "halted", scope: "stream", reason: "unavailable", code });
    });

    it("[S4] an unknown one: the same request again, with a warning that names it", async () => {
      const slack = inTurn([refusedBy("never_heard_of_it", manner)]);
      expect(await called(slack, manner.endpoint)).toMatchObject({ kind: "ok" });
      expect(slack.log).toContainEqual({
        level: "warn",
        event: "slack_retry",
        fields: { method: manner.endpoint.method, error: "never_heard_of_it", delay_ms: 500 },
      });
    });
  });

  test("an unknown code without ok:false, as a proxy may send it, goes by its status", async () => {
    const slack = inTurn([{ status: 403, body: { error: "blocked" } }]);
    expect(await called(slack)).toMatchObject({ kind: "halted", reason: "configuration", code: "blocked" });
  });

  test("auth.test itself is not asked about itself", async () => {
    const slack = createScriptedSlack(() => refused("invalid_auth"));
    expect(await called(slack, AUTH_TEST)).toMatchObject({ scope: "token", reason: "credentials" });
    expect(slack.requests).toHaveLength(1);
  });

  test("a listing's error about cursors, of a method without any, is tried again", async () => {
    const slack = inTurn([refused("invalid_cursor")]);
    expect(await called(slack, AUTH_TEST)).toMatchObject({ kind: "ok" });
    expect(slack.requests).toHaveLength(2);
  });

  test("[S7] an Audit API 401 without JSON closes this stream only, while auth.test is well", async () => {
    const slack = createScriptedSlack(({ method }) =>
      method === "auth.test" ? WELL : { status: 401, body: "Unauthorized" },
    );
    expect(await called(slack, AUDIT)).toMatchObject({ scope: "stream", reason: "unavailable", code: "http_401" });
  });

  test("an Audit API 401 without JSON halts the token, when auth.test refuses it too", async () => {
    const slack = createScriptedSlack(({ method }) =>
      method === "auth.test" ? refused("account_inactive") : { status: 401, body: "Unauthorized" },
    );
    expect(await called(slack, AUDIT)).toMatchObject({ scope: "token", reason: "credentials" });
  });

  test("what auth.test cannot tell yet is waited for", async () => {
    const slack = createScriptedSlack(({ method }, index) => {
      if (method !== "auth.test") return refused("invalid_auth");
      return index < 3 ? { status: 503, body: "<html>" } : WELL;
    });
    expect(await called(slack)).toMatchObject({ scope: "stream", reason: "unavailable" });
    expect(slack.requests.map(({ method }) => method).filter((method) => method === "auth.test")).toHaveLength(3);
  });
});

describe("a token that is replaced", () => {
  function withTokens(replaceAt: number, answer: (bearer: string, method: string) => ScriptedAnswer) {
    let token = "xoxp-old";
    return createScriptedSlack(
      ({ headers, method }, index) => {
        if (index === replaceAt) token = "xoxp-new";
        return answer(headers["authorization"] ?? "", method);
      },
      { token: { reveal: () => token } },
    );
  }
  const onlyNew = (bearer: string) => (bearer === "Bearer xoxp-new" ? WELL : refused("token_expired"));

  it("while the call was made is tried at once, without asking auth.test", async () => {
    const slack = withTokens(0, onlyNew);
    expect(await called(slack)).toMatchObject({ kind: "ok" });
    expect(slack.requests.map(({ method }) => method)).toEqual([ACTIVITIES.method, ACTIVITIES.method]);
    expect(slack.clock.monotonic()).toBe(0);
  });

  it("while auth.test was asked is tried, and the stream is not closed", async () => {
    const slack = withTokens(1, onlyNew);
    expect(await called(slack)).toMatchObject({ kind: "ok" });
    expect(slack.requests.at(-1)).toMatchObject({ method: ACTIVITIES.method });
  });

  it("during a back-off is used by the next try", async () => {
    const slack = withTokens(0, (bearer) => (bearer === "Bearer xoxp-new" ? WELL : refused("internal_error")));
    expect(await called(slack)).toMatchObject({ kind: "ok" });
    expect(slack.requests.map(({ headers }) => headers["authorization"])).toEqual([
      "Bearer xoxp-old",
      "Bearer xoxp-new",
    ]);
  });
});

describe("what is no success (R13)", () => {
  const ROWS = [{ created: 1 }];
  const faults: Readonly<Record<string, ScriptedAnswer>> = {
    "ok:false with rows": { body: { ok: false, activities: ROWS } },
    "ok:false with rows and a code": { body: { ok: false, error: "internal_error", activities: ROWS } },
    "rows without ok": { body: { activities: ROWS } },
    'ok as the text "true"': { body: { ok: "true", activities: ROWS } },
    HTML: { body: "<!DOCTYPE html><html></html>", headers: { "content-type": "text/html" } },
    "an empty body": { body: "" },
    null: { body: "null" },
    "a list": { body: "[]" },
    "truncated JSON": { body: `{"ok":true,"activities":[{"created":1}` },
    "an answer without the list": { body: { ok: true } },
    "an answer whose list is null": { body: { ok: true, activities: null } },
    "an answer whose list is an object": { body: { ok: true, activities: {} } },
    "HTTP 500 with HTML": { status: 500, body: "<html>" },
    "HTTP 500 with rows": { status: 500, body: { ok: true, activities: ROWS } },
    "HTTP 408": { status: 408 },
    "HTTP 425": { status: 425 },
    "a lost connection": { kind: "failed", reason: "network", message: "connection failed: ECONNRESET" },
    "a broken encoding": { kind: "failed", reason: "undecodable", status: 200, message: "not gzip" },
  };

  test.each(Object.entries(faults))("[S3] %s is tried again until there is one", async (_, fault) => {
    const slack = inTurn([fault, fault]);
    expect(await called(slack)).toMatchObject({ kind: "ok", entries: [] });
    expect(slack.requests).toHaveLength(3);
    expect(slack.clock.waits).toEqual([500, 1000]);
    expect(slack.log.filter(({ event }) => event === "slack_retry")).toHaveLength(2);
  });

  const auditFaults: Readonly<Record<string, ScriptedAnswer>> = {
    "without its list": { body: {} },
    "with ok:false and rows": { body: { ok: false, entries: ROWS } },
    "with a code and rows": { body: { error: "internal_error", entries: ROWS } },
    "of HTML at 200": { body: "<html>" },
  };
  test.each(Object.entries(auditFaults))("an answer of the Audit API %s is tried again", async (_, fault) => {
    const slack = inTurn([fault]);
    expect(await called(slack, AUDIT)).toMatchObject({ kind: "ok", entries: [] });
    expect(slack.requests).toHaveLength(2);
  });

  test("auth.test without a team is tried again", async () => {
    const slack = inTurn([{ body: { ok: true } }]);
    expect(await called(slack, AUTH_TEST)).toMatchObject({ kind: "ok", body: { team_id: "T1" } });
    expect(slack.requests).toHaveLength(2);
  });

  test("the back-off doubles up to a minute", async () => {
    const slack = inTurn(Array.from({ length: 9 }, () => ({ status: 500 })));
    await called(slack);
    expect(slack.clock.waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test.each([300, 301, 302, 307, 400, 403, 404, 405, 407, 410])(
    "HTTP %i without a code halts the stream",
    async (status) => {
      const slack = inTurn([{ status, body: "<html>" }]);
      expect(await called(slack)).toMatchObject({ kind: "halted", reason: "configuration", code: `http_${status}` });
    },
  );

  test("a success may hold a word that failures have", async () => {
    const slack = inTurn([{ body: { ok: true, error: "internal_error", activities: [{}] } }]);
    expect(await called(slack)).toMatchObject({ kind: "ok", entries: [{}] });
  });

  test("an Audit API success needs no ok, and an empty list is one", async () => {
    const slack = inTurn([{ body: { entries: [] } }]);
    expect(await called(slack, AUDIT)).toMatchObject({ kind: "ok", entries: [] });
    expect(slack.requests).toHaveLength(1);
  });

  test("[N4] an answer that is too large is told, for the walk to ask for less", async () => {
    const slack = inTurn([{ kind: "failed", reason: "too_large", status: 200, message: "too large" }]);
    expect(await called(slack)).toEqual({ kind: "too_large", code: "answer_too_large" });
  });
});

describe("throttling", () => {
  const nowMs = Date.UTC(2026, 10, 1);
  const dateIn = (seconds: number) => new Date(nowMs + seconds * 1000).toUTCString();
  const forms: readonly (readonly [string, Readonly<Record<string, string>>, readonly number[]])[] = [
    ["seconds", { "retry-after": "7" }, [7350, 7350]],
    ["an HTTP date", { "retry-after": dateIn(40) }, [42_000, 60_000]],
    ["an hour", { "retry-after": "3600" }, [945_000, 945_000]],
    ["half a second", { "retry-after": "0.5" }, [1050, 1050]],
    ["0", { "retry-after": "0" }, [1050, 1050]],
    ["none", {}, [30_000, 60_000]],
    ["a date that is past", { "retry-after": dateIn(-40) }, [30_000, 60_000]],
    ["less than nothing", { "retry-after": "-1" }, [30_000, 60_000]],
    ["NaN", { "retry-after": "NaN" }, [30_000, 60_000]],
    ["1e12", { "retry-after": "1e12" }, [30_000, 60_000]],
    ["a million million", { "retry-after": "1000000000000" }, [30_000, 60_000]],
  ];

  test.each(forms)("[S1] Retry-After: %s (R14, reliability S1, S2)", async (_, headers, waits) => {
    const slack = inTurn([
      { status: 429, headers },
      { status: 429, headers },
    ]);
    expect(await called(slack)).toMatchObject({ kind: "ok" });
    expect(slack.clock.waits).toEqual(waits);
  });

  test("[S2] without a Retry-After the wait doubles up to a quarter of an hour", async () => {
    const slack = inTurn(Array.from({ length: 7 }, () => ({ status: 429 })));
    await called(slack);
    expect(slack.clock.waits.map((ms) => ms / 1000)).toEqual([30, 60, 120, 240, 480, 900, 900]);
  });

  test("a date is read by the clock of who sent it", async () => {
    const day = 86_400;
    const slack = inTurn([{ status: 429, headers: { date: dateIn(day), "retry-after": dateIn(day + 20) } }]);
    await called(slack);
    expect(slack.clock.waits).toEqual([21_000]);
  });

  test("a 503 with a Retry-After is waited for at least as long", async () => {
    const slack = inTurn([{ status: 503, headers: { "retry-after": "20" } }]);
    await called(slack);
    expect(slack.clock.waits).toEqual([20_000]);
  });

  test("[S1] another method and another workspace go on meanwhile (R14)", async () => {
    const slack = createScriptedSlack(({ method, params }, index) =>
      index === 0 && method === "team.accessLogs" && params["team_id"] === "T1"
        ? { status: 429, headers: { "retry-after": "60" } }
        : WELL,
    );
    const { client, clock, requests } = slack;
    const throttled = client.call(ACCESS, { team_id: "T1" }, never);
    await clock.advance(0);
    await clock.run(
      Promise.all([client.call(ACCESS, { team_id: "T2" }, never), client.call(ACTIVITIES, { team_id: "T1" }, never)]),
    );
    expect(clock.monotonic()).toBe(0);
    await clock.run(throttled);
    expect(requests.map(({ params, method, atMs }) => `${method} ${params["team_id"]} ${atMs}`)).toEqual([
      "team.accessLogs T1 0",
      "team.accessLogs T2 0",
      "admin.apps.activities.list T1 0",
      "team.accessLogs T1 63000",
    ]);
  });

  test("another call of the same method and workspace waits as well", async () => {
    const slack = inTurn([{ status: 429, headers: { "retry-after": "60" } }]);
    const first = slack.client.call(ACCESS, { team_id: "T1" }, never);
    await slack.clock.advance(1000);
    const second = slack.client.call(ACCESS, { team_id: "T1" }, never);
    await slack.clock.run(Promise.all([first, second]));
    expect(slack.requests.map(({ atMs }) => atMs)).toEqual([0, 63_000, 63_000]);
  });

  test("the workspaces of an organisation's token share one pace (Q12)", async () => {
    const slack = createScriptedSlack(() => WELL);
    const calls = Array.from({ length: 21 }, (_, index) =>
      slack.client.call(ACCESS, { team_id: `T${index % 3}` }, never),
    );
    await slack.clock.run(Promise.all(calls));
    expect(slack.requests.map(({ atMs }) => atMs)).toEqual([...Array<number>(20).fill(0), 60_000]);
  });

  test("retries keep the pace too", async () => {
    const slack = inTurn(Array.from({ length: 5 }, () => ({ status: 500 })));
    await called(slack, { ...ACTIVITIES, callsPerMinute: 2 });
    const times = slack.requests.map(({ atMs }) => atMs);
    for (const [index, time] of times.slice(2).entries())
      expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(60_000);
  });
});

describe("abort", () => {
  const stop = new Error("stop");
  async function abortAfter(ms: number, slack: ScriptedSlack, before: number) {
    const controller = new AbortController();
    const { client, clock, requests } = slack;
    for (let call = 0; call < before; call++) await client.call(ACCESS, {}, never);
    const outcome = client.call(ACCESS, {}, controller.signal).catch((error: unknown) => error);
    await clock.advance(ms);
    const atMs = clock.monotonic();
    controller.abort(stop);
    expect(await outcome).toBe(stop);
    expect({ pending: clock.pending, atMs: clock.monotonic() }).toEqual({ pending: 0, atMs });
    return requests.length;
  }

  it("ends a wait for the pace at once", async () => {
    expect(
      await abortAfter(
        1000,
        createScriptedSlack(() => WELL),
        20,
      ),
    ).toBe(20);
  });

  it("ends a wait between two tries at once", async () => {
    expect(
      await abortAfter(
        100,
        createScriptedSlack(() => ({ status: 500 })),
        0,
      ),
    ).toBe(1);
  });

  it("ends a throttle's wait at once", async () => {
    expect(
      await abortAfter(
        5000,
        createScriptedSlack(() => ({ status: 429 })),
        0,
      ),
    ).toBe(1);
  });

  it("ends a call that is under way at once", async () => {
    expect(
      await abortAfter(
        1000,
        createScriptedSlack(() => "hang"),
        0,
      ),
    ).toBe(1);
  });

  it("makes no call at all where it came before", async () => {
    const slack = createScriptedSlack(() => WELL);
    await expect(slack.client.call(ACCESS, {}, AbortSignal.abort(stop))).rejects.toBe(stop);
    expect(slack.requests).toEqual([]);
  });
});

test("a call that is not answered in a minute is made again", async () => {
  const slack = inTurn(["hang"]);
  expect(await called(slack)).toMatchObject({ kind: "ok" });
  expect(slack.requests.map(({ atMs }) => atMs)).toEqual([0, 60_500]);
});

describe("a request", () => {
  const PARAMS = { cursor: "bG9nX2lkOjE=+/", limit: "5", team_id: undefined };

  test("of a GET method carries its arguments in the query, the cursor encoded", async () => {
    const slack = createScriptedSlack(() => WELL);
    await called(slack, ACCESS, PARAMS);
    expect(slack.requests).toMatchObject([
      {
        verb: "GET",
        url: "https://slack.test/api/team.accessLogs?cursor=bG9nX2lkOjE%3D%2B%2F&limit=5",
        body: undefined,
        headers: {
          authorization: "Bearer xoxp-1",
          accept: "application/json",
          "accept-encoding": "gzip",
          "user-agent": "slack-otel/test",
        },
      },
    ]);
  });

  test("of a POST method carries its arguments in the body, as a form", async () => {
    const slack = createScriptedSlack(() => WELL);
    await called(slack, ACTIVITIES, PARAMS);
    expect(slack.requests).toMatchObject([
      {
        verb: "POST",
        url: "https://slack.test/api/admin.apps.activities.list",
        body: "cursor=bG9nX2lkOjE%3D%2B%2F&limit=5",
        headers: {
          authorization: "Bearer xoxp-1",
          "content-type": "application/x-www-form-urlencoded",
          "user-agent": "slack-otel/test",
        },
      },
    ]);
  });

  test("to the Audit API goes to its own host", async () => {
    const slack = createScriptedSlack(() => WELL);
    await called(slack, AUDIT, { oldest: "1" });
    expect(slack.requests[0]?.url).toBe("https://audit.test/audit/v1/logs?oldest=1");
  });
});

describe("a page's cursor", () => {
  const cursorOf = async (metadata: unknown) => {
    const body = { ok: true, activities: [], ...(metadata === undefined ? {} : { response_metadata: metadata }) };
    return called(inTurn([{ body }]));
  };

  test.each([[undefined], [{}], [{ next_cursor: "" }], [{ next_cursor: null }], [null]])(
    "%j is the end of the listing",
    async (metadata) => {
      const answer = await cursorOf(metadata);
      expect(answer.kind).toBe("ok");
      expect(answer).not.toHaveProperty("nextCursor");
    },
  );

  test("a text is followed", async () => {
    expect(await cursorOf({ next_cursor: "abc=" })).toMatchObject({ kind: "ok", nextCursor: "abc=" });
    expect(await cursorOf({ next_cursor: "a".repeat(8192) })).toMatchObject({ kind: "ok" });
  });

  test.each([[{ next_cursor: 5 }], [{ next_cursor: ["a"] }], [{ next_cursor: "a".repeat(8193) }]])(
    "one that is no text, or longer than any, is never the end",
    async (metadata) => {
      expect(await cursorOf(metadata)).toEqual({ kind: "restart", code: "unreadable_cursor" });
    },
  );
});

describe("Slack's clock", () => {
  const DAY_MS = 86_400_000;

  test.each([-DAY_MS, DAY_MS])("[P15] is known from an answer, be ours off by %i ms", async (offset) => {
    const clock = createVirtualClock();
    const slack = createScriptedSlack(
      () => ({ ...WELL, headers: { date: new Date(clock.now() + offset).toUTCString() } }),
      { clock },
    );
    await clock.advance(10_000);
    expect(slack.client.now()).toBe(clock.now());
    await called(slack);
    expect(slack.client.now()).toBe(clock.now() + offset);
    await clock.advance(5500);
    expect(slack.client.now()).toBe(clock.now() + offset);
  });

  test("is not taken from an error, which a proxy may have sent", async () => {
    const slack = inTurn([{ status: 502, headers: { date: "Tue, 01 Jan 2030 00:00:00 GMT" } }]);
    await called(slack);
    expect(slack.client.now()).toBe(slack.clock.now());
  });

  test("is not taken from a date that cannot be read", async () => {
    const slack = inTurn([{ ...WELL, headers: { date: "soon" } }]);
    await called(slack);
    expect(slack.client.now()).toBe(slack.clock.now());
  });
});

describe("what is told", () => {
  test.each([
    [ACCESS, "Slack refuses team.accessLogs with missing_scope: add the scope to the app and install it again."],
    [AUDIT, "Slack refuses the Audit Logs API with missing_scope: add the scope to the app and install it again."],
  ])("names what was asked of $api, what came back and what to do", async (endpoint, message) => {
    expect(await called(inTurn([refused("missing_scope")]), endpoint)).toMatchObject({ message });
  });

  const CANARY = "xoxp-canary-0123456789";
  const PAYLOAD = "payload-canary@example.com";

  test("holds neither the token nor an entry's content (R20)", async () => {
    const echo = `Bearer ${CANARY} ${PAYLOAD}`;
    const rows = [{ created: 1, log: PAYLOAD }];
    const answers: ScriptedAnswer[] = [
      { body: { ok: false, error: echo, activities: rows } },
      { body: { ok: false, error: CANARY } },
      { status: 502, body: `<html>${echo}</html>` },
      { body: `{"ok":true,"activities":[{"log":"${PAYLOAD}"` },
      { body: { ok: false, error: "ratelimited", activities: rows } },
      { status: 429, headers: { "retry-after": echo } },
      { body: { ok: true, logs: rows } },
    ];
    const endings: ScriptedAnswer[] = [
      { status: 403, body: echo },
      { status: 403, body: { error: echo } },
      { body: { ok: false, error: "missing_scope", needed: echo, provided: echo, activities: rows } },
      { body: { ok: true, activities: rows, response_metadata: { next_cursor: [echo] } } },
    ];
    for (const ending of endings) {
      const slack = createScriptedSlack((_, index) => answers[index] ?? ending, { token: { reveal: () => CANARY } });
      const answer = await called(slack);
      expect(answer.kind).not.toBe("ok");
      const told = JSON.stringify([answer, slack.log]);
      expect(slack.log.length).toBeGreaterThanOrEqual(answers.length);
      expect(told).not.toContain("canary");
    }
  });

  test("a code that is no word of Slack's is told as unreadable", async () => {
    const slack = inTurn([{ body: { ok: false, error: "two words" } }]);
    await called(slack);
    expect(slack.log).toMatchObject([{ fields: { error: "unreadable_error" } }]);
  });

  test("Slack's warnings are logged, wherever they stand (Q14)", async () => {
    const body = {
      ok: true,
      activities: [],
      warning: "superfluous_charset",
      response_metadata: { warnings: ["missing_charset", 7], messages: ["[WARN] m"] },
      paging: { warnings: ["page"] },
    };
    const slack = inTurn([{ body }]);
    await called(slack);
    expect(slack.log.map(({ level, event, fields }) => `${level} ${event} ${String(fields?.["warning"])}`)).toEqual(
      ["superfluous_charset", "missing_charset", "[WARN] m", "page"].map((text) => `debug slack_warning ${text}`),
    );
  });
});

describe("on the wire", () => {
  test.each([301, 302, 303, 307, 308])("a %i is not followed, and nothing is sent elsewhere", async (status) => {
    await using elsewhere = await createScriptedServer(() => ({ status: 200, body: JSON.stringify(WELL.body) }));
    await using slack = await createScriptedServer(() => ({
      status,
      headers: { location: `${elsewhere.url}/api/team.accessLogs` },
    }));
    const { http, close } = createHttp();
    const client = createSlackClient({
      http,
      token: { reveal: () => "xoxp-1" },
      apiUrl: `${slack.url}/api/`,
      auditUrl: `${slack.url}/audit/v1/`,
      userAgent: "slack-otel/test",
      clock: createVirtualClock(),
      random: () => 0.5,
      log: () => undefined,
    });
    for (const endpoint of [ACCESS, ACTIVITIES, AUDIT]) {
      expect(await client.call(endpoint, { limit: "1" }, never)).toMatchObject({
        kind: "halted",
        reason: "configuration",
        code: `http_${status}`,
      });
    }
    await close();
    expect(elsewhere.requests).toEqual([]);
    expect(slack.requests.map(({ method, path, body }) => `${method} ${path} ${body.toString()}`)).toEqual([
      "GET /api/team.accessLogs?limit=1 ",
      "POST /api/admin.apps.activities.list limit=1",
      "GET /audit/v1/logs?limit=1 ",
    ]);
    for (const { headers } of slack.requests) {
      expect(headers).toMatchObject({ authorization: "Bearer xoxp-1", "user-agent": "slack-otel/test" });
    }
  });
});
