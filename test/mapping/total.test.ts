import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogRecord } from "../../src/model.ts";
import { SOURCE_NAMES } from "../../src/model.ts";
import { serialize } from "../../src/otlp/encode.ts";
import { hostileEntries } from "../../src/simulation/hostile.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";
import { entryTexts } from "../support/entry-texts.ts";
import { expectedBody } from "../support/expected-body.ts";
import { mapped, mappedOne } from "../support/mapped.ts";
import { decodeJson, decodeProtobuf, toPlain, type DecodedRecord } from "../support/otlp-decoder.ts";

/** For each source its part. */
const NUM_RUNS = Math.ceil(Number(process.env["FUZZ_RUNS"] ?? 2_000) / SOURCE_NAMES.length);
/** Datadog lets attributes of these names override the record. */
const FORBIDDEN = new Set(["message", "msg", "log", "status", "level", "severity"]);

function nanos([seconds, rest]: readonly [number, number]): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest);
}

/** What the receiver sees is what the record says. */
function check(record: LogRecord, decoded: DecodedRecord | undefined): void {
  const { log, uid } = record;
  if (decoded === undefined) throw new Error("a record did not arrive");
  const received = {
    uid: decoded.attributes.get("log.record.uid"),
    attributes: toPlain(decoded.attributes),
    time: decoded.timeUnixNano,
    observed: decoded.observedTimeUnixNano,
    severityNumber: decoded.severityNumber,
    severityText: decoded.severityText,
    traceId: decoded.traceId,
    spanId: decoded.spanId,
    flags: decoded.flags,
    eventName: decoded.eventName,
    scope: decoded.scope.name,
    resource: toPlain(decoded.resource),
  };
  const sent = {
    uid,
    attributes: log.attributes,
    time: nanos(log.hrTime),
    observed: nanos(log.hrTimeObserved),
    severityNumber: log.severityNumber ?? 0,
    severityText: log.severityText ?? "",
    traceId: log.spanContext?.traceId ?? "",
    spanId: log.spanContext?.spanId ?? "",
    flags: 0,
    eventName: log.eventName,
    scope: "slack-otel",
    resource: log.resource.attributes,
  };
  if (!isDeepStrictEqual(received, sent)) expect(received).toEqual(sent);
  if ((received.time === 0n) !== "slack.time.invalid" in log.attributes) expect(sent).toBe("with or without a time");
  for (const [name, value] of Object.entries(log.attributes)) {
    const isFlat = Array.isArray(value) ? value.every((item) => typeof item === "string") : typeof value !== "object";
    if (!isFlat || FORBIDDEN.has(name)) expect(name).toBe("no attribute");
  }
}

function checkBatch(records: readonly LogRecord[], bodies: readonly unknown[]): void {
  const json = serialize(records, "json");
  for (const decoded of [decodeProtobuf(serialize(records, "protobuf")), decodeJson(Buffer.from(json).toString())]) {
    if (decoded.length !== records.length) expect(decoded).toHaveLength(records.length);
    for (const [index, record] of records.entries()) {
      check(record, decoded[index]);
      const body = toPlain(decoded[index]?.body);
      if (!isDeepStrictEqual(body, bodies[index])) expect(body).toStrictEqual(bodies[index]);
    }
  }
  const sizeBytes = records.reduce((sum, record) => sum + record.sizeBytes, 0);
  expect(json.length).toBeLessThan(sizeBytes + 500);
}

describe.each(SOURCE_NAMES)("whatever stands in %s", (source) => {
  test("[H7] arrives as it was sent, in both encodings", { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(entryTexts(source), (text) => {
        checkBatch(mapped(source, `[${text}]`), [expectedBody(text)]);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test.each(hostileEntries().map(({ name, text }) => [name, text]))("[H1] arrives: %s", (name, text) => {
    const records = mapped(source, `[{"id":"before"},${text},{"id":"after"}]`);
    expect(records).toHaveLength(3);
    if (name.startsWith("deep")) return;
    checkBatch(records, [{ id: "before" }, expectedBody(text), { id: "after" }]);
  });

  test.each([
    ["[", "", "]"],
    [`{"a":`, "1", "}"],
    [`[{"a":`, "1e400", "}]"],
  ])("[H3] arrives, as text below 64 levels: %s", (open, inner, close) => {
    const entry = open.repeat(10_000) + inner + close.repeat(10_000);
    const record = mappedOne(source, entry);
    expect(record.log.attributes["slack.repaired"]).toEqual(["depth"]);
    let [decoded, other] = [
      decodeProtobuf(serialize([record], "protobuf")),
      decodeJson(Buffer.from(serialize([record], "json")).toString()),
    ];
    expect(other.map(({ body }) => toPlain(body))).toEqual(decoded.map(({ body }) => toPlain(body)));
    let value = toPlain(decoded[0]?.body);
    let levels = 0;
    for (; typeof value === "object"; levels++) value = Object.values(value as object)[0];
    expect(levels).toBe(64);
    const cut = open.repeat(64 / (open.startsWith("[{") ? 2 : 1)).length;
    expect(value === entry.slice(cut, entry.length - close.repeat(64 / close.length).length)).toBe(true);
  });

  test("becomes a record for an empty answer as well as a long one", () => {
    expect(mapped(source, "[]")).toEqual([]);
    expect(mapped(source, `[${Array.from({ length: 1_000 }, (_, index) => `{"n":${index}}`).join(",")}]`)).toHaveLength(
      1_000,
    );
  });
});

test("the definitions have what the fuzzed entries are made of", () => {
  for (const { attributes } of Object.values(sourceDefinitions)) expect(attributes.length).toBeGreaterThan(9);
});
