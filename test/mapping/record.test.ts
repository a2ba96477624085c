import { describe, expect, test } from "vitest";
import { identify } from "../../src/mapping/identity.ts";
import { createMapper } from "../../src/mapping/record.ts";
import { serialize } from "../../src/otlp/encode.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";
import { mapped, mappedOne, OBSERVED_MS } from "../support/mapped.ts";

const ROW = `{"user_id":"U1","username":"a","date_first":1422922864,"date_last":1422922870,"count":3,"ip":"::1","user_agent":"x"}`;
const DAY_SECONDS = 86_400;

describe("what a record says beside its entry", () => {
  test("is what the walk knows", () => {
    const { uid, identity, log } = mappedOne("access_logs", ROW, { mark: 7, countDelta: 2, uid: "f".repeat(32) });
    expect(uid).toBe("f".repeat(32));
    expect(log.attributes["log.record.uid"]).toBe("f".repeat(32));
    expect(log.attributes["slack.access.count_delta"]).toBe(2);
    expect(identity).toMatchObject({ mark: 7, count: 3, lastSeconds: 1422922870 });
  });

  test("is no part of what identifies it", () => {
    const one = mappedOne("access_logs", ROW, { mark: 1 });
    const other = mappedOne("access_logs", ROW, { mark: 1, countDelta: 0, observedMs: OBSERVED_MS + 1 });
    expect(other.uid).toBe(one.uid);
    expect(other.identity).toEqual(one.identity);
    expect(one.log.attributes).not.toHaveProperty("slack.access.count_delta");
    expect(other.log.attributes["slack.access.count_delta"]).toBe(0);
  });

  test.each([
    [0, [0, 0]],
    [1, [0, 1_000_000]],
    [1_767_225_600_123, [1_767_225_600, 123_000_000]],
  ])("is when its page arrived: %i", (observedMs, hrTime) => {
    expect(mappedOne("access_logs", ROW, { observedMs }).log.hrTimeObserved).toEqual(hrTime);
  });

  test("leaves out of the identity what the entry does not have", () => {
    expect(Object.keys(mappedOne("integration_logs", "{}").identity).toSorted()).toEqual(["key", "mark", "version"]);
  });
});

describe("an entry's time", () => {
  const observed = OBSERVED_MS / 1000;

  test.each([observed - 1, observed, observed + DAY_SECONDS, 1356998400])("is taken: %d", (seconds) => {
    const { log } = mappedOne("audit_logs", `{"date_create":${seconds}}`);
    expect(log.hrTime).toEqual([seconds, 0]);
    expect(log.attributes).not.toHaveProperty("slack.time.invalid");
  });

  test.each([
    [String(observed + DAY_SECONDS + 1), String(observed + DAY_SECONDS + 1)],
    [`"${observed + DAY_SECONDS}.000001"`, `${observed + DAY_SECONDS}.000001`],
    ["1356998399", "1356998399"],
    ["0", "0"],
    ["-5", "-5"],
    ["1e400", "1e400"],
    [`"soon"`, "soon"],
    [`""`, ""],
    ["null", "null"],
    ["true", "true"],
    [`[1,{"b":1,"a":1e400}]`, `[1,{"b":1,"a":1e400}]`],
    [String.raw`"\ud800"`, "\uFFFD"],
  ])("[H6] is told as it stands where it cannot be one: %s", (value, raw) => {
    const { log } = mappedOne("audit_logs", `{"date_create":${value}}`);
    expect(log.hrTime).toEqual([0, 0]);
    expect(log.attributes["slack.time.invalid"]).toBe(raw);
  });

  test("is told to be absent", () => {
    expect(mappedOne("audit_logs", "{}").log.attributes["slack.time.invalid"]).toBe("absent");
  });

  test("makes no difference to the uid but by being content", () => {
    const late = mappedOne("app_activities", `{"created":1650463798824317}`, { observedMs: 0 });
    expect(late.log.hrTime).toEqual([0, 0]);
    expect(late.uid).toBe(mappedOne("app_activities", `{"created":1650463798824317}`).uid);
  });
});

describe("what had to be repaired", () => {
  test.each([
    [`{"a":1}`, undefined],
    [`{"a":-0}`, undefined],
    [`{"__proto__":{"10":1}}`, undefined],
    [`{"a":1e21}`, ["number"]],
    [String.raw`{"a":"\ud800"}`, ["text"]],
    [String.raw`{"\ud800":1}`, ["text"]],
    [String.raw`{"a":["\udfff",9007199254740993]}`, ["number", "text"]],
    [String.raw`{"x":"\udfff","a":${"[".repeat(70)}${"]".repeat(70)},"n":1e400}`, ["depth", "number", "text"]],
  ])("in %s is named", (entry, repairs) => {
    expect(mappedOne("audit_logs", entry).log.attributes["slack.repaired"]).toEqual(repairs);
  });

  test("is nothing in most entries, which go out as they are", () => {
    const entries = [{ date_create: 1650463798, "é😀": ["\u0000"] }];
    const definition = sourceDefinitions.audit_logs;
    const toRecord = createMapper(definition, { stream: "audit_logs/E1", version: "1", resource: {} });
    const [identified] = identify(definition, "audit_logs/E1", entries);
    if (identified === undefined) throw new Error("no entry");
    expect(toRecord(identified, { observedMs: OBSERVED_MS, mark: 1 }).log.body).toBe(entries[0]);
  });

  test("[H5] keeps both of two keys that would become one, whatever their order", () => {
    const bodies = [
      String.raw`{"k\ud800":1,"k\ud801":2,"k\ufffd":3}`,
      String.raw`{"k\ufffd":3,"k\ud801":2,"k\ud800":1}`,
    ].map((entry) => mappedOne("audit_logs", entry).log.body);
    expect(bodies[0]).toEqual({ "k\uFFFD": 3, "k\uFFFD\uFFFD": 1, "k\uFFFD\uFFFD\uFFFD": 2 });
    expect(bodies[1]).toEqual(bodies[0]);
  });

  test("[H2] does not touch prototypes", () => {
    const { body } = mappedOne("audit_logs", `{"__proto__":{"polluted":1},"a":1e400}`).log;
    expect(Object.keys(body as object)).toEqual(["__proto__", "a"]);
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
  });
});

