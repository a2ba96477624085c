import { describe, expect, test } from "vitest";
import {
  addRefused,
  beginCoverage,
  judge,
  openHole,
  reaching,
  told,
  type Coverage,
} from "../../src/coverage/coverage.ts";
import type { StreamDocument } from "../../src/coverage/document.ts";
import type { Standing } from "../../src/status.ts";
import { renderJson } from "../../src/status/json.ts";
import { renderScreen } from "../../src/status/screen.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 2, 15);
const plain = { style: (_: unknown, text: string) => text, columns: 80, version: "1.2.3" };

const coverage: Coverage = told(
  addRefused(
    reaching(beginCoverage(NOW_MS - 30 * HOUR_MS, 2 * HOUR_MS, "start"), NOW_MS - 14_000, 2 * HOUR_MS),
    [NOW_MS - 10 * HOUR_MS],
    7,
  ),
);
const document: StreamDocument = {
  v: 1,
  coverage,
  walkedMs: NOW_MS - 14_000,
  everyMs: 60_000,
  delivered: 12_345,
  deadLettered: 1,
  recent: [[NOW_MS - 20 * 60_000, 67]],
  trouble: {
    side: "destination",
    error: "HTTP 503",
    message: "it is tried again",
    sinceMs: NOW_MS - HOUR_MS,
    overMs: NOW_MS - 60_000,
  },
};

function standing(changes: Partial<Standing> = {}): Standing {
  return {
    stream: "access_logs/T1",
    reachedMs: coverage.reachedMs,
    coverage,
    document,
    position: { v: 1 },
    identities: 3,
    ...changes,
  };
}

const status = (...streams: Standing[]) => ({ path: "/state.db", atMs: NOW_MS, exists: true, streams });

describe("the screen", () => {
  test("is what it is", () => {
    expect(renderScreen(status(standing()), plain)).toMatchInlineSnapshot(`
      "slack-otel 1.2.3: /state.db at 2026-11-02T15:00:00Z

      access_logs/T1
        complete to   2026-11-02T14:59:46Z, 14 s ago; late entries looked for back to 2026-11-02T12:59:46Z
        records       12345 delivered, 67 in the last hour, 1 dead letter
        next look     in 46 s
        last error    destination, 1 h ago, over since 60 s: HTTP 503: it is tried again
        coverage      ████████████████████████████████████╳████████████████████▓▓▓▓▓░
                      2026-11-01T15:00:00Z                       2026-11-02T15:00:00Z
        hole          2026-11-02T05:00:00Z to 2026-11-02T05:00:00Z, 1 record: dead_letters: the destination refused records for good; they are in the dead letters

      █ delivered
      ▓ delivered, what turns up late is still looked for
      ░ not read yet
      ╳ something is missing
      "
    `);
  });

  test("tells a stream that nothing follows any more from one that waits for its turn", () => {
    const stale = { ...document, walkedMs: NOW_MS - 5 * HOUR_MS };
    expect(renderScreen(status(standing({ document: stale })), plain)).toContain("nothing has looked for 5 h");
    expect(renderScreen(status(standing()), plain)).toContain("next look     in 46 s");
  });

  test("shows what an earlier version left, and a stream that has not come to an end once", () => {
    const text = renderScreen(
      status(standing({ document: undefined, coverage: undefined }), standing({ reachedMs: undefined })),
      plain,
    );
    expect(text).toContain("the rest is known once this version has read it");
    expect(text).toContain("not yet known: the first walk is not complete");
  });

  test("answers whether anything is missing", () => {
    const asked = { fromMs: NOW_MS - 11 * HOUR_MS, toMs: NOW_MS - 9 * HOUR_MS };
    const verdict = judge(coverage, asked, NOW_MS);
    expect(renderScreen({ ...status(standing({ verdict })), asked }, plain)).toContain("something is missing: 1 hole");
    const other = judge(coverage, { fromMs: NOW_MS - 9 * HOUR_MS, toMs: NOW_MS - 8 * HOUR_MS }, NOW_MS);
    expect(renderScreen({ ...status(standing({ verdict: other })), asked }, plain)).toContain(
      "nothing is missing: all",
    );
  });
});

test("the JSON has every key for a stream of which nothing is known, and marks a hole that is open", () => {
  const bare = standing({ document: undefined, coverage: undefined, reachedMs: undefined, position: undefined });
  const halted = openHole(coverage, { reason: "plan", code: "paid_only", message: "", sinceMs: NOW_MS }, true);
  const parsed = JSON.parse(renderJson(status(bare, standing({ coverage: halted })), "1.2.3")) as {
    readonly streams: readonly Readonly<Record<string, unknown>>[];
  };
  const [first, second] = parsed.streams;
  expect(Object.keys(first ?? {})).toEqual(Object.keys(second ?? {}));
  expect(first).toMatchObject({ reached: null, covered: null, holes: null, last_error: null, position: null });
  expect(second?.["holes"]).toMatchObject([
    { from: null, reason: "start" },
    { reason: "dead_letters", records: 1, from: "2026-11-02T05:00:00Z", to: "2026-11-02T05:00:00.001Z" },
    { reason: "plan", from: "2026-11-02T14:59:46Z", to: null },
  ]);
});
