import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { describe, expect, test } from "vitest";
import { parseLossless } from "../src/mapping/lossless.ts";
import { SOURCE_NAMES, type LogRecord, type SourceName } from "../src/model.ts";
import { ACTIVITY_EVENT_TYPES, CHANGE_TYPES, DISABLED_REASONS } from "../src/simulation/vocabulary.ts";
import { sourceDefinitions } from "../src/slack/sources/index.ts";
import { identified, mapped } from "./support/mapped.ts";

const FOLDER = fileURLToPath(new URL("fixtures/", import.meta.url));
const CONVENTIONAL = new Set<unknown>(Object.values(conventions));

function casesOf(source: SourceName): string[] {
  return readdirSync(`${FOLDER}${source}`)
    .filter((file) => file.endsWith(".json") && !file.endsWith(".expected.json"))
    .map((file) => file.slice(0, -".json".length));
}

function textOf(source: SourceName, name: string): string {
  return readFileSync(`${FOLDER}${source}/${name}.json`, "utf8");
}

function recordsOf(source: SourceName): LogRecord[] {
  return casesOf(source).flatMap((name) => mapped(source, textOf(source, name)));
}

/** A record as a person reads it. The body is written out only where it is not the entry as it was sent. */
function readable({ uid, identity: { key, version, count, lastSeconds }, log }: LogRecord, entry: unknown) {
  const { hrTime, severityNumber, severityText, spanContext, eventName, attributes, body } = log;
  return {
    uid,
    key,
    version,
    count,
    lastSeconds,
    timeUnixNano: String(BigInt(hrTime[0]) * 1_000_000_000n + BigInt(hrTime[1])),
    severityNumber,
    severityText,
    traceId: spanContext?.traceId,
    spanId: spanContext?.spanId,
    eventName,
    attributes: { ...attributes, "log.record.uid": undefined, "slack.method": undefined },
    body: isDeepStrictEqual(entry, body) ? "as sent" : { repaired: body },
  };
}

test("the registry holds every source, in the order of the configuration", () => {
  expect(Object.keys(sourceDefinitions)).toEqual(SOURCE_NAMES);
  expect(Object.values(sourceDefinitions).map(({ name }) => name)).toEqual(SOURCE_NAMES);
});

describe.each(SOURCE_NAMES)("%s", (source) => {
  const definition = sourceDefinitions[source];

  test.each(casesOf(source))("maps the fixture %s as expected", async (name) => {
    const text = textOf(source, name);
    const entries = identified(source, text);
    const records = mapped(source, text).map((record, index) => readable(record, entries[index]?.entry));
    await expect(`${JSON.stringify(records, null, 2)}\n`).toMatchFileSnapshot(
      `fixtures/${source}/${name}.expected.json`,
    );
  });

  test("has no expectation without a fixture", () => {
    const expected = readdirSync(`${FOLDER}${source}`).filter((file) => file.endsWith(".expected.json"));
    const possible = casesOf(source).map((name) => `${name}.expected.json`);
    expect(expected.filter((file) => !possible.includes(file))).toEqual([]);
  });

  test("puts uid and method on every record", () => {
    for (const { uid, log } of recordsOf(source)) {
      expect(uid).toMatch(/^[0-9a-f]{32}$/);
      expect(log.attributes).toMatchObject({ "log.record.uid": uid, "slack.method": definition.method });
    }
  });

  test("gives every entry of one answer a uid of its own", () => {
    for (const name of casesOf(source)) {
      const uids = mapped(source, textOf(source, name)).map(({ uid }) => uid);
      expect(new Set(uids).size).toBe(uids.length);
    }
  });

  test("names its attributes once, by OpenTelemetry's conventions or as slack.*, and none that overrides a record", () => {
    const names = definition.attributes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(name.startsWith("slack.") || CONVENTIONAL.has(name), name).toBe(true);
      expect(["message", "msg", "log", "status", "level", "severity"]).not.toContain(name);
    }
  });

  test("has a fixture in which each attribute shows", () => {
    const shown = new Set(recordsOf(source).flatMap(({ log }) => Object.keys(log.attributes)));
    for (const { name } of definition.attributes) expect([...shown]).toContain(name);
  });

  test("says where each attribute stands in terms of the entry", () => {
    for (const { from } of definition.attributes) {
      for (const path of [from].flat()) expect(path).toMatch(/^[a-z_]+(\.([a-z_]+|<type>))*$/);
    }
  });

  test("says what it needs and what to do without", () => {
    for (const text of [definition.scope, definition.plan, definition.rate]) expect(text).not.toBe("");
    expect(definition.remedy).toMatch(/^[A-Z].*\.$/);
    expect(definition.remedy).toContain(definition.scope);
  });
});

test("there is a fixture of every event type of activities, and of one that nobody knows", () => {
  expect([...valuesOf("app_activities", "event_type")]).toEqual(expect.arrayContaining([...ACTIVITY_EVENT_TYPES]));
});

test("there is a fixture of every change type and every reason of integration logs", () => {
  expect([...valuesOf("integration_logs", "change_type")]).toEqual(expect.arrayContaining([...CHANGE_TYPES]));
  expect([...valuesOf("integration_logs", "reason")]).toEqual(expect.arrayContaining([...DISABLED_REASONS]));
});

function valuesOf(source: SourceName, key: string): Set<unknown> {
  const entries = casesOf(source).flatMap((name) => parseLossless(textOf(source, name)) as unknown[]);
  return new Set(entries.map((entry) => (entry as Record<string, unknown> | null)?.[key]));
}