test("[P15] a clock of ours that is days off changes neither time nor marks of a record", () => {
  const definition = sourceDefinitions.audit_logs;
  const slackMs = OBSERVED_MS;
  const toRecord = createMapper(definition, {
    stream: "audit_logs/E1",
    version: "1",
    resource: {},
    nowMs: () => slackMs,
  });
  const seconds = slackMs / 1000;
  const [known, ahead] = identify(definition, "audit_logs/E1", [
    { date_create: seconds },
    { date_create: seconds + 90_000 },
  ]);
  if (known === undefined || ahead === undefined) throw new Error("no entry");
  for (const observedMs of [slackMs, slackMs - 3 * 86_400_000, slackMs + 3 * 86_400_000]) {
    expect(toRecord(known, { observedMs, mark: 1 }).log.hrTime).toEqual([seconds, 0]);
    expect(toRecord(ahead, { observedMs, mark: 1 }).log.attributes["slack.time.invalid"]).toBe(
      String(seconds + 90_000),
    );
  }
});

describe("the event name", () => {
  test("has at most 256 characters, and none that is cut in two", () => {
    const { eventName, attributes } = mappedOne("audit_logs", `{"action":"x${"😀".repeat(200)}"}`).log;
    expect(eventName).toBe(`slack.audit.x${"😀".repeat(121)}`);
    expect(attributes["slack.repaired"]).toEqual(["length"]);
    expect(attributes["slack.audit.action"]).toBe(`x${"😀".repeat(200)}`);
    expect(mappedOne("audit_logs", `{"action":"${"x".repeat(244)}"}`).log.eventName).toBe(
      `slack.audit.${"x".repeat(244)}`,
    );
  });

  test("is well-formed", () => {
    expect(mappedOne("audit_logs", String.raw`{"action":"a\ud800"}`).log.eventName).toBe("slack.audit.a\uFFFD");
  });
});

describe("the resource", () => {
  function resourceOf(stream: string, resource: Readonly<Record<string, string>> = {}) {
    const definition = sourceDefinitions.audit_logs;
    const toRecord = createMapper(definition, { stream, version: "1.2.3", resource });
    const [one, other] = identify(definition, stream, [{}, { a: 1 }]).map((entry) =>
      toRecord(entry, { observedMs: 1, mark: 1 }),
    );
    // Encoders group records by the object itself.
    expect(one?.log.resource).toBe(other?.log.resource);
    expect(one?.log.instrumentationScope).toBe(other?.log.instrumentationScope);
    expect(one?.log.instrumentationScope).toEqual({ name: "slack-otel", version: "1.2.3" });
    return one?.log.resource.attributes;
  }

  test("names the workspace or the organisation", () => {
    expect(resourceOf("access_logs/T0123")).toEqual({ "service.name": "slack", "slack.team.id": "T0123" });
    expect(resourceOf("audit_logs/E0123")).toEqual({ "service.name": "slack", "slack.enterprise.id": "E0123" });
  });

  test("has what is configured, and the service name of the configuration", () => {
    expect(resourceOf("access_logs/T0123", { "service.name": "chat", "deployment.environment.name": "test" })).toEqual({
      "service.name": "chat",
      "deployment.environment.name": "test",
      "slack.team.id": "T0123",
    });
  });
});

describe("the size that is told", () => {
  test.each([
    ["small", "{}"],
    ["wide", JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index % 2])))],
    ["long", JSON.stringify({ action: "x".repeat(100_000) })],
    [
      "of wide characters",
      JSON.stringify({ action: "😀€".repeat(10_000), actor: { user: { id: "€".repeat(10_000) } } }),
    ],
    [
      "full of escapes",
      JSON.stringify({ action: '\u0001"\\'.repeat(10_000), actor: { user: { id: "\u0001".repeat(10_000) } } }),
    ],
    [
      "full of lone surrogates",
      JSON.stringify({ action: "\uD800".repeat(10_000), context: { ua: "\uD800".repeat(10_000) } }),
    ],
    ["full of long numbers", `{"a":[${Array.from({ length: 1_000 }, () => "12345678901234567890").join(",")}]}`],
    ["deep", `${'{"a":'.repeat(5_000)}"\\\\"${"}".repeat(5_000)}`],
  ])("is no less than the record takes, and not many times more: %s", (_, entry) => {
    const record = mappedOne("audit_logs", entry);
    const envelope = 300;
    for (const encoding of ["json", "protobuf"] as const) {
      expect(serialize([record], encoding).length).toBeLessThan(record.sizeBytes + envelope);
    }
    expect(record.sizeBytes).toBeLessThan(3 * serialize([record], "json").length);
  });

  test("of a usual activity is close to what it takes", () => {
    const entry = `{"app_id":"A123456789","level":"info","event_type":"function_execution_started","source":"slack","component_type":"functions","component_id":"Fn123","payload":{"function_name":"Reverse","function_type":"app"},"created":1650463798824317,"trace_id":"Tr123"}`;
    const records = mapped("app_activities", `[${Array.from({ length: 100 }, () => entry).join(",")}]`);
    const told = records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const taken = serialize(records, "json").length;
    expect(told).toBeGreaterThanOrEqual(taken - 300);
    expect(told).toBeLessThan(taken * 1.5);
  });
});
