import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ActivitiesBehaviour } from "../../src/simulation/behaviour.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { ask, OTHER_TEAM, TEAM, walk } from "./ask.ts";

const METHOD = "admin.apps.activities.list";
const START_MS = 1_772_442_000_000;
const START_US = START_MS * 1000;
const ASCENDING = { min_log_level: "trace", sort_direction: "asc" };

function slackWith(behaviour: Partial<ActivitiesBehaviour> = {}) {
  return createSimulatedSlack({ startMs: START_MS, behaviour: { activities: behaviour } });
}

function activity(name: string, beforeUs: number, more: object = {}): object {
  return { app_id: "A1", level: "info", event_type: "x", created: START_US - beforeUs, trace_id: name, ...more };
}

function names(list: readonly { trace_id: string }[]): string[] {
  return list.map(({ trace_id }) => trace_id);
}

describe("S20: activities", () => {
  const levels = () => {
    const slack = slackWith();
    for (const [index, level] of ["trace", "debug", "info", "warn", "error", "fatal", "notice"].entries())
      slack.world.activities.add(activity(level, 100 - index, { level }));
    return slack;
  };

  it("come from `info` up and newest first unless asked", () => {
    const { activities } = ask(levels(), METHOD).json;
    expect(names(activities)).toEqual(["notice", "fatal", "error", "warn", "info"]);
    expect(names(ask(levels(), METHOD, ASCENDING).json.activities)[0]).toBe("trace");
    const warned = ask(levels(), METHOD, { min_log_level: "error", sort_direction: "asc" }).json.activities;
    expect(names(warned)).toEqual(["error", "fatal", "notice"]);
  });

  it("have bounds in microseconds, both inclusive", () => {
    const slack = slackWith();
    for (const before of [3, 2, 1, 0]) slack.world.activities.add(activity(String(before), before));
    const bounds = { min_date_created: START_US - 2, max_date_created: START_US - 1 };
    expect(names(ask(slack, METHOD, { ...ASCENDING, ...bounds }).json.activities)).toEqual(["2", "1"]);
    expect(names(ask(slack, METHOD, bounds).json.activities)).toEqual(["1", "2"]);
  });

  it("may share a microsecond and are then all shown, in either direction", () => {
    const slack = slackWith();
    for (const name of ["a", "b", "c", "d"]) slack.world.activities.add(activity(name, 5));
    expect(walk(slack, METHOD, { ...ASCENDING, limit: 1 }).map(names)).toEqual([["a"], ["b"], ["c"], ["d"]]);
    expect(walk(slack, METHOD, { limit: 3 }).map(names)).toEqual([["d", "c", "b"], ["a"]]);
  });

  it("a keyset cursor is base64 of the last entry's number, and growth does not shift the pages", () => {
    const slack = slackWith();
    for (const name of ["a", "b", "c"]) slack.world.activities.add(activity(name, 5));
    const first = ask(slack, METHOD, { limit: 2 }).json;
    const cursor = first.response_metadata.next_cursor;
    expect(Buffer.from(cursor, "base64").toString()).toBe("log_id:2");
    slack.world.activities.add(activity("new", 1));
    expect(names(ask(slack, METHOD, { limit: 2, cursor }).json.activities)).toEqual(["a"]);
  });

  it("a cursor does not reach beyond the bounds that are sent with it", () => {
    const slack = slackWith();
    for (const before of [4, 3, 2, 1]) slack.world.activities.add(activity(String(before), before));
    const cursor = ask(slack, METHOD, { limit: 1 }).json.response_metadata.next_cursor;
    const bounds = { min_date_created: START_US - 4, max_date_created: START_US - 3 };
    expect(names(ask(slack, METHOD, { ...bounds, cursor }).json.activities)).toEqual(["3", "4"]);
    const rising = ask(slack, METHOD, { ...ASCENDING, limit: 1 }).json.response_metadata.next_cursor;
    const later = { ...ASCENDING, min_date_created: START_US - 2, cursor: rising };
    expect(names(ask(slack, METHOD, later).json.activities)).toEqual(["2", "1"]);
  });

  it("need a time, of their own or from whoever puts them in", () => {
    const { activities } = slackWith().world;
    expect(() => activities.add({ level: "info" })).toThrow(/`at`/);
    expect(() => activities.add({ created: {} })).toThrow(/`at`/);
    expect(() => activities.add({ created: "not a time" }, { at: START_US })).not.toThrow();
  });

  it("an offset cursor shows again what growth pushed down", () => {
    const slack = slackWith({ cursor: "offset" });
    for (const name of ["a", "b", "c"]) slack.world.activities.add(activity(name, 5));
    const cursor = ask(slack, METHOD, { limit: 2 }).json.response_metadata.next_cursor;
    slack.world.activities.add(activity("new", 1));
    expect(names(ask(slack, METHOD, { limit: 2, cursor }).json.activities)).toEqual(["b", "a"]);
    expect(walk(slackWith({ cursor: "offset" }), METHOD)).toEqual([[]]);
  });

  it("every walk over a still log shows each wanted entry once, in order", () => {
    const entries = fc.array(fc.record({ before: fc.nat(30), debug: fc.boolean(), lateMs: fc.nat(2) }), {
      maxLength: 60,
    });
    const asked = fc.record({
      limit: fc.integer({ min: 1, max: 20 }),
      direction: fc.constantFrom("asc", "desc"),
      level: fc.constantFrom("trace", "info"),
      cursor: fc.constantFrom("keyset", "offset"),
    });
    fc.assert(
      fc.property(entries, asked, (list, { limit, direction, level, cursor }) => {
        const slack = slackWith({ cursor: cursor });
        for (const [index, { before, debug, lateMs }] of list.entries())
          slack.world.activities.add(activity(String(index), before, { level: debug ? "debug" : "info" }), { lateMs });
        slack.setNow(START_MS + 2);
        const expected = list
          .map((entry, index) => ({ ...entry, index }))
          .filter(({ debug }) => level === "trace" || !debug)
          .toSorted((a, b) => b.before - a.before || a.index - b.index)
          .map(({ index }) => String(index));
        const pages = walk(slack, METHOD, { limit, sort_direction: direction, min_log_level: level });
        expect(names(pages.flat())).toEqual(direction === "asc" ? expected : expected.toReversed());
        expect(pages.slice(0, -1).every(({ length }) => length === limit)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe("filters", () => {
  const two = (behaviour: Partial<ActivitiesBehaviour> = {}) => {
    const slack = slackWith(behaviour);
    const first = { app_id: "A1", source: "slack", component_type: "functions", component_id: "Fn1", event_type: "e1" };
    const second = {
      app_id: "A2",
      source: "developer",
      component_type: "workflows",
      component_id: "Wf1",
      event_type: "e2",
    };
    slack.world.activities.add(activity("one", 9, first), { teamId: TEAM });
    slack.world.activities.add(activity("two", 8, second), { teamId: OTHER_TEAM });
    return slack;
  };

  it.each([
    { app_id: "A2" },
    { source: "developer" },
    { component_type: "workflows" },
    { component_id: "Wf1" },
    { log_event_type: "e2" },
    { trace_id: "two" },
    { team_id: OTHER_TEAM },
  ])("%o", (filter) => {
    expect(names(ask(two(), METHOD, filter as Record<string, string>).json.activities)).toEqual(["two"]);
  });

  it("are combined with AND", () => {
    expect(ask(two(), METHOD, { app_id: "A1", source: "developer" }).json.activities).toEqual([]);
  });

  it("refuse what is not an argument's value, and strange workspaces", () => {
    for (const bad of [{ min_log_level: "loud" }, { sort_direction: "up" }, { min_date_created: "1e15" }, { limit: 0 }])
      expect(ask(two(), METHOD, bad as Record<string, string>).json.error).toBe("invalid_args");
    expect(ask(two(), METHOD, { team_id: "T0NOWHERE" }).json.error).toBe("invalid_team");
  });

  it.each([
    // Without them the default order goes down from the cursor, and no bound holds.
    { filtersWithCursor: "from_call", rest: ["b", "a"] },
    { filtersWithCursor: "remembered", rest: ["d"] },
  ] as const)("$filtersWithCursor: a cursor sent without them", ({ filtersWithCursor, rest }) => {
    const slack = slackWith({ filtersWithCursor });
    const order = ["a", "b", "c", "d"];
    for (const [index, name] of order.entries()) slack.world.activities.add(activity(name, 10 - index));
    const filters = { ...ASCENDING, min_date_created: START_US - 8 };
    const first = ask(slack, METHOD, { ...filters, limit: 1 }).json;
    expect(names(first.activities)).toEqual(["c"]);
    const cursor = first.response_metadata.next_cursor;
    expect(names(ask(slack, METHOD, { cursor }).json.activities)).toEqual(rest);
  });
});

it("a `limit` beyond the greatest is lowered, or refused", () => {
  const filled = (behaviour: Partial<ActivitiesBehaviour>) => {
    const slack = slackWith({ maxLimit: 3, ...behaviour });
    for (let index = 0; index < 5; index++) slack.world.activities.add(activity(String(index), index));
    return slack;
  };
  expect(ask(filled({}), METHOD, { limit: 4 }).json.activities).toHaveLength(3);
  expect(ask(filled({ limitTooHigh: "invalid_args" }), METHOD, { limit: 4 }).json.error).toBe("invalid_args");
  expect(ask(filled({ limitTooHigh: "invalid_args" }), METHOD, { limit: 3 }).json.activities).toHaveLength(3);
});

it("S27: an entry may show long after its own time, in its own place", () => {
  const slack = slackWith();
  slack.world.activities.add(activity("late", 5_000_000), { lateMs: 65_000 });
  slack.world.activities.add(activity("prompt", 1_000_000));
  expect(names(ask(slack, METHOD, ASCENDING).json.activities)).toEqual(["prompt"]);
  slack.setNow(START_MS + 60_000);
  expect(names(ask(slack, METHOD, ASCENDING).json.activities)).toEqual(["late", "prompt"]);
});

it("entries of times to come show when their time has come; a future date may show at once", () => {
  const slack = slackWith();
  slack.world.activities.add(activity("soon", -1_000_000));
  slack.world.activities.add(activity("future", -86_400_000_000), { visibleAtMs: START_MS });
  expect(names(ask(slack, METHOD, ASCENDING).json.activities)).toEqual(["future"]);
  slack.setNow(START_MS + 1000);
  expect(names(ask(slack, METHOD, ASCENDING).json.activities)).toEqual(["soon", "future"]);
});

it("retention takes the oldest", () => {
  const slack = slackWith({ retentionMs: 5 });
  slack.world.activities.add(activity("gone", 5001));
  slack.world.activities.add(activity("kept", 5000));
  expect(names(ask(slack, METHOD, ASCENDING).json.activities)).toEqual(["kept"]);
});
