import { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { serializeProtobuf } from "../../src/otlp/protobuf.ts";

const RUNS = Math.min(20_000, Number(process.env["FUZZ_RUNS"] ?? 1_000));

const resources = ["T1", "T2"].map((id) => resourceFromAttributes({ "service.name": "slack", "slack.team.id": id }));
const scopes = [
  { name: "slack-otel", version: "1.2.3" },
  { name: "slack-otel", version: "ü" },
];

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }).map((text) => text.toWellFormed()),
  fc.string({ unit: "grapheme", minLength: 30, maxLength: 200 }),
  fc.constantFrom(
    "",
    "x".repeat(39),
    "x".repeat(40),
    "x".repeat(127),
    "x".repeat(128),
    "é".repeat(64),
    "x".repeat(20_000),
  ),
);
const numbers = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -130, max: 20_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
  fc.constantFrom(0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 53) + 1),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    texts,
    numbers,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 6 }),
    fc.dictionary(texts, tie("value"), { maxKeys: 6 }),
  ),
}));
const time = fc.tuple(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4_000_000_000 })), fc.nat(999_999_999));
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from("0123456789abcdef")), minLength: length, maxLength: length });

const record = fc.record(
  {
    hrTime: time,
    hrTimeObserved: time,
    resource: fc.constantFrom(...resources),
    instrumentationScope: fc.constantFrom(...scopes),
    attributes: fc.dictionary(texts, fc.oneof(texts, numbers, fc.boolean(), fc.array(texts, { maxLength: 3 }))),
    droppedAttributesCount: fc.constantFrom(0, 1, 300),
    body: value,
    eventName: texts,
    severityText: texts,
    severityNumber: fc.integer({ min: 1, max: 24 }),
    spanContext: fc.record(
      { traceId: hex(32), spanId: hex(16), traceFlags: fc.constantFrom(0, 1) },
      { requiredKeys: ["traceId"] },
    ),
  },
  {
    requiredKeys: [
      "hrTime",
      "hrTimeObserved",
      "resource",
      "instrumentationScope",
      "attributes",
      "droppedAttributesCount",
    ],
  },
) as fc.Arbitrary<ReadableLogRecord>;

function same(records: readonly ReadableLogRecord[], expectedBytes: number): void {
  const ours = Buffer.from(
    serializeProtobuf(
      records.map((log) => ({ log })),
      expectedBytes,
    ),
  );
  const theirs = Buffer.from(ProtobufLogsSerializer.serializeRequest([...records]) ?? []);
  expect(ours.equals(theirs), `${ours.toString("hex")}\n${theirs.toString("hex")}`).toBe(true);
}

describe("serializeProtobuf writes what the OpenTelemetry serializer writes, byte for byte", () => {
  test("for any records", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), fc.constantFrom(0, 10_000), (records, expectedBytes) =>
        same(records, expectedBytes),
      ),
      { numRuns: RUNS },
    );
  });

  test("for records whose objects have the same keys, in the same order or in another", () => {
    const keys = fc.subarray(["a", "b", "é", "slack.app.id", ""], { minLength: 0 });
    const object = fc
      .tuple(keys, fc.boolean(), texts)
      .map(([names, isReversed, text]) =>
        Object.fromEntries((isReversed ? names.toReversed() : names).map((name) => [name, text])),
      );
    const alike = fc
      .tuple(record, fc.array(fc.tuple(object, object), { maxLength: 40 }))
      .map(([one, objects]) => objects.map(([attributes, body]) => ({ ...one, attributes, body })));
    fc.assert(
      fc.property(alike, (records) => same(records, 10_000)),
      { numRuns: RUNS / 10 },
    );
  });

  test("for no record", () => same([], 0));

  test("into a buffer that was used before, where it is large enough", () => {
    const records = fc.sample(record, { numRuns: 3, seed: 1 }).map((log) => ({ log }));
    const alone = serializeProtobuf(records, 10_000);
    const spares = [8, 1_000_000].map((size) => Buffer.alloc(size, 0xff));
    const inSpares = spares.map((spare) => serializeProtobuf(records, 10_000, spare));
    expect(inSpares.map((bytes) => bytes.equals(alone))).toEqual([true, true]);
    expect(inSpares.map((bytes, index) => bytes.buffer === spares[index]?.buffer)).toEqual([false, true]);
  });

  test("for a body that does not fit the buffer it began with", () => {
    const [one] = fc.sample(record, 1);
    same([{ ...(one as ReadableLogRecord), body: { large: "x".repeat(3_000_000), list: Array(5000).fill("ß") } }], 0);
  });
});
