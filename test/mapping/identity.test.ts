import { hash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { identify } from "../../src/mapping/identity.ts";
import { parseLossless } from "../../src/mapping/lossless.ts";
import { SOURCE_NAMES } from "../../src/model.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";
import { entryTexts, jsonTexts } from "../support/entry-texts.ts";
import { identified } from "../support/mapped.ts";

const ROW = {
  user_id: "U1",
  username: "a",
  date_first: 1422922864,
  date_last: 1422922870,
  count: 3,
  ip: "::1",
  user_agent: "x",
};

function uids(source: (typeof SOURCE_NAMES)[number], ...entries: readonly unknown[]): string[] {
  return identified(source, JSON.stringify(entries)).map(({ uid }) => uid);
}

function digest(text: string): string {
  return hash("sha256", text, "hex").slice(0, 32);
}

test("a uid is the first half of SHA-256 over the stream and the entry with its keys sorted", () => {
  const [entry] = identified("integration_logs", `[{"date":"1","change_type":"a","b":{"d":1,"c":2}}]`);
  expect(entry?.uid).toBe(digest(`integration_logs/T0123\n{"b":{"c":2,"d":1},"change_type":"a","date":"1"}`));
  expect(entry).toMatchObject({ key: entry?.uid, version: "" });
});

test("another stream's uid of the same entry differs", () => {
  const entries = [{ date: "1392163200" }];
  const [one] = identify(sourceDefinitions.integration_logs, "integration_logs/T1", entries);
  const [other] = identify(sourceDefinitions.integration_logs, "integration_logs/T2", entries);
  expect(one?.uid).not.toBe(other?.uid);
});

describe.each(["integration_logs", "app_activities", "access_logs"] as const)("equal entries of %s", (source) => {
  test("are told apart by their ordinal within one answer", () => {
    const [first, second, third, other] = uids(source, ROW, ROW, ROW, { ...ROW, count: 4 });
    expect(new Set([first, second, third, other]).size).toBe(4);
    expect(uids(source, ROW)).toEqual([first]);
    expect(uids(source, { ...ROW, count: 4 }, ROW, ROW)).toEqual([other, first, second]);
  });

  test("are the same entry in another answer, whatever the order of their keys", () => {
    expect(uids(source, Object.fromEntries(Object.entries(ROW).toReversed()))).toEqual(uids(source, ROW));
  });
});

describe("access rows", () => {
  function row(change: object) {
    const [entry] = identified("access_logs", JSON.stringify([{ ...ROW, ...change }]));
    if (entry === undefined) throw new Error("no entry");
    return entry;
  }

  test.each(["user_id", "ip", "user_agent", "date_first"])("are another row with another %s", (name) => {
    expect(row({ [name]: "other" }).key).not.toBe(row({}).key);
  });

  test.each(["date_last", "count", "username", "isp", "country", "region", "unknown"])(
    "are another version with another %s",
    (name) => {
      const changed = row({ [name]: "other" });
      expect(changed.key).toBe(row({}).key);
      expect(changed.version).not.toBe(row({}).version);
      expect(changed.uid).toBe(changed.version);
    },
  );

  test("tell an absent key from null, at least by their version", () => {
    const [without] = identified("access_logs", `[{"username":"a"}]`);
    const [withNull] = identified("access_logs", `[{"username":"a","ip":null}]`);
    expect(without?.uid).not.toBe(withNull?.uid);
  });

  test("tell a number from its text", () => {
    expect(row({ date_first: "1422922864" }).key).not.toBe(row({}).key);
  });

  test.each([
    [{}, { count: 3, firstSeconds: 1422922864, lastSeconds: 1422922870 }],
    [
      { count: "4", date_first: "1422922864", date_last: "1422922871" },
      { count: 4, firstSeconds: 1422922864, lastSeconds: 1422922871 },
    ],
    [{ count: 0 }, { count: 0 }],
  ])("show count and times of %j", (change, expected) => {
    expect(row(change)).toMatchObject(expected);
  });

  test.each([
    ["count", [null, -1, 1.5, "many", "-1", "1.0", 1e300, {}]],
    ["date_last", [null, 0, -1, "soon", 1422922870000, {}]],
    ["date_first", [null, 0, -1, "soon", 1422922870000, {}]],
  ] as const)("show no %s that is none", (name, values) => {
    const fact = { count: "count", date_last: "lastSeconds", date_first: "firstSeconds" }[name];
    for (const value of values) expect(row({ [name]: value })).not.toHaveProperty(fact);
  });

  test("that are no objects are known by their content", () => {
    const entries = identified("access_logs", `[null,"text",["U1","::1","x",1422922864]]`);
    expect(new Set(entries.map(({ key }) => key)).size).toBe(3);
    for (const { key, uid, version } of entries) expect({ key, version }).toEqual({ key: uid, version: "" });
  });
});

describe("audit entries", () => {
  const one = { id: "0123", action: "user_login" };
  const other = { id: "0123", action: "user_logout" };

  test("are known by Slack's id", () => {
    const [entry] = identified("audit_logs", JSON.stringify([one]));
    expect(entry).toMatchObject({ uid: digest("audit_logs/T0123\nid\n0123"), key: entry?.uid });
    expect(identified("audit_logs", JSON.stringify([other]))[0]?.uid).toBe(entry?.uid);
    expect(identified("audit_logs", JSON.stringify([other]))[0]?.version).not.toBe(entry?.version);
  });

  test("that repeat within an answer are one", () => {
    expect(identified("audit_logs", JSON.stringify([one, one, one]))).toHaveLength(1);
  });

  test("under an id that stands for other content in the same answer are known by their content", () => {
    const [first, second, ...rest] = identified("audit_logs", JSON.stringify([one, other, other, one]));
    expect(rest).toEqual([]);
    expect(second?.key).toBe(first?.key);
    expect(second?.uid).toBe(digest(`audit_logs/T0123\n{"action":"user_logout","id":"0123"}`));
    expect(first?.alternateUid).toBe(digest(`audit_logs/T0123\n{"action":"user_login","id":"0123"}`));
  });

  test.each([{}, { id: "" }, { id: null }, { id: {} }, { id: ["a"] }, { id: true }])(
    "with %j for an id are known by content",
    (entry) => {
      const [first, second] = identified("audit_logs", JSON.stringify([entry, entry]));
      expect(first).toMatchObject({
        key: first?.uid,
        version: "",
        uid: digest(`audit_logs/T0123\n${JSON.stringify(entry)}`),
      });
      expect(second?.uid).not.toBe(first?.uid);
      expect(first).not.toHaveProperty("alternateUid");
    },
  );

  test("may have a number for an id, of any length", () => {
    const [first, second] = identified("audit_logs", `[{"id":12345678901234567890},{"id":12345678901234567891}]`);
    expect(first?.uid).toBe(digest("audit_logs/T0123\nid\n12345678901234567890"));
    expect(second?.uid).toBe(digest("audit_logs/T0123\nid\n12345678901234567891"));
  });
});

test("an entry's time is in microseconds, and undefined when it is none", () => {
  expect(identified("app_activities", `[{"created":1650463798824317}]`)[0]?.timeMicros).toBe(1650463798824317);
  expect(identified("audit_logs", `[{"date_create":1650463798}]`)[0]?.timeMicros).toBe(1650463798000000);
  expect(identified("integration_logs", `[{"date":"1650463798"}]`)[0]?.timeMicros).toBe(1650463798000000);
  expect(identified("access_logs", `[{"date_last":1650463798}]`)[0]?.timeMicros).toBe(1650463798000000);
  for (const created of ["0", "-1", "null", "1650463798", '"soon"', "1e400"]) {
    expect(identified("app_activities", `[{"created":${created}}]`)[0]).toMatchObject({
      time: undefined,
      timeMicros: undefined,
    });
  }
});

test.each(SOURCE_NAMES)("the uids of %s are a function of the entries, and differ where these do", (source) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(jsonTexts, entryTexts(source)), { maxLength: 8 }), (texts) => {
      const answer = `[${texts.join(",")}]`;
      const once = identified(source, answer);
      const again = identify(sourceDefinitions[source], `${source}/T0123`, parseLossless(answer) as unknown[]);
      expect(again.map(({ uid }) => uid)).toEqual(once.map(({ uid }) => uid));
      expect(new Set(once.map(({ uid }) => uid)).size).toBe(once.length);
    }),
  );
});
