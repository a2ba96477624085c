import { expect, test } from "vitest";
import { checkLimits } from "../../src/check/limits.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import type { Destination } from "../../src/model.ts";

const NOW = Date.UTC(2026, 10, 1);
const HOUR = 3_600_000;

function found(settings: object, limits: Destination["limits"] = {}, reachedMs: readonly number[] = []) {
  const files = { read: () => JSON.stringify({ slack: { token: "xoxp-1" }, ...settings }), stamp: () => "" };
  const loaded = loadConfiguration({ file: "a.yaml", env: {}, files });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  const destination = { name: "d", description: "there", limits } as Destination;
  const clock = { now: () => NOW, monotonic: () => 0, sleep: () => Promise.resolve() };
  return checkLimits({ configuration: loaded.configuration, destination, clock, reachedMs }).map(
    ({ id, level, what }) => `${level} ${id}: ${what}`,
  );
}

const otlp = (endpoint: string, more: object = {}) => ({ destination: { otlp: { endpoint, ...more } } });
const local = otlp("http://localhost:4318");
const window = { maxAgeMs: 18 * HOUR };

test("a receiver without limits has none to meet", () => {
  expect(found({ ...local, start: "earliest" })).toEqual([]);
});

test.each([
  ["24h", ["warn age_window: `start` reaches 24 hours back; it takes 18 hours. A first run begins 17.5 hours back."]],
  [
    "earliest",
    ["warn age_window: `start` reaches back without an end; it takes 18 hours. A first run begins 17.5 hours back."],
  ],
  [
    "2026-10-31T00:00:00Z",
    ["warn age_window: `start` reaches 24 hours back; it takes 18 hours. A first run begins 17.5 hours back."],
  ],
  ["17h", []],
  ["now", []],
])("a first run from %s meets the window of a receiver that drops what is old, or does not", (start, expected) => {
  expect(found({ ...local, start }, window)).toEqual(expected);
});

test("after the first run the positions count, not `start`", () => {
  expect(found({ ...local, start: "earliest" }, window, [NOW - HOUR, NOW])).toEqual([]);
  expect(found({ ...local, start: "now" }, window, [NOW - 20 * HOUR, NOW])).toEqual([
    "warn age_window: The position reaches 20 hours back; it takes 18 hours. What is older becomes dead letters.",
  ]);
});

test("a receiver that is known by its host to drop what is old is not sent less for that", () => {
  const dynatrace = otlp("https://abc.live.dynatrace.com/api/v2/otlp");
  expect(found({ ...dynatrace, start: "30h" })).toEqual([
    "warn age_window: `start` reaches 30 hours back; it takes 24 hours.",
  ]);
});

test.each<[string, object, string[]]>([
  ["https://otlp.nr-data.net", {}, ["warn size_limit: batch.max_bytes is 4194304; New Relic takes 1000000."]],
  [
    "https://abc.live.dynatrace.com/api/v2/otlp",
    { encoding: "json" },
    ["fail receiver: Dynatrace takes protobuf only; encoding is json."],
  ],
  [
    "https://logs.eu-west-1.amazonaws.com",
    { compression: "zstd" },
    ["fail receiver: AWS CloudWatch takes gzip or none; compression is zstd."],
  ],
  ["https://otlp.nr-data.net.example.com", {}, []],
])("what %s is known to limit is held against the settings", (endpoint, more, expected) => {
  expect(found({ ...otlp(endpoint, more), start: "now" })).toEqual(expected);
});
