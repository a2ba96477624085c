import { describe, expect, test } from "vitest";
import type { SourceName } from "../src/model.ts";
import { DEFAULT_TOKEN } from "../src/simulation/grants.ts";
import { createSimulatedSlack, type SimulatedSlackOptions } from "../src/simulation/slack.ts";
import { createMemoryDisk } from "../src/state/memory.ts";
import { createMemoryReceiver, forwardOnce, type ForwarderOptions } from "./support/forwarder.ts";
import { createVirtualClock } from "./support/virtual-clock.ts";

const NOW_MS = Date.UTC(2026, 10, 2, 9);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const TEAM = "T0ACMEENG01";
const LOGS = ["team.accessLogs", "team.integrationLogs", "admin.apps.activities.list", "audit.logs"];
/** A token of one workspace in an organisation, that may read everything but the organisation's audit log. */
const WORKSPACE_TOKEN: SimulatedSlackOptions = { tokens: [{ token: DEFAULT_TOKEN, teamId: TEAM }] };

/** The whole way from a simulated Slack to a receiver in memory, on one disk. */
function stage(options: SimulatedSlackOptions = {}) {
  const clock = createVirtualClock(NOW_MS);
  const slack = createSimulatedSlack({ clock, ...options });
  const { destination, received } = createMemoryReceiver();
  const disk = createMemoryDisk();
  const log: string[] = [];
  return {
    clock,
    slack,
    received,
    log,
    destination,
    textsOf: () => received.map(({ text }) => text),
    once: (more: Partial<ForwarderOptions> = {}) =>
      forwardOnce({
        slack,
        clock,
        destination,
        disk,
        log: (level, event, fields) => void log.push(`${level} ${event} ${String(fields?.["stream"] ?? "")}`.trim()),
        ...more,
      }),
    methods: (from = 0) => slack.calls.slice(from).map(({ method }) => method),
    /** So many of each log, a minute apart, the newest `agoMs` before the beginning. */
    fill(count: number, agoMs = 0) {
      const { access, integration, activities, audit } = slack.world;
      for (let index = 0; index < count; index++) {
        const ms = slack.now() - agoMs - index * MINUTE_MS;
        const seconds = Math.floor(ms / 1000);
        const dates = { date_first: seconds, date_last: seconds };
        access.add({ user_id: `U${index}`, ip: "192.0.2.1", user_agent: "x", count: 1, ...dates });
        integration.add({ user_id: `U${index}`, date: String(seconds), change_type: "added" }, { teamId: TEAM });
        activities.add({ n: index, created: ms * 1000, level: "info" }, { teamId: TEAM });
        audit.add({ id: `e${index}`, date_create: seconds, action: "user_login" });
      }
    },
  };
}

describe("when nothing is new", () => {
  test("a workspace's token costs auth.test and one call a source", async () => {
    const { clock, once, methods, fill, received } = stage(WORKSPACE_TOKEN);
    fill(30, HOUR_MS);
    await clock.run(once());
    // The audit log is closed to such a token, and asked for all the same.
    expect(received).toHaveLength(90);
    for (let polls = 0; polls < 3; polls++) {
      await clock.advance(MINUTE_MS);
      const before = methods().length;
      await clock.run(once());
      expect(methods(before).toSorted()).toEqual(["auth.test", ...LOGS].toSorted());
    }
    expect(received).toHaveLength(90);
  });

  test("an organisation's token costs the list of workspaces besides, and integration logs a call a workspace", async () => {
    const { clock, once, methods, fill, received } = stage();
    fill(30, HOUR_MS);
    await clock.run(once());
    await clock.advance(MINUTE_MS);
    const before = methods().length;
    await clock.run(once());
    expect(methods(before).toSorted()).toEqual(
      ["auth.test", "auth.teams.list", "admin.teams.list", "team.integrationLogs", ...LOGS].toSorted(),
    );
    expect(received).toHaveLength(120);
  });
});

describe("while the destination is down", () => {
  test("[D1] Slack is asked for one page a stream and the one after it, and for nothing more (I9, D1)", async () => {
    const { clock, once, methods, fill, received, destination, textsOf } = stage();
    fill(100);
    const outage = { down: true };
    const failing: typeof destination = {
      ...destination,
      send: (records, signal) =>
        outage.down
          ? Promise.resolve({ status: "retry", cause: { message: "HTTP 503", statusCode: 503 } })
          : destination.send(records, signal),
    };
    const running = once({ destination: failing, settings: { batch: { max_records: 10 } } });
    await clock.advance(MINUTE_MS);
    const asked = methods();
    // Two pages of each listing with a cursor, for the next one is asked for while one is delivered.
    expect(asked.filter((method) => LOGS.includes(method)).toSorted()).toEqual(
      [
        "team.accessLogs",
        "team.accessLogs",
        "admin.apps.activities.list",
        "admin.apps.activities.list",
        "audit.logs",
        "audit.logs",
        "team.integrationLogs",
        // Nothing has happened in the other workspace: its only page is empty.
        "team.integrationLogs",
      ].toSorted(),
    );
    await clock.advance(72 * HOUR_MS);
    expect(methods()).toHaveLength(asked.length);
    expect(received).toEqual([]);
    outage.down = false;
    const outcomes = await clock.run(running);
    expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(["complete"]));
    expect(textsOf()).toHaveLength(400);
    expect(new Set(textsOf()).size).toBe(400);
  });
});

