import type { AnyValue } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHecEvent } from "../../src/destinations/splunk-hec-event.ts";
import type { LogRecord } from "../../src/model.ts";
import { recordNumber } from "../support/records.ts";

const host = { host: "unknown" };

function withLog(log: Partial<LogRecord["log"]>): LogRecord {
  const record = recordNumber(1);
  return { ...record, log: { ...record.log, ...log } };
}
function eventOf(log: Partial<LogRecord["log"]>, defaults: Parameters<typeof toHecEvent>[1] = host) {
  return JSON.parse(toHecEvent(withLog(log), defaults)) as {
    readonly time: number;
    readonly event: unknown;
    readonly fields: Record<string, unknown>;
  };
}

test("a whole record, as the Collector would map it", () => {
  const text = toHecEvent(
    withLog({
      hrTime: [1_760_000_000, 123_456_789],
      severityNumber: 17,
      severityText: "error",
      eventName: "slack.access",
      spanContext: { traceId: "0123456789abcdef0123456789abcdef", spanId: "fedcba9876543210", traceFlags: 0 },
      resource: resourceFromAttributes({ "service.name": "slack", "host.name": "pod-1", "slack.team.id": "T1" }),
      attributes: { "log.record.uid": "f".repeat(32), scopes: ["a", "b"], count: 3, flag: false },
      body: { user: "ü", nothing: null, deep: { list: [1] } },
    }),
    { host: "unknown", index: "main", sourcetype: "slack", source: undefined },
  );
  expect(text.startsWith('{"time":1760000000.123456,')).toBe(true);
  expect(JSON.parse(text)).toStrictEqual({
    time: 1760000000.123456,
    event: { user: "ü", nothing: null, deep: { list: [1] } },
    host: "pod-1",
    index: "main",
    sourcetype: "slack",
    fields: {
      "service.name": "slack",
      "slack.team.id": "T1",
      "log.record.uid": "f".repeat(32),
      scopes: ["a", "b"],
      count: 3,
      flag: false,
      "otel.log.severity.text": "error",
      "otel.log.severity.number": 17,
      "otel.log.name": "slack.access",
      trace_id: "0123456789abcdef0123456789abcdef",
      span_id: "fedcba9876543210",
    },
  });
});

test("what a record lacks is absent", () => {
  expect(Object.keys(eventOf({}).fields)).toEqual(["service.name", "log.record.uid"]);
});

describe("time", () => {
  test.each([
    [[1_760_000_000, 0], "1760000000.000000"],
    [[1_760_000_000, 1_000], "1760000000.000001"],
    [[1_760_000_000, 999_999_999], "1760000000.999999"],
  ] as const)("%j is %s", (hrTime, time) => {
    expect(toHecEvent(withLog({ hrTime: [...hrTime] }), host)).toContain(`"time":${time},`);
  });

  test("is the observed one where the record has none", () => {
    expect(eventOf({ hrTime: [0, 0], hrTimeObserved: [1_760_000_000, 5_000_000] }).time).toBe(1760000000.005);
  });
});

test.each<[unknown, unknown]>([
  [null, "null"],
  [undefined, "null"],
  ["", '""'],
  [" \n", String.raw`" \n"`],
  [{}, "{}"],
  [[], "[]"],
  [0, "0"],
  [false, "false"],
  ["text", "text"],
  [[null], [null]],
  [{ a: null }, { a: null }],
])("the body %j becomes the event %j, which is never blank", (body, event) => {
  expect(eventOf({ body }).event).toStrictEqual(event);
});

test("attributes name host, source, source type and index, and are no fields then", () => {
  const attributes = {
    "com.splunk.source": "s",
    "com.splunk.sourcetype": "t",
    "com.splunk.index": "i",
    "host.name": "h",
  };
  const event = eventOf({ attributes }, { host: "unknown", index: "main" });
  expect(event).toMatchObject({ source: "s", sourcetype: "t", index: "i", host: "h" });
  expect(event.fields).toEqual({ "service.name": "slack" });
});

test("fields are flat: maps by path, lists with maps as JSON text, nothing for null and empty lists", () => {
  const attributes = {
    map: { a: { b: 1 }, c: "d" },
    list: [{ a: 1 }],
    mixed: ["a", null],
    nothing: null,
    empty: [],
    "service.name": "record wins",
  };
  expect(eventOf({ attributes }).fields).toEqual({
    "map.a.b": 1,
    "map.c": "d",
    list: '[{"a":1}]',
    mixed: '["a",null]',
    "service.name": "record wins",
  });
});

test("whatever the body is, the event is one line of JSON with no key that HEC does not know", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const body = JSON.parse(json) as AnyValue;
      const text = toHecEvent(withLog({ body }), host);
      expect(text).not.toContain("\n");
      const { event, ...rest } = JSON.parse(text) as { event: unknown };
      expect(Object.keys(rest)).toEqual(["time", "host", "fields"]);
      expect(JSON.stringify(typeof event === "string" && typeof body !== "string" ? JSON.parse(event) : event)).toBe(
        typeof body === "string" && body.trim() === "" ? JSON.stringify(JSON.stringify(body)) : JSON.stringify(body),
      );
    }),
  );
});
