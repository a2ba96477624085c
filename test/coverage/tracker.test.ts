import { describe, expect, test } from "vitest";
import { createHoleRecords } from "../../src/coverage/hole-record.ts";
import { createTracker, type TrackerOptions } from "../../src/coverage/tracker.ts";
import type { Halt, Page } from "../../src/model.ts";
import type { LogLine } from "../support/destination.ts";
import { recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const NOW_MS = Date.UTC(2026, 10, 2, 9);
const HOUR_MS = 3_600_000;
const STREAM = "audit_logs/E1";
const HALT: Halt = {
  kind: "halted",
  scope: "stream",
  reason: "unavailable",
  code: "missing_scope",
  message: "Slack refuses the Audit Logs API with missing_scope: add the scope",
};

const REVOKED: Halt = { ...HALT, scope: "token", reason: "credentials", code: "token_revoked" };

/** A stream whose positions are the times they reach. */
function stage(options: Partial<TrackerOptions> = {}) {
  const clock = createVirtualClock(NOW_MS);
  const log: LogLine[] = [];
  const create = (more: Partial<TrackerOptions> = {}) =>
    createTracker({
      stream: STREAM,
      report: undefined,
      position: undefined,
      reachedMs: (position) => (position as { readonly ms?: number }).ms,
      lookBackMs: HOUR_MS,
      intervalMs: 60_000,
      slackNow: clock.now,
      isOptional: () => false,
      toRecord: createHoleRecords({ stream: STREAM, method: "audit.logs", resource: {}, version: "1" }),
      clock,
      log: (level, event, fields) => void log.push({ level, event, fields }),
      ...options,
      ...more,
    });
  return { clock, log, create };
}

function page(ms: number | undefined, more: Partial<Page> = {}): Page {
  return { records: [], remember: [], position: { ms }, entries: 0, ...more };
}

const events = (log: readonly LogLine[]) => log.map(({ event }) => event);

describe("what a stream has covered", () => {
  test("begins at its start, with nothing delivered", () => {
    const tracker = stage().create();
    tracker.startsAt(NOW_MS - HOUR_MS);
    tracker.page(page(undefined));
    expect(tracker.document.coverage).toMatchObject({
      reachedMs: NOW_MS - HOUR_MS,
      holes: [{ fromMs: 0, toMs: NOW_MS - HOUR_MS, reason: "start" }],
    });
  });

  test("grows with each position, and never past Slack's clock", () => {
    const tracker = stage().create();
    tracker.startsAt(NOW_MS - HOUR_MS);
    tracker.page(page(NOW_MS - 5));
    expect(tracker.document.coverage?.reachedMs).toBe(NOW_MS - 5);
    tracker.page(page(NOW_MS + HOUR_MS));
    expect(tracker.document.coverage?.reachedMs).toBe(NOW_MS);
  });

  test("is not claimed of what an earlier version delivered, for that one kept no record", () => {
    const tracker = stage().create({ position: { ms: NOW_MS - HOUR_MS } });
    tracker.page(page(NOW_MS));
    expect(tracker.document.coverage).toMatchObject({
      reachedMs: NOW_MS,
      holes: [{ fromMs: 0, toMs: NOW_MS - HOUR_MS, reason: "not_recorded" }],
    });
  });

  test("goes on from what was stored", () => {
    const { create } = stage();
    const first = create();
    first.startsAt(NOW_MS - HOUR_MS);
    first.page(page(NOW_MS - 5));
    const again = create({
      report: JSON.parse(JSON.stringify(first.report("page").report)),
      position: { ms: NOW_MS - 5 },
    });
    expect(again.document.coverage).toEqual(first.document.coverage);
    expect(again.report("page")).toEqual({});
  });

  test("written by a later version stops the program, and is left alone", () => {
    const { create } = stage();
    expect(() => create({ report: { v: 2 } })).toThrow(/newer version/);
  });
});

describe("the document", () => {
  test("is stored at a page's end, and between only for what is urgent", () => {
    const tracker = stage().create();
    tracker.startsAt(0);
    const records = recordNumbers(3);
    tracker.settled({ outcome: "accepted", records, rejected: 0 });
    expect(tracker.report("between")).toEqual({});
    expect(tracker.report("page").report).toMatchObject({ delivered: 3 });
    expect(tracker.report("page")).toEqual({});
    tracker.settled({ outcome: "dead_lettered", records: records.slice(0, 1), rejected: 0 });
    expect(tracker.report("between").report).toMatchObject({ delivered: 3, deadLettered: 1 });
  });

  test("tells how many records the last hour brought, in few numbers however long it runs", async () => {
    const { clock, create } = stage();
    const tracker = create();
    for (let minute = 0; minute < 180; minute++) {
      tracker.settled({ outcome: "accepted", records: recordNumbers(2), rejected: 0 });
      await clock.advance(60_000);
    }
    const { recent, delivered } = tracker.document;
    expect(delivered).toBe(360);
    expect(recent.length).toBeLessThanOrEqual(13);
    const counted = recent.reduce((sum, [, records]) => sum + records, 0);
    expect(counted).toBeGreaterThanOrEqual(110);
    expect(counted).toBeLessThanOrEqual(130);
  });

  test("keeps the last trouble, when it began and when it was over", async () => {
    const { clock, create } = stage();
    const tracker = create();
    expect(tracker.failing({ message: "HTTP 503" })).toBe(true);
    await clock.advance(5_000);
    expect(tracker.failing({ message: "HTTP 503" })).toBe(false);
    expect(tracker.document.trouble).toEqual({
      side: "destination",
      error: "HTTP 503",
      message: expect.any(String),
      sinceMs: NOW_MS,
    });
    tracker.settled({ outcome: "accepted", records: [], rejected: 0 });
    expect(tracker.document.trouble).toMatchObject({ sinceMs: NOW_MS, overMs: NOW_MS + 5_000 });
  });
});

describe("a hole", () => {
  test("of refused records is told once, as a log line and as a record", () => {
    const { create, log } = stage();
    const tracker = create();
    tracker.startsAt(0);
    tracker.settled({ outcome: "dead_lettered", records: recordNumbers(2), rejected: 0 });
    const [record, ...more] = tracker.untold();
    expect(more).toEqual([]);
    expect(record?.log).toMatchObject({
      eventName: "slack.coverage.hole",
      severityNumber: 13,
      attributes: {
        "log.record.uid": record?.uid,
        "slack.method": "audit.logs",
        "slack.stream": STREAM,
        "slack.coverage.reason": "dead_letters",
        "slack.coverage.records": 2,
      },
    });
    expect(record?.uid).toMatch(/^[0-9a-f]{32}$/);
    expect(tracker.untold().map(({ uid }) => uid)).toEqual([record?.uid]);
    expect(events(log)).toEqual(["coverage_hole"]);
    tracker.told(tracker.untold());
    expect(tracker.untold()).toEqual([]);
    const again = create({ report: tracker.report("between").report });
    expect(again.untold()).toEqual([]);
  });

  test("that is told leaves others to be told", () => {
    const { create } = stage();
    const tracker = create();
    tracker.startsAt(0);
    tracker.settled({ outcome: "accepted", records: recordNumbers(2), rejected: 1 });
    tracker.ended(HALT);
    const [first, second, ...more] = tracker.untold();
    expect(more).toEqual([]);
    tracker.told(first === undefined ? [] : [first]);
    expect(tracker.untold()).toEqual([second]);
    expect(create({ report: tracker.report("between").report }).untold()).toEqual([second]);
    tracker.told(second === undefined ? [] : [second]);
    expect(tracker.untold()).toEqual([]);
  });

  test("found early in a long walk is due after a minute, and not once it is told", async () => {
    const { create, clock } = stage();
    const tracker = create();
    tracker.startsAt(0);
    tracker.settled({ outcome: "dead_lettered", records: recordNumbers(1), rejected: 0 });
    expect(tracker.isDue()).toBe(false);
    await clock.advance(60_000);
    expect(tracker.isDue()).toBe(true);
    tracker.told(tracker.untold());
    expect(tracker.isDue()).toBe(false);
  });

  test("that was not told before a crash is the same record afterwards", async () => {
    const { create, clock } = stage();
    const tracker = create();
    tracker.startsAt(0);
    tracker.settled({ outcome: "accepted", records: recordNumbers(2), rejected: 1 });
    const { report } = tracker.report("between");
    const before = tracker.untold();
    await clock.advance(HOUR_MS);
    expect(create({ report }).untold()).toEqual(before);
    expect(before[0]?.log.attributes["slack.coverage.reason"]).toBe("partial");
  });

  test("opens where a right is missing, is told, and closes with the next complete walk", async () => {
    const { create, clock, log } = stage();
    const tracker = create();
    tracker.startsAt(NOW_MS - HOUR_MS);
    tracker.ended(HALT);
    expect(tracker.document.coverage?.open).toMatchObject({ reason: "not_permitted", fromMs: NOW_MS - HOUR_MS });
    expect(tracker.untold()[0]?.log.attributes).not.toHaveProperty("slack.coverage.to");
    tracker.told(tracker.untold());
    await clock.advance(60_000);
    tracker.ended(HALT);
    expect(tracker.untold()).toEqual([]);
    tracker.page(page(NOW_MS + 60_000));
    tracker.ended({ kind: "present" });
    expect(tracker.document.coverage?.open).toBeUndefined();
    expect(events(log)).toEqual(["coverage_hole", "coverage_filled"]);
  });

  test.each([
    ["nobody asked for", { isOptional: () => true }, HALT],
    ["has a token that can be mended", {}, REVOKED],
  ])("of a source that %s shows, and is not told", (_, options, halt) => {
    const tracker = stage(options).create();
    tracker.startsAt(0);
    tracker.ended(halt);
    expect(tracker.document.coverage?.open).toBeDefined();
    expect(tracker.untold()).toEqual([]);
  });

  test("opens where an hour's walk mostly waits for its turns, is told, and closes when it has caught up", async () => {
    let waitedMs = 0;
    const { create, clock } = stage({ quotaWaitMs: () => waitedMs });
    const tracker = create();
    tracker.startsAt(NOW_MS - 3 * HOUR_MS);
    tracker.begun();
    await clock.advance(HOUR_MS);
    tracker.page(page(NOW_MS - 2 * HOUR_MS));
    expect(tracker.document.coverage?.open).toBeUndefined();
    waitedMs = 40 * 60_000;
    tracker.page(page(NOW_MS - HOUR_MS));
    expect(tracker.document.coverage?.open).toMatchObject({ reason: "quota", fromMs: NOW_MS - HOUR_MS });
    expect(tracker.untold()).toHaveLength(1);
    tracker.told(tracker.untold());
    tracker.page(page(NOW_MS));
    tracker.ended({ kind: "present" });
    expect(tracker.document.coverage?.open).toBeUndefined();
  });

  test("that the walk tells of has the time that was out of reach and not delivered before", () => {
    const tracker = stage().create();
    tracker.startsAt(NOW_MS - 3 * HOUR_MS);
    tracker.page(page(NOW_MS - 2 * HOUR_MS));
    tracker.page(page(NOW_MS, { unread: { fromMs: 0, toMs: NOW_MS - HOUR_MS, reason: "page_ceiling" } }));
    expect(tracker.document.coverage?.holes.at(-1)).toMatchObject({
      fromMs: NOW_MS - 2 * HOUR_MS,
      toMs: NOW_MS - HOUR_MS,
      reason: "page_ceiling",
    });
  });
});
