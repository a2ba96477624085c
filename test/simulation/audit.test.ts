import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditBehaviour } from "../../src/simulation/behaviour.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { createTraffic } from "../../src/simulation/traffic.ts";
import { ask, walk } from "./ask.ts";

const METHOD = "audit.logs";
const START_MS = 1_772_442_000_000;
const START = START_MS / 1000;

function slackWith(audit: Partial<AuditBehaviour> = {}, seconds: readonly number[] = []) {
  const slack = createSimulatedSlack({ startMs: START_MS, behaviour: { audit } });
  for (const [index, second] of seconds.entries()) slack.world.audit.add(entry(String(index), second));
  return slack;
}

function entry(id: string, secondsBefore: number, more: object = {}): object {
  return { id, date_create: START - secondsBefore, action: "user_login", ...more };
}

function ids(entries: readonly { id: string }[]): string[] {
  return entries.map(({ id }) => id);
}

describe("S22: the listing", () => {
  it("is newest first and has no `ok`", () => {
    const { status, text, json } = ask(slackWith({}, [3, 2, 1]), METHOD, { limit: 2 });
    expect(status).toBe(200);
    expect(text.startsWith(`{"entries":[{"id":"2"`)).toBe(true);
    expect(json).not.toHaveProperty("ok");
    expect(ids(json.entries)).toEqual(["2", "1"]);
  });

  it("has both bounds inclusive", () => {
    const slack = slackWith({}, [4, 3, 2, 1]);
    expect(ids(ask(slack, METHOD, { oldest: START - 3, latest: START - 2 }).json.entries)).toEqual(["2", "1"]);
  });

  it("has cursors that are base64 of a time and forget both bounds", () => {
    const slack = slackWith({}, [5, 4, 3, 2, 1]);
    const bounds = { oldest: START - 4, latest: START - 2, limit: 1 };
    const first = ask(slack, METHOD, bounds).json;
    const cursor = first.response_metadata.next_cursor;
    expect(Buffer.from(cursor, "base64").toString()).toBe(String(START - 3));
    expect(ids(ask(slack, METHOD, { cursor, limit: 9 }).json.entries)).toEqual(["2", "1", "0"]);
    expect(ids(ask(slack, METHOD, { ...bounds, cursor, limit: 9 }).json.entries)).toEqual(["2", "1"]);
  });

  it.each(["next", "repeated"] as const)(
    "%s: shows every entry, and no second split, for any limit",
    (cursorSecond) => {
      fc.assert(
        fc.property(fc.array(fc.nat(12), { maxLength: 50 }), fc.integer({ min: 1, max: 15 }), (seconds, limit) => {
          const slack = slackWith({ cursorSecond }, seconds);
          const pages = walk(slack, METHOD, { limit });
          const shown = pages.map((page) => page.map(({ date_create }) => date_create as number));
          for (const page of shown)
            for (const second of page)
              expect(page.filter((other) => other === second)).toHaveLength(
                seconds.filter((before) => START - before === second).length,
              );
          expect(new Set(ids(pages.flat())).size).toBe(seconds.length);
          const repeats = ids(pages.flat()).length - seconds.length;
          if (cursorSecond === "next") expect(repeats).toBe(0);
          else expect(repeats > 0).toBe(pages.length > 1);
          expect(
            shown.every((page) => page.every((second, at) => at === 0 || second <= (page[at - 1] as number))),
          ).toBe(true);
        }),
        { numRuns: 100 },
      );
    },
  );

  it("filters by action, actor and entity", () => {
    const slack = slackWith();
    const user = { type: "user", user: { id: "U1" } };
    slack.world.audit.add(entry("by", 2, { actor: user }));
    slack.world.audit.add(entry("about", 1, { action: "file_shared", entity: user }));
    expect(ids(ask(slack, METHOD, { actor: "U1" }).json.entries)).toEqual(["by"]);
    expect(ids(ask(slack, METHOD, { entity: "U1" }).json.entries)).toEqual(["about"]);
    expect(ids(ask(slack, METHOD, { action: "anomaly,file_shared" }).json.entries)).toEqual(["about"]);
    const thirtyOne = Array.from({ length: 31 }, () => "user_login").join(",");
    expect(ask(slack, METHOD, { action: thirtyOne }).status).toBe(400);
    expect(ask(slack, METHOD, { action: thirtyOne.slice(0, -11) }).status).toBe(200);
  });

  it("loses its oldest entries to retention", () => {
    const slack = slackWith({ retentionMs: 3000 }, [4, 3, 2]);
    expect(ids(ask(slack, METHOD).json.entries)).toEqual(["2", "1"]);
  });
});

