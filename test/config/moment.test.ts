import { expect, test } from "vitest";
import { parseMoment } from "../../src/config/moment.ts";

test.each([
  ["now", { kind: "now" }],
  ["earliest", { kind: "earliest" }],
  ["24h", { kind: "back", ms: 86_400_000 }],
  ["1970-01-01T00:00:01Z", { kind: "at", epochMs: 1_000 }],
  ["1970-01-01t00:00:01.250z", { kind: "at", epochMs: 1_250 }],
  ["1970-01-01T02:00:00+02:00", { kind: "at", epochMs: 0 }],
  ["2024-02-29T12:00:00-05:00", { kind: "at", epochMs: Date.UTC(2024, 1, 29, 17) }],
])("%s", (text, start) => {
  expect(parseMoment(text)).toEqual(start);
});

test.each([
  "yesterday",
  "Now",
  "2026-01-31",
  "2026-01-31T00:00:00",
  "2026-01-31 00:00:00Z",
  "2026-02-30T00:00:00Z",
  "2025-02-29T00:00:00Z",
  "2026-01-31T24:00:00Z",
  "2026-01-31T00:60:00Z",
  "2026-01-31T00:00:00+99:00",
  "1700000000",
  "",
])("%j is no moment", (text) => {
  expect(parseMoment(text)).toBeUndefined();
});
