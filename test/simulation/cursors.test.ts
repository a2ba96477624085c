import { describe, expect, it } from "vitest";
import type { Behaviour, EndOfListing } from "../../src/simulation/behaviour.ts";
import type { Call } from "../../src/simulation/call.ts";
import { createCursors } from "../../src/simulation/cursors.ts";
import type { PageFault } from "../../src/simulation/faults.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { ask, walk } from "./ask.ts";

const METHODS = ["team.accessLogs", "admin.apps.activities.list", "audit.logs"] as const;
const LIST = { "team.accessLogs": "logins", "admin.apps.activities.list": "activities", "audit.logs": "entries" };

/** Nine entries in each log. */
function filled(behaviour: Partial<Behaviour> = {}, pageFault?: { fault: PageFault; nth: number }) {
  const slack = createSimulatedSlack({
    behaviour,
    ...(pageFault === undefined ? {} : { faults: [{ fault: { kind: pageFault.fault }, nth: pageFault.nth }] }),
  });
  const seconds = slack.now() / 1000;
  for (let index = 0; index < 9; index++) {
    slack.world.access.add({ user_id: `${index}`, date_first: seconds - index, date_last: seconds - index });
    slack.world.activities.add({ level: "info", created: (seconds - index) * 1e6 });
    slack.world.audit.add({ id: `${index}`, date_create: seconds - index });
  }
  return slack;
}

it("only so many cursors are known at a time", () => {
  const cursors = createCursors(() => ({ expireAfterMs: undefined, expireAfterCalls: undefined }));
  const call: Call = { index: 1, nth: 1, atMs: 0, http: "GET", method: "audit.logs", params: {}, workspace: "E1" };
  const given = Array.from({ length: 10_001 }, (_, index) => cursors.give(String(index), call));
  expect([cursors.take(given[0] as string, call), cursors.take(given[1] as string, call)]).toEqual([undefined, "1"]);
});

describe.each(METHODS)("S28: %s", (method) => {
  const cursorOf = (json: any): string => json.response_metadata.next_cursor;

  it("refuses a cursor that is too old", () => {
    const slack = filled({ cursors: { expireAfterMs: 1000, expireAfterCalls: undefined } });
    const cursor = cursorOf(ask(slack, method, { limit: 3 }).json);
    slack.setNow(slack.now() + 1000);
    expect(ask(slack, method, { limit: 3, cursor }).json.error).toBeUndefined();
    slack.setNow(slack.now() + 1);
    expect(ask(slack, method, { limit: 3, cursor }).json.error).toBe("invalid_cursor");
  });

  it("refuses a cursor after so many calls, or once all are ended", () => {
    const slack = filled({ cursors: { expireAfterMs: undefined, expireAfterCalls: 2 } });
    const cursor = cursorOf(ask(slack, method, { limit: 3 }).json);
    const outcomes = [1, 2, 3].map(() => ask(slack, method, { limit: 3, cursor }).json.error);
    expect(outcomes).toEqual([undefined, undefined, "invalid_cursor"]);
    const other = cursorOf(ask(slack, method, { limit: 3 }).json);
    slack.cursors.expireAll();
    expect(ask(slack, method, { limit: 3, cursor: other }).json.error).toBe("invalid_cursor");
  });

  it("refuses a cursor that it did not give", () => {
    const slack = filled();
    const foreign = METHODS.find((other) => other !== method) ?? method;
    const cursor = cursorOf(ask(slack, foreign, { limit: 3 }).json);
    expect(ask(slack, method, { limit: 3, cursor }).json.error).toBe("invalid_cursor");
    expect(ask(slack, method, { limit: 3, cursor: "???" }).json.error).toBe("invalid_cursor");
  });

  it("may refuse the cursor by a fault", () => {
    const slack = filled({}, { fault: "expired_cursor", nth: 2 });
    const cursor = cursorOf(ask(slack, method, { limit: 3 }).json);
    expect(ask(slack, method, { limit: 3, cursor }).json.error).toBe("invalid_cursor");
    expect(ask(slack, method, { limit: 3, cursor }).json.error).toBeUndefined();
  });

  it("may give a short page before the end, or an empty one, and loses nothing by it", () => {
    const sizes = (fault: PageFault, nth: number) => {
      const pages = walk(filled({}, { fault, nth }), method, { limit: 3 });
      expect(new Set(pages.flat().map((entry) => JSON.stringify(entry))).size).toBe(9);
      return pages.map(({ length }) => length);
    };
    expect(sizes("short_page", 1)).toEqual([1, 3, 3, 2]);
    expect(sizes("short_page", 3)).toEqual([3, 3, 1, 2]);
    expect(sizes("empty_page", 2)).toEqual([3, 0, 3, 3]);
    expect(sizes("empty_page", 1)).toEqual([0, 3, 3, 3]);
  });

  it("sends another cursor with an empty page, and may send back the one it got", () => {
    const slack = filled({}, { fault: "empty_page", nth: 2 });
    const cursor = cursorOf(ask(slack, method, { limit: 3 }).json);
    const empty = ask(slack, method, { limit: 3, cursor }).json;
    expect(cursorOf(empty)).not.toBe(cursor);
    slack.setFaults([{ fault: { kind: "repeated_cursor" } }]);
    expect(cursorOf(ask(slack, method, { limit: 3, cursor }).json)).toBe(cursor);
    expect(ask(slack, method, { limit: 3, cursor }).json[LIST[method]]).toHaveLength(3);
  });

  it.each(["empty", "null", "absent", "no_metadata"] as const)("ends a listing with %s", (ending: EndOfListing) => {
    const slack = filled();
    slack.behaviour.access.ending = ending;
    slack.behaviour.activities.ending = ending;
    slack.behaviour.audit.ending = ending;
    const expected = { empty: { next_cursor: "" }, null: { next_cursor: null }, absent: {}, no_metadata: undefined };
    expect(ask(slack, method, { limit: 100 }).json.response_metadata).toEqual(expected[ending]);
  });
});
