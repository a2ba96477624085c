import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SOURCE_NAMES } from "../../src/model.ts";
import { createReadRecord } from "../../src/otlp/decode.ts";
import { serialize, toJsonLine } from "../../src/otlp/encode.ts";
import { fixtureRecords } from "../support/fixture-records.ts";
import { mappedOne } from "../support/mapped.ts";
import { recordNumbers } from "../support/records.ts";

const readRecord = createReadRecord();
const again = (record: Parameters<typeof toJsonLine>[0]) => readRecord(JSON.parse(toJsonLine(record)));

describe.each(SOURCE_NAMES)("every record of %s's fixtures, read back,", (source) => {
  test("is the same in both encodings, with the same uid", () => {
    const records = fixtureRecords(source);
    expect(records.length).toBeGreaterThan(5);
    for (const record of records) {
      const read = again(record);
      expect(read.uid).toBe(record.uid);
      expect(toJsonLine(read)).toBe(toJsonLine(record));
      expect(serialize([read], "protobuf")).toEqual(serialize([record], "protobuf"));
    }
  });
});

test("any entry's record, read back, is the same", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), (entry) => {
      const record = mappedOne("app_activities", JSON.stringify(entry));
      expect(toJsonLine(again(record))).toBe(toJsonLine(record));
    }),
  );
});

test("records of one resource and scope share them, so that they stay one request's group", () => {
  const [first, second] = recordNumbers(2).map(again);
  expect(second?.log.resource).toBe(first?.log.resource);
  expect(second?.log.instrumentationScope).toBe(first?.log.instrumentationScope);
});

test.each([null, 1, {}, { resourceLogs: [] }, { resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] }])(
  "%j is no record",
  (request) => {
    expect(() => readRecord(request)).toThrow();
  },
);

test("a request of two records is none", () => {
  const request: unknown = JSON.parse(Buffer.from(serialize(recordNumbers(2), "json")).toString());
  expect(() => readRecord(request)).toThrow("not a request of one record");
});