describe("a stream in trouble", () => {
  test.each([
    ["throttled", { kind: "rate_limited", retryAfter: 900 }],
    ["down", { kind: "html", status: 500 }],
    ["silent", { kind: "silence" }],
  ] as const)("that is %s does not slow the others (I8, R14)", async (_, fault) => {
    for (const troubled of LOGS) {
      const { clock, once, slack, fill, received } = stage(WORKSPACE_TOKEN);
      slack.setFaults([{ fault, where: ({ method }) => method === troubled }]);
      fill(10);
      const running = once();
      await clock.advance(2000);
      // Of the four, the audit log is closed to this token.
      expect(received).toHaveLength(troubled === "audit.logs" ? 30 : 20);
      slack.setFaults([]);
      await clock.run(running);
      expect(received).toHaveLength(30);
    }
  });

  test("is left out where nobody asked for its source, and an error where it is listed", async () => {
    const { clock, once } = stage(WORKSPACE_TOKEN);
    const results = async (settings: object) =>
      Object.fromEntries(
        (await clock.run(once({ settings: { ...settings } }))).map(({ stream, result }) => [stream, result]),
      );
    expect(await results({})).toMatchObject({
      [`access_logs/${TEAM}`]: "complete",
      "audit_logs/E0ACME00001": "left_out",
    });
    expect(await results({ sources: { access_logs: {}, audit_logs: {} } })).toEqual({
      [`access_logs/${TEAM}`]: "complete",
      "audit_logs/E0ACME00001": "failed",
    });
  });
});

describe("an organisation's access logs (Q3, R15)", () => {
  const sources = { access_logs: {} };

  test("are one stream without a `team_id`", async () => {
    const { clock, once, slack, fill } = stage({ behaviour: { access: { teamView: "whole" } } });
    fill(10);
    const outcomes = await clock.run(once({ settings: { sources } }));
    expect(outcomes.map(({ stream }) => stream)).toEqual(["access_logs/E0ACME00001"]);
    for (const { params } of slack.calls.filter(({ method }) => method === "team.accessLogs")) {
      expect(params).not.toHaveProperty("team_id");
    }
  });

  test.each(["missing_argument", "invalid_arguments", "invalid_team_id"] as const)(
    "are one stream a workspace where Slack answers %s, and never both",
    async (organisationView) => {
      const { clock, once, fill, received, log } = stage({
        behaviour: { access: { organisationView, teamView: "whole" } },
      });
      fill(10);
      for (let polls = 0; polls < 2; polls++) {
        const outcomes = await clock.run(once({ settings: { sources } }));
        expect(outcomes.map(({ stream, result }) => `${stream} ${result}`)).toEqual([
          "access_logs/T0ACMEENG01 complete",
          "access_logs/T0ACMEOPS01 complete",
        ]);
      }
      expect(received).toHaveLength(10);
      expect(new Set(received.map(({ uid }) => uid)).size).toBe(10);
      expect(log.filter((line) => line.startsWith("warn coverage_partial"))).toHaveLength(2);
    },
  );
});

describe("the first run begins", () => {
  const only = (source: SourceName) => ({ sources: { [source]: {} } });
  const startsAt = async (start: string, source: SourceName) => {
    const { clock, once, fill, received, log } = stage();
    // One a minute, the newest now.
    fill(180);
    await clock.run(once({ settings: { start, ...only(source) } }));
    expect(log.filter((line) => line.startsWith("info first_run"))).not.toEqual([]);
    return received.length;
  };

  test.each(["access_logs", "integration_logs", "app_activities", "audit_logs"] as const)(
    "at the moment that is configured: %s",
    async (source) => {
      expect(await startsAt("earliest", source)).toBe(180);
      expect(await startsAt("1h", source)).toBe(61);
      expect(await startsAt("2026-11-02T08:30:00Z", source)).toBe(31);
      expect(await startsAt("now", source)).toBe(1);
      expect(await startsAt("2026-11-02T10:00:00Z", source)).toBe(0);
    },
  );

  test("in Slack's time, be ours off by a day", async () => {
    for (const clockOffsetMs of [-24 * HOUR_MS, 24 * HOUR_MS]) {
      const { clock, once, fill, received } = stage({ clockOffsetMs });
      fill(180);
      await clock.run(once({ settings: { start: "1h" } }));
      expect(received).toHaveLength(4 * 61);
    }
  });
});

test("an organisation whose access logs need a workspace, and that names none, has not been read (I13)", async () => {
  const { clock, once } = stage({
    behaviour: { access: { organisationView: "missing_argument" } },
    tenant: { workspaces: [{ id: TEAM, approved: false }] },
  });
  const outcomes = await clock.run(once());
  expect(outcomes.find(({ stream }) => stream.startsWith("access_logs"))).toMatchObject({ result: "failed" });
});

describe("the rows that this program's own calls leave", () => {
  const OWN = /slack-otel\//;

  async function poll(skip: boolean) {
    const { clock, once, fill, received, slack } = stage({ behaviour: { access: { callsAreAccess: true } } });
    fill(10, HOUR_MS);
    // The owner's own browser.
    const seconds = Math.floor(slack.now() / 1000);
    slack.world.access.add({
      user_id: "W0OWNER0001",
      ip: "192.0.2.9",
      user_agent: "Mozilla/5.0",
      count: 1,
      date_first: seconds,
      date_last: seconds,
    });
    for (let polls = 0; polls < 3; polls++) {
      await clock.run(once({ settings: { sources: { access_logs: { skip_own_access: skip } } } }));
      await clock.advance(MINUTE_MS);
    }
    return received.map(({ text }) => text);
  }

  test("are sent like any others", async () => {
    expect((await poll(false)).filter((text) => OWN.test(text)).length).toBeGreaterThan(1);
  });

  test("are left out where `skip_own_access` says so, and nothing else is", async () => {
    const texts = await poll(true);
    expect(texts.filter((text) => OWN.test(text))).toEqual([]);
    expect(texts).toHaveLength(11);
  });
});
