import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { identify } from "../../../src/mapping/identity.ts";
import { createMapper } from "../../../src/mapping/record.ts";
import { createReadEntries } from "../../../src/mapping/text/read-entries.ts";
import { isTextEntry, valueOf } from "../../../src/mapping/text/text-entry.ts";
import type { LogRecord } from "../../../src/model.ts";
import { serialize } from "../../../src/otlp/encode.ts";
import { createSimulatedSlack } from "../../../src/simulation/slack.ts";
import { createTraffic } from "../../../src/simulation/traffic.ts";
import { readAnswer, type Page } from "../../../src/slack/answer.ts";
import { sourceDefinitions } from "../../../src/slack/sources/index.ts";
import { entryTexts } from "../../support/entry-texts.ts";

const NUM_RUNS = Math.min(4_000, Math.ceil(Number(process.env["FUZZ_RUNS"] ?? 1_200) / 4));
const STREAM = "app_activities/E0123";
const OBSERVED_MS = Date.UTC(2026, 0, 1);
const definition = sourceDefinitions.app_activities;
const toRecord = createMapper(definition, { stream: STREAM, version: "1.2.3", resource: {} });
const createRead = () => createReadEntries(definition, `${STREAM}\n`);
const answerOf = (entries: readonly string[]) =>
  Buffer.from(`{"ok":true,"activities":[${entries.join(",")}],"response_metadata":{"next_cursor":"c"}}`);

function read(body: Buffer, readEntries?: ReturnType<typeof createRead>): Page | undefined {
  const endpoint = { ...definition.endpoint, ...(readEntries === undefined ? {} : { readEntries }) };
  const result = readAnswer(endpoint, { kind: "answer", status: 200, headers: {}, body }, OBSERVED_MS);
  return result.kind === "ok" ? result.page : undefined;
}

function recordsOf(page: Page | undefined): LogRecord[] {
  const entries = identify(definition, STREAM, page?.entries ?? []);
  return entries.map((entry) => toRecord(entry, { observedMs: OBSERVED_MS, mark: entry.timeMicros ?? 0 }));
}

/** Reads the answer both ways and compares everything. Returns how many entries were left as text. */
function compare(body: Buffer, readEntries = createRead()): number {
  const [page, parsed] = [read(body, readEntries), read(body)];
  const values = page?.entries.map((entry) => (isTextEntry(entry) ? valueOf(entry) : entry));
  expectSame(values, parsed?.entries);
  expectSame({ ...page?.body, activities: [] }, { ...parsed?.body, activities: [] });
  expect(page?.nextCursor).toBe(parsed?.nextCursor);
  const [records, expected] = [recordsOf(page), recordsOf(parsed)];
  const parts = ({ uid, identity, log }: LogRecord) => ({ uid, identity, log });
  expectSame(records.map(parts), expected.map(parts));
  for (const encoding of ["protobuf", "json"] as const) {
    const [bytes, wanted] = [serialize(records, encoding), serialize(expected, encoding)];
    expect(Buffer.compare(bytes, wanted)).toBe(0);
  }
  for (const record of records) expect(serialize([record], "json").length).toBeLessThan(record.sizeBytes + 500);
  return records.filter(({ text }) => text !== undefined).length;
}

/** Unlike `toStrictEqual`, this takes a key `__proto__` for what it is. */
function expectSame(some: unknown, others: unknown): void {
  if (!isDeepStrictEqual(some, others)) expect(some).toStrictEqual(others);
}

function simulated(count: number): string[] {
  const slack = createSimulatedSlack({ clock: { now: () => OBSERVED_MS }, startMs: OBSERVED_MS });
  createTraffic(slack).history({ activities: count }, 24);
  return slack.world.activities.listing.visible(slack.now()).map(({ text }) => text);
}

const EXAMPLE =
  '{"level":"info","event_type":"function_execution_result","created":1764547200000001,"trace_id":"Tr1","payload":{"exec_outcome":"Success","function_execution_id":"Fx1","inputs":{"a":"1","n":7,"list":["x",{"y":null}],"none":{},"yes":true}}}';
const changed = (from: string, to: string) => EXAMPLE.replace(from, () => to);

describe("entries that are left as text", () => {
  test("become the records that parsed ones become", () => {
    const entries = simulated(1_500);
    const readEntries = createRead();
    const asText = [0, 500, 1_000].map((from) => compare(answerOf(entries.slice(from, from + 500)), readEntries));
    expect(Math.min(...asText)).toBeGreaterThan(450);
  });

  test("whatever stands in the answer", () => {
    fc.assert(
      fc.property(fc.array(entryTexts("app_activities"), { maxLength: 6 }), fc.nat(5), (texts, again) => {
        compare(answerOf([EXAMPLE, ...texts, ...texts.slice(again), EXAMPLE]));
      }),
      { numRuns: NUM_RUNS },
    );
  }, 600_000);

  test("even where the answer was damaged", () => {
    const answer = answerOf([EXAMPLE, changed("Tr1", "Tr2"), changed('"Tr1"', "null")]);
    for (let cut = 0; cut < answer.length; cut++) compare(answer.subarray(0, cut));
    fc.assert(
      fc.property(fc.nat(answer.length - 1), fc.constantFrom(...Buffer.from('",:{}[]\\0-e/u \u0001é')), (at, code) => {
        const damaged = Buffer.from(answer);
        damaged[at] = code;
        compare(damaged);
      }),
      { numRuns: NUM_RUNS },
    );
  }, 600_000);
});

