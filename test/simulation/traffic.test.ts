import { describe, expect, it } from "vitest";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { createTraffic, type TrafficOptions } from "../../src/simulation/traffic.ts";
import { ACTIVITY_EVENT_TYPES } from "../../src/simulation/vocabulary.ts";
import { ask, TEAM, walk } from "./ask.ts";

const START_MS = 1_772_442_000_000;
const HOUR_MS = 3_600_000;

function started(options: TrafficOptions = {}) {
  const slack = createSimulatedSlack({ startMs: START_MS });
  return { slack, traffic: createTraffic(slack, options) };
}

function activitiesOf(slack: ReturnType<typeof started>["slack"]): any[] {
  return walk(slack, "admin.apps.activities.list", {
    limit: 1000,
    min_log_level: "trace",
    sort_direction: "asc",
  }).flat();
}

describe("S21: activities", () => {
  const { slack, traffic } = started();
  traffic.history({ activities: 20_000 }, 24);
  const all = activitiesOf(slack);
  const of = (eventType: string) => all.filter(({ event_type }) => event_type === eventType);

  it("are of every known type and of an unknown one, level and component included", () => {
    expect(all).toHaveLength(20_000);
    expect(new Set(all.map(({ event_type }) => event_type))).toEqual(new Set(ACTIVITY_EVENT_TYPES));
    expect(ACTIVITY_EVENT_TYPES).toHaveLength(24);
    const levels = new Set(all.map(({ level }) => level));
    expect(levels).toEqual(new Set(["trace", "debug", "info", "error", "fatal", "notice"]));
    expect(all.some(({ component_type }) => component_type === "quarks")).toBe(true);
  });

  it("have the payload shapes that vary", () => {
    const reasons = of("workflow_billing_result").map(({ payload }) => Array.isArray(payload.billing_reason));
    expect(new Set(reasons)).toEqual(new Set([true, false]));
    const trips = of("trigger_executed").flatMap(({ payload }) =>
      payload.trigger ? [payload.trigger.trip_information] : [],
    );
    expect(trips).toContain(null);
    expect(trips).toContainEqual({});
    const errors = of("trigger_executed").flatMap(({ payload }) => (payload.reason ? [typeof payload.errors] : []));
    expect(new Set(errors)).toEqual(new Set(["string", "object"]));
    expect(of("function_deployment").some(({ payload }) => payload.bundle_size_kb === undefined)).toBe(true);
  });

  it("come in runs with one trace each that begin and end", () => {
    const runs = Map.groupBy(all, ({ trace_id }) => trace_id);
    expect(runs.size).toBeGreaterThan(1000);
    const workflows = [...runs.values()].slice(0, -1).filter(([first]) => first.payload.trigger !== undefined);
    for (const run of workflows) {
      expect(run.at(-1).event_type).toBe("workflow_execution_result");
      expect(new Set(run.map(({ app_id }) => app_id)).size).toBe(1);
    }
    expect(all.some(({ created }, index) => index > 0 && created === all[index - 1].created)).toBe(true);
  });
});

describe("traffic", () => {
  it("is the same for the same seed", () => {
    const texts = (seed: number) => {
      const { slack, traffic } = started({ seed });
      traffic.history({ logins: 50, activities: 50, auditEntries: 50, integrationChanges: 50 }, 5);
      traffic.advance(START_MS + HOUR_MS);
      slack.setNow(START_MS + 2 * HOUR_MS);
      const { activities, audit } = slack.world;
      const rows = ask(slack, "team.accessLogs", { count: 1000 }).text;
      const changes = ask(slack, "team.integrationLogs", { team_id: TEAM }).text;
      return [activities, audit].flatMap(({ listing }) => listing.all.map(({ text }) => text)).concat(rows, changes);
    };
    expect(texts(1)).toEqual(texts(1));
    expect(texts(2)).not.toEqual(texts(1));
  });

  it("goes on at the volumes asked for, in the stretch asked for, and tells how much it wrote", () => {
    const { slack, traffic } = started({
      perHour: { activities: 600, auditEntries: 60, logins: 120, integrationChanges: 1 },
    });
    const minutes = Array.from({ length: 60 }, (_, index) => traffic.advance(START_MS + (index + 1) * 60_000));
    const sum = (kind: keyof (typeof minutes)[0]) => minutes.reduce((total, volumes) => total + volumes[kind], 0);
    expect(sum("auditEntries")).toBe(60);
    expect(sum("logins")).toBe(120);
    expect(sum("integrationChanges")).toBe(1);
    expect(Math.abs(sum("activities") - 600)).toBeLessThan(30);
    expect(ask(slack, "audit.logs").json.entries).toEqual([]);
    slack.setNow(START_MS + HOUR_MS);
    const entries = ask(slack, "audit.logs").json.entries;
    expect(entries).toHaveLength(60);
    expect(entries.every(({ date_create }: any) => date_create >= START_MS / 1000)).toBe(true);
    const { logins } = ask(slack, "team.accessLogs", { count: 1000 }).json;
    expect(logins.reduce((total: number, { count }: any) => total + count, 0)).toBe(120);
    expect(logins.length).toBeLessThan(120);
    expect(traffic.advance(START_MS).auditEntries).toBe(0);
  });

  it("has a past, all of it over", () => {
    const { slack, traffic } = started();
    const wanted = { logins: 300, activities: 1001, auditEntries: 100, integrationChanges: 20 };
    expect(traffic.history(wanted, 48)).toEqual(wanted);
    const all = activitiesOf(slack);
    expect(all).toHaveLength(1001);
    expect(all[0].created / 1000).toBeLessThan(START_MS - 47 * HOUR_MS);
    expect(all[0].created / 1000).toBeGreaterThan(START_MS - 49 * HOUR_MS);
    expect(ask(slack, "audit.logs", { oldest: START_MS / 1000 - 48 * 3600 }).json.entries).toHaveLength(100);
  });

  it("S27: may show late, in its own place", () => {
    const { slack, traffic } = started({ late: { probability: 0.5, upToMs: HOUR_MS } });
    traffic.history({ auditEntries: 400 }, 1);
    const early = ask(slack, "audit.logs").json.entries.length;
    expect(early).toBeLessThan(395);
    slack.setNow(START_MS + HOUR_MS);
    const dates = ask(slack, "audit.logs").json.entries.map(({ date_create }: any) => date_create);
    expect(dates).toHaveLength(400);
    expect(dates).toEqual(dates.toSorted((a: number, b: number) => b - a));
  });
});
