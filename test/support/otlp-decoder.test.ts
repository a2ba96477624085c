import { expect, test } from "vitest";
import { decodeJson, decodeProtobuf, toPlain, type DecodedValue } from "./otlp-decoder.ts";

/** A message field by field, written by hand from the .proto files. */
function field(number: number, content: string | readonly number[]): number[] {
  const bytes = typeof content === "string" ? [...Buffer.from(content)] : content;
  return [(number << 3) | 2, bytes.length, ...bytes];
}
/** A request with one record of these bytes. */
function request(record: readonly number[]): Uint8Array {
  return Uint8Array.from(field(1, field(2, field(2, record))));
}
function decodeOne(record: readonly number[]) {
  const [decoded] = decodeProtobuf(request(record));
  if (decoded === undefined) throw new Error("no record");
  return decoded;
}
const attribute = (key: string, value: readonly number[]) => field(6, [...field(1, key), ...field(2, value)]);
const minusOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

test("reads every field of a protobuf record", () => {
  const resource = field(1, field(1, [...field(1, "service.name"), ...field(2, field(1, "slack"))]));
  const scope = field(1, [...field(1, "me"), ...field(2, "1.0")]);
  const record = [
    0x09,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0x80,
    0x10,
    17,
    ...field(3, "error"),
    ...field(5, field(1, "ö")),
    ...attribute("a", [0x18, 5]),
    0x38,
    2,
    0x45,
    1,
    1,
    0,
    0,
    ...field(
      9,
      Array.from({ length: 16 }, (_, index) => index + 1),
    ),
    ...field(10, [0xab, 0, 0, 0, 0, 0, 0, 1]),
    0x59,
    2,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    ...field(12, "slack.access"),
  ];
  const scopeLogs = [...scope, ...field(2, record), ...field(3, "https://scope")];
  const bytes = Uint8Array.from([0x0a, ...lengthOf([...resource, ...field(2, scopeLogs)])]);

  expect(decodeProtobuf(bytes)).toEqual([
    {
      timeUnixNano: 2n ** 63n + 1n,
      observedTimeUnixNano: 2n,
      severityNumber: 17,
      severityText: "error",
      eventName: "slack.access",
      traceId: "0102030405060708090a0b0c0d0e0f10",
      spanId: "ab00000000000001",
      flags: 257,
      attributes: new Map([["a", 5n]]),
      droppedAttributesCount: 2,
      body: "ö",
      resource: new Map([["service.name", "slack"]]),
      scope: { name: "me", version: "1.0", attributes: new Map() },
      schemaUrl: "https://scope",
      resourceSchemaUrl: "",
    },
  ]);
});

function lengthOf(content: readonly number[]): number[] {
  return content.length < 128
    ? [content.length, ...content]
    : [(content.length & 127) | 128, content.length >> 7, ...content];
}

const kinds: [string, number[], string, DecodedValue][] = [
  ["a string", field(1, "5"), '{"stringValue":"5"}', "5"],
  ["an empty string", field(1, ""), '{"stringValue":""}', ""],
  ["a boolean", [0x10, 1], '{"boolValue":true}', true],
  ["an integer", [0x18, 5], '{"intValue":5}', 5n],
  ["a negative integer", [0x18, ...minusOne], '{"intValue":"-1"}', -1n],
  ["a double", [0x21, 0, 0, 0, 0, 0, 0, 0x14, 0x40], '{"doubleValue":5}', 5],
  ["an infinity", [0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f], '{"doubleValue":"Infinity"}', Infinity],
  [
    "an array",
    field(5, [...field(1, [0x10, 0]), ...field(1, [])]),
    '{"arrayValue":{"values":[{"boolValue":false},{}]}}',
    [false, null],
  ],
  ["an empty array", field(5, []), '{"arrayValue":{}}', []],
  [
    "a map",
    field(6, field(1, [...field(1, "__proto__"), ...field(2, [0x18, 1])])),
    '{"kvlistValue":{"values":[{"key":"__proto__","value":{"intValue":"1"}}]}}',
    new Map([["__proto__", 1n]]),
  ],
  ["bytes", field(7, [1, 2]), '{"bytesValue":"AQI="}', Uint8Array.of(1, 2)],
  ["null", [], "{}", null],
];