const SAME = changed("Tr1", "Tr2");
describe.each([
  ["with other values", changed('"n":7', '"n":-9007199254740991'), true],
  ["with a null where a number was", changed('"n":7', '"n":null'), true],
  ["with a text that becomes an attribute and is empty", changed('"Tr1"', '""'), true],
  ["with escapes like ours", changed("Success", String.raw`a\n\t\"\\\b\f\r`), true],
  ["with slashes and letters escaped", changed("Success", String.raw`\/\u00e9\ud83d\ude00\u001B\u0041\u007f`), true],
  ["with slashes escaped among others", changed("Success", String.raw`\\\/\"\/é\n\\/\\\\`), true],
  ["with letters of several bytes", changed("Success", "é€😀\u2028\u007f"), true],
  ["with a text of 2,000 characters", changed("Success", "xé".repeat(1_000)), true],
  ["with half a character", changed("Success", String.raw`\ud83d`), false],
  ["with a fraction", changed('"n":7', '"n":7.5'), false],
  ["with a number that a double cannot hold", changed('"n":7', '"n":9007199254740993'), false],
  ["with a zero below zero", changed('"n":7', '"n":-0'), false],
  ["with another key", changed('"n":7', '"m":7'), true],
  ["with spaces", changed('"n":7', ' "n" : 7\n'), true],
  ["with a key that comes twice", changed('"n":7', '"a":7'), false],
  ["with a key that a plain object would lose", changed('"n":7', '"__proto__":7'), false],
  ["with a key that a plain object would move", changed('"n":7', '"0":7'), false],
  ["with an escape in a key", changed('"n":7', String.raw`"\n":7`), false],
  ["without a time", changed('"created":1764547200000001,', ""), false],
  ["with no time of ours", changed("1764547200000001", "17"), false],
  ["with a time in the future", changed("1764547200000001", "1964547200000001"), false],
  ["with a list for a level", changed('"info"', "[1]"), false],
  ["with a number for an event type", changed('"function_execution_result"', "12"), true],
  ["with a map for an attribute", changed('"Tr1"', "{}"), false],
  ["with a very long event type", changed("function_execution_result", "x".repeat(300)), false],
  ["that failed", changed('"info"', '"error"').replace("{", '{"payload":1,'), false],
  [
    "that failed with a reason",
    changed('"info"', '"error"').replace('"inputs"', '"reason":"r","error":"e\\n","inputs"'),
    true,
  ],
  ["nested 70 levels deep", changed('"n":7', `"n":${"[".repeat(70)}${"]".repeat(70)}`), false],
  ["that is no object", "[1]", false],
] as const)("an entry %s", (_, entry, isText) => {
  test("is as good as parsed", () => {
    const records = compare(answerOf([EXAMPLE, SAME, entry, entry]));
    const deep = entry.includes("[".repeat(70));
    expect(records).toBe(deep ? 0 : isText ? 4 : 2);
  });
});

test("an answer whose entries have little in common is parsed as a whole", () => {
  const entries = Array.from({ length: 150 }, (_, index) => changed('"n":7', `"n${index}":7`));
  expect(compare(answerOf(entries))).toBe(0);
  expect(compare(answerOf(entries.slice(0, 100)))).toBe(100);
});

test.each([
  ["twice", '{"ok":true,"activities":[{"a":1}],"activities":[{"b":2}]}'],
  ["after others", `{"ok":true, "x" : {"activities":[1]}, "activities" : [ ${EXAMPLE} , ${SAME} ] }`],
  ["that is no list", '{"ok":true,"activities":{"a":[]}}'],
  ["that is empty", '{"ok":true,"activities":[ ]}'],
  ["with a comma at its end", `{"ok":true,"activities":[${EXAMPLE},]}`],
  ["without an end", `{"ok":true,"activities":[${EXAMPLE}`],
])("a list %s is read as the parser reads it", (_, text) => {
  compare(Buffer.from(text));
});

test("an answer that is not UTF-8 is read as the parser reads it", () => {
  const answer = answerOf([EXAMPLE, SAME]);
  answer[answer.indexOf("Tr2")] = 0xff;
  expect(compare(answer)).toBe(0);
});
