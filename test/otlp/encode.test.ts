import * as fc from "fast-check";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { describe, expect, test } from "vitest";
import type { LogRecord } from "../../src/model.ts";
import { compress, COMPRESSIONS, ENCODINGS, ON_THE_SPOT_BYTES, serialize, toJsonLine } from "../../src/otlp/encode.ts";
import { decodeJson, decodeProtobuf, inflateRequest, toPlain, uidOf } from "../support/otlp-decoder.ts";
import { createReceiver } from "../support/receiver.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";

const decoders = {
  protobuf: decodeProtobuf,
  json: (bytes: Uint8Array) => decodeJson(Buffer.from(bytes).toString()),
};

function withLog(log: Partial<LogRecord["log"]>, number = 1): LogRecord {
  const record = recordNumber(number);
  return { ...record, log: { ...record.log, ...log } };
}

const traceOnly = { traceId: "0123456789abcdef0123456789abcdef", spanId: undefined, traceFlags: 0 };
const full = withLog({
  hrTime: [1_760_000_000, 123_456_789],
  hrTimeObserved: [1_760_000_001, 7],
  severityNumber: 17,
  severityText: "error",
  eventName: "slack.activity.function_execution_result",
  spanContext: { traceId: "0123456789abcdef0123456789abcdef", spanId: "fedcba9876543210", traceFlags: 0 },
  attributes: { "log.record.uid": "f".repeat(32), "slack.integration.scopes": ["a", "b"], "slack.access.count": 3 },
  body: { text: "größer 🚀", "": null, list: [1, 1.5, true, { deep: [] }], big: "9007199254740993" },
});

describe.each(ENCODINGS)("in %s", (encoding) => {
  const decode = decoders[encoding];
  const decodeOne = (record: LogRecord) => {
    const [decoded] = decode(serialize([record], encoding));
    if (decoded === undefined) throw new Error("no record");
    return decoded;
  };

  test("an independent decoder reads back every part of a record", () => {
    const decoded = decodeOne(full);
    expect(decoded).toMatchObject({
      timeUnixNano: 1_760_000_000_123_456_789n,
      observedTimeUnixNano: 1_760_000_001_000_000_007n,
      severityNumber: 17,
      severityText: "error",
      eventName: "slack.activity.function_execution_result",
      traceId: "0123456789abcdef0123456789abcdef",
      spanId: "fedcba9876543210",
      droppedAttributesCount: 0,
      scope: { name: "slack-otel", version: "0.0.0" },
    });
    expect(toPlain(decoded.attributes)).toEqual(full.log.attributes);
    expect(toPlain(decoded.body)).toEqual(full.log.body);
    expect(toPlain(decoded.resource)).toEqual({ "service.name": "slack" });
  });

  test("a time, severity and trace that are not known are absent", () => {
    const decoded = decodeOne(withLog({ hrTime: [0, 0] }));
    expect(decoded).toMatchObject({ timeUnixNano: 0n, severityNumber: 0, severityText: "", traceId: "", spanId: "" });
    expect(decoded.observedTimeUnixNano).toBeGreaterThan(0n);
  });

  test("a trace id may stand without a span id", () => {
    const decoded = decodeOne(
      withLog({ spanContext: traceOnly as unknown as NonNullable<typeof full.log.spanContext> }),
    );
    expect(decoded).toMatchObject({ traceId: traceOnly.traceId, spanId: "" });
  });

  test("records keep their order and share one envelope", () => {
    const records = recordNumbers(50);
    const bytes = serialize(records, encoding);
    expect(decode(bytes).map(uidOf)).toEqual(records.map(({ uid }) => uid));
    expect(Buffer.from(bytes).toString("latin1").split("service.name")).toHaveLength(2);
  });

  test("records of two resources are told apart", () => {
    const other = withLog({ resource: resourceFromAttributes({ "service.name": "other" }) }, 2);
    const decoded = decode(serialize([recordNumber(1), other], encoding));
    expect(decoded.map(({ resource }) => resource.get("service.name"))).toEqual(["slack", "other"]);
  });

  test("whatever JSON can say is read back equal", () => {
    const text = fc.string({ unit: "binary" }).map((text) => text.toWellFormed());
    const number = fc.oneof(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 52), max: 2 ** 52 }),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: "small" }, fc.constant(null), fc.boolean(), number, text, tie("list"), tie("map")),
      list: fc.array(tie("value"), { maxLength: 4 }),
      map: fc.dictionary(fc.oneof(text, fc.constantFrom("__proto__", "constructor", "")), tie("value"), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(value, (body) => {
        const decoded = decodeOne(withLog({ body }));
        expect(JSON.stringify(toPlain(decoded.body))).toBe(JSON.stringify(body));
      }),
      { numRuns: 300 },
    );
  });

  test.each(
    COMPRESSIONS.flatMap(
      (compression) =>
        [
          [compression, "small", 20],
          [compression, "large", 2_000],
        ] as const,
    ),
  )("%s of a %s request is undone by the receiver", async (compression, size, count) => {
    const bytes = serialize(recordNumbers(count), encoding);
    expect(bytes.length < ON_THE_SPOT_BYTES).toBe(size === "small");
    const body = await compress(bytes, compression);
    const inflated = inflateRequest(compression === "none" ? undefined : compression, body);
    expect(Buffer.compare(inflated, bytes)).toBe(0);
    if (compression !== "none") expect(body.length).toBeLessThan(bytes.length / 4);
  });
});

test("a JSON line has no line break, whatever the record says", () => {
  const line = toJsonLine(withLog({ body: "a\nb\r\n\u2028" }));
  expect(line).not.toMatch(/[\r\n]/);
  expect(decodeJson(line)[0]?.body).toBe("a\nb\r\n\u2028");
});

test("our JSON request is what OTLPLogExporter sends, byte for byte", async () => {
  await using receiver = await createReceiver();
  const exporter = new OTLPLogExporter({ url: `${receiver.url}/v1/logs` });
  const records = [full, withLog({ hrTime: [0, 0], body: null }), ...recordNumbers(20)];
  const result = await new Promise<{ code: number }>((resolve) =>
    exporter.export(
      records.map(({ log }) => log),
      resolve,
    ),
  );
  await exporter.shutdown();

  expect(result.code).toBe(0);
  const [request] = receiver.requests;
  expect(request?.received.headers["content-type"]).toBe("application/json");
  expect(request?.received.body.toString()).toBe(Buffer.from(serialize(records, "json")).toString());
});