test.each(kinds)("tells %s from every other kind of value", (_name, bytes, json, value) => {
  expect(decodeOne(field(5, bytes)).body).toStrictEqual(value);
  const text = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${json}}]}]}]}`;
  expect(decodeJson(text)[0]?.body).toStrictEqual(value);
});

test("an absent body is not a null one", () => {
  expect(decodeOne([]).body).toBeUndefined();
  expect(decodeJson('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}')[0]?.body).toBeUndefined();
});

test.each<[string, number[]]>([
  ["an unknown field", [0x68, 1]],
  ["a wrong wire type", [0x28, 1]],
  ["a field twice", [...field(3, "a"), ...field(3, "b")]],
  ["a truncated field", [0x1a, 5, 0x61]],
  ["a truncated varint", [0x10, 0x80]],
  ["a varint over 64 bits", [0x10, ...minusOne.with(9, 0x02)]],
  ["a group", [0x0b]],
  ["field 0", [0x02, 0]],
  ["invalid UTF-8", field(3, [0xc3])],
  ["a trace id of 8 bytes", field(9, [1, 2, 3, 4, 5, 6, 7, 8])],
  [
    "a trace id of zeros",
    field(
      9,
      Array.from({ length: 16 }, () => 0),
    ),
  ],
  ["a severity of 25", [0x10, 25]],
  ["a value of two kinds", field(5, [...field(1, "a"), 0x10, 1])],
  ["a boolean of 2", field(5, [0x10, 2])],
  ["an attribute twice", [...attribute("a", []), ...attribute("a", [])]],
])("refuses protobuf with %s", (_name, record) => {
  expect(() => decodeProtobuf(request(record))).toThrow();
});

test.each([
  ["an unknown key", '{"colour":1}'],
  ["a null", '{"severityText":null}'],
  ["an integer that a double cannot hold", '{"body":{"intValue":1e21}}'],
  ["a fraction for an integer", '{"body":{"intValue":1.5}}'],
  ["a null for a double", '{"body":{"doubleValue":null}}'],
  ["an integer over 64 bits", '{"body":{"intValue":"9223372036854775808"}}'],
  ["a lone surrogate", String.raw`{"body":{"stringValue":"\ud800"}}`],
  ["a value of two kinds", '{"body":{"stringValue":"a","intValue":1}}'],
  ["a value of an unknown kind", '{"body":{"text":"a"}}'],
  ["base64 that is none", '{"body":{"bytesValue":"?"}}'],
  ["an id in base64", '{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA=="}'],
  ["an empty span id", '{"spanId":""}'],
  ["an attribute whose key is no text", '{"attributes":[{"key":1,"value":{}}]}'],
  ["a time that is no time", '{"timeUnixNano":"soon"}'],
])("refuses JSON with %s", (_name, record) => {
  expect(() => decodeJson(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`)).toThrow();
});

test("shows values as JSON would have them", () => {
  const value = new Map<string, DecodedValue>([
    ["__proto__", [1n, 2 ** 53 + 2, 2n ** 60n, null]],
    ["bytes", Uint8Array.of(1, 2)],
  ]);
  const plain = JSON.parse('{"__proto__":[1,9007199254740994,"1152921504606846976",null],"bytes":"AQI="}') as unknown;
  expect(JSON.stringify(toPlain(value))).toBe(JSON.stringify(plain));
});

test("reads an empty key that a Collector left out, as proto3 JSON does with what is empty", () => {
  const [record] = decodeJson('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"value":{}}]}]}]}]}');
  expect(record?.attributes).toEqual(new Map([["", null]]));
});