it("S23: more than `limit` in one second comes whole", () => {
  const slack = slackWith({}, [9, 5, 5, 5, 5, 1]);
  expect(walk(slack, METHOD, { limit: 2 }).map(ids)).toEqual([["5", "4", "3", "2", "1"], ["0"]]);
});

it.each([
  { ending: "empty", metadata: { next_cursor: "" } },
  { ending: "null", metadata: { next_cursor: null } },
  { ending: "absent", metadata: {} },
  { ending: "no_metadata", metadata: undefined },
] as const)("S24: the end of the listing, $ending", ({ ending, metadata }) => {
  const slack = slackWith({ ending }, [2, 1]);
  expect(ask(slack, METHOD, { limit: 1 }).json.response_metadata.next_cursor).toMatch(/.+/);
  expect(ask(slack, METHOD, { limit: 2 }).json.response_metadata).toEqual(metadata);
  expect(walk(slack, METHOD, { limit: 1 }).flat()).toHaveLength(2);
});

describe("S25: bounds", () => {
  it("in the future or before the feature existed are `invalid_range`", () => {
    const slack = slackWith({}, [1]);
    for (const params of [{ latest: START + 1 }, { oldest: START + 1 }, { oldest: 1_500_000_000 }, { latest: 0 }]) {
      const { status, json } = ask(slack, METHOD, params);
      expect([status, json.error]).toEqual([400, "invalid_range"]);
    }
    expect(ask(slack, METHOD, { latest: START, oldest: 1_519_862_400 }).json.entries).toHaveLength(1);
    slack.behaviour.audit.outOfRange = "accepted";
    expect(ask(slack, METHOD, { latest: START + 1, oldest: 0 }).json.entries).toHaveLength(1);
  });

  it("are plain digits", () => {
    expect(ask(slackWith(), METHOD, { oldest: "1.56e+09" }).status).toBe(400);
    expect(ask(slackWith(), METHOD, { latest: "now" }).status).toBe(400);
    expect(ask(slackWith(), METHOD, { limit: 0 }).status).toBe(400);
  });
});

it("S3: an unknown action is 400, a bad token 401 without JSON", () => {
  const slack = slackWith();
  slack.world.audit.add(entry("new", 1, { action: "brand_new_action" }));
  expect(ids(ask(slack, METHOD, { action: "brand_new_action" }).json.entries)).toEqual(["new"]);
  expect(ask(slack, METHOD, { action: "no_such_action" })).toMatchObject({
    status: 400,
    json: { error: "invalid_action" },
  });
  const refused = ask(slack, METHOD, {}, { token: "wrong" });
  expect(refused.status).toBe(401);
  expect(refused.json).toBeUndefined();
});

it("S26: lifelike entries vary as the real ones do", () => {
  const slack = slackWith();
  createTraffic(slack).history({ auditEntries: 3000 }, 24);
  const entries = walk(slack, METHOD, { limit: 1000 }).flat();
  expect(entries).toHaveLength(3000);
  const kinds = (values: unknown[]) => new Set(values.map((value) => (value === null ? "null" : typeof value)));
  expect(kinds(entries.map(({ context }) => context.session_id))).toEqual(
    new Set(["string", "number", "null", "undefined"]),
  );
  expect(kinds(entries.map(({ details }) => details))).toEqual(new Set(["object", "undefined"]));
  expect(kinds(entries.map(({ context }) => context.app))).toEqual(new Set(["object", "null", "undefined"]));
  expect(entries.some(({ context }) => context.ip_address === "")).toBe(true);
  const details = entries.flatMap((each) => (each.details === undefined ? [] : [each.details]));
  expect(kinds(details.map(({ succeeded_users }) => succeeded_users))).toEqual(
    new Set(["string", "object", "undefined"]),
  );
  expect(kinds(details.map(({ new_value }) => new_value))).toEqual(new Set(["string", "object", "undefined"]));
  expect(entries.some((each) => "schema_version" in each)).toBe(true);
  expect(new Set(entries.map(({ entity }) => entity.type)).size).toBeGreaterThan(15);
  expect(entries.every(({ entity }) => entity[entity.type] !== undefined)).toBe(true);
  expect(new Set(entries.map(({ id }) => id)).size).toBe(3000);
});
