import { describe, expect, test } from "vitest";
import type { BehaviourOptions } from "../../../src/simulation/behaviour.ts";
import { createSimulatedSlack } from "../../../src/simulation/slack.ts";
import { createBench, createScriptedBench, cutPage, type BenchOptions } from "../../support/stream-bench.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";

const NOW_MS = Date.UTC(2026, 10, 2, 9);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const LOOK_BACK_MS = 15 * MINUTE_MS;

interface WorldOptions {
  readonly behaviour?: BehaviourOptions["activities"];
  readonly clockOffsetMs?: number;
  readonly bench?: Partial<BenchOptions>;
  readonly beforeCall?: (nth: number) => void;
}

/** An organisation whose activities are put in by hand. Times are milliseconds before the beginning. */
function world({ behaviour, clockOffsetMs = 0, bench = {}, beforeCall }: WorldOptions = {}) {
  const clock = createVirtualClock(NOW_MS);
  const slack = createSimulatedSlack({
    clock,
    clockOffsetMs,
    behaviour: { activities: behaviour },
    beforeCall: ({ method, nth }) => {
      if (method === "admin.apps.activities.list") beforeCall?.(nth);
    },
  });
  const begun = slack.now();
  const calls = () => slack.calls.filter(({ method }) => method === "admin.apps.activities.list");
  return {
    slack,
    clock,
    begun,
    calls,
    params: () => calls().map(({ params }) => params),
    ...createBench("app_activities", { http: slack.http, clock, ...bench }),
    add(
      n: string,
      agoMs: number,
      more: { readonly level?: string; readonly lateMs?: number; readonly atMs?: number } = {},
    ) {
      const entry = { n, created: (begun - agoMs) * 1000, level: more.level ?? "info" };
      slack.world.activities.add(entry, {
        ...(more.lateMs === undefined ? {} : { lateMs: more.lateMs }),
        ...(more.atMs === undefined ? {} : { visibleAtMs: begun + more.atMs }),
      });
    },
  };
}

const namesOf = (sent: readonly { readonly body: { readonly n?: string } }[]): string[] =>
  sent.map(({ body }) => body.n ?? "none");
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

describe("a walk", () => {
  test("[S18] asks for everything, oldest first, on every call, and for nothing of Slack's defaults (R10, Q10)", async () => {
    const { add, poll, clock, sent, params, begun } = world({ bench: { startMs: (now) => now - HOUR_MS } });
    const levels = ["trace", "debug", "info", "warn", "error", "fatal"];
    for (const [index, n] of numbered(24).entries())
      add(n, HOUR_MS - index * 1000, { level: levels[index % 6] as string });
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent)).toEqual(numbered(24));
    expect(params()).toHaveLength(3);
    for (const { cursor: _, ...rest } of params()) {
      expect(rest).toEqual({
        min_date_created: String((begun - HOUR_MS) * 1000),
        min_log_level: "trace",
        sort_direction: "asc",
        limit: "10",
      });
    }
  });

  test("asks for the level that is configured", async () => {
    const { add, poll, clock, sent } = world({ bench: { settings: { min_level: "warn" } } });
    add("quiet", 1000, { level: "info" });
    add("loud", 1000, { level: "error" });
    await clock.run(poll());
    expect(namesOf(sent)).toEqual(["loud"]);
  });

  test("costs one call when there is nothing new", async () => {
    const { add, poll, clock, sent, calls } = world();
    add("a", 1000);
    await clock.run(poll());
    await clock.advance(MINUTE_MS);
    const before = calls().length;
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(calls().length - before).toBe(1);
    expect(namesOf(sent)).toEqual(["a"]);
  });

  test.each([
    ["keyset", "from_call"],
    ["keyset", "remembered"],
    ["offset", "from_call"],
    ["offset", "remembered"],
  ] as const)("sends each entry once with a cursor by %s and filters %s (Q10)", async (cursor, filtersWithCursor) => {
    const w = world({
      behaviour: { cursor, filtersWithCursor },
      beforeCall: (nth) => w.add(`during ${nth}`, -nth),
    });
    // Many in one microsecond, over the edges of pages.
    for (const [index, n] of numbered(35).entries()) w.add(n, 1000 - Math.floor(index / 7));
    expect(await w.clock.run(w.poll())).toEqual({ kind: "present" });
    expect(namesOf(w.sent).filter((n) => !n.startsWith("during"))).toEqual(numbered(35));
    await w.clock.advance(MINUTE_MS);
    await w.clock.run(w.poll());
    expect(new Set(namesOf(w.sent)).size).toBe(w.sent.length);
    expect(namesOf(w.sent)).toContain("during 2");
  });

  test.each([
    ["lowered", ["1000", "1000"]],
    ["invalid_args", ["1000", "100", "100"]],
  ] as const)("gets on where a limit that is too high is %s (Q10)", async (limitTooHigh, limits) => {
    const { add, poll, clock, sent, params } = world({
      behaviour: { maxLimit: 100, limitTooHigh },
      bench: { pageSize: 1000 },
    });
    for (const n of numbered(150)) add(n, 1000);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(sent).toHaveLength(150);
    expect(params().map(({ limit }) => limit)).toEqual(limits);
  });
});

describe("the next walk", () => {
  test("reaches the look-back behind the one before, and repeats nothing (R7, R9)", async () => {
    const { add, poll, clock, sent, params, begun, known } = world();
    add("old", LOOK_BACK_MS + 1);
    add("edge", LOOK_BACK_MS);
    add("new", 1);
    await clock.run(poll());
    expect(known()).toBe(2);
    await clock.advance(5 * MINUTE_MS);
    await clock.run(poll());
    expect(params().at(-1)?.["min_date_created"]).toBe(String((begun - LOOK_BACK_MS) * 1000));
    expect(namesOf(sent)).toEqual(["old", "edge", "new"]);
    expect(known()).toBe(1);
  });

  test("finds what turned up late by the whole look-back (R9, Q8)", async () => {
    const { add, poll, clock, sent } = world();
    add("late", -MINUTE_MS, { lateMs: LOOK_BACK_MS });
    await clock.run(poll());
    await clock.advance(LOOK_BACK_MS + MINUTE_MS - 1);
    await clock.run(poll());
    expect(sent).toEqual([]);
    await clock.advance(1);
    await clock.run(poll());
    expect(namesOf(sent)).toEqual(["late"]);
  });

  test("finds what turned up behind the walk while it went on (R5)", async () => {
    const w = world({
      bench: { pageSize: 5 },
      beforeCall: (nth) => {
        if (nth === 3) w.add("behind", 5 * MINUTE_MS);
      },
    });
    for (const [index, n] of numbered(20).entries()) w.add(n, (20 - index) * MINUTE_MS);
    await w.clock.run(w.poll());
    expect(namesOf(w.sent)).toContain("behind");
    // The walk had not come there yet; now it has.
    w.add("far behind", 10 * MINUTE_MS);
    await w.clock.run(w.poll());
    expect(namesOf(w.sent)).toEqual(expect.arrayContaining([...numbered(20), "behind", "far behind"]));
    expect(w.sent).toHaveLength(22);
  });

  test("[S14] finds a sibling in the microsecond of the newest entry (R7)", async () => {
    const { add, poll, clock, sent } = world({ bench: { settings: { look_back: 0 } } });
    add("first", 0);
    await clock.run(poll());
    add("sibling", 0);
    await clock.run(poll());
    expect(namesOf(sent)).toEqual(["first", "sibling"]);
  });
});

describe("a poll that ends early", () => {
  test("leaves no call behind", async () => {
    const { clock, poll } = createScriptedBench(
      "app_activities",
      (_, index) => (index === 0 ? { entries: [{ n: "a", created: NOW_MS * 1000 }], next: "x" } : "hang"),
      { nowMs: NOW_MS },
    );
    expect(await clock.run(poll({ kill: { at: 2, when: "before" } }))).toBe("killed");
    expect(clock.pending).toBe(0);
  });

  test("for a right that is missing halts", async () => {
    const { clock, poll } = createScriptedBench("app_activities", () => "missing_scope", { nowMs: NOW_MS });
    expect(await clock.run(poll())).toMatchObject({ kind: "halted", code: "missing_scope" });
  });
});

describe("how far it has come", () => {
  test("is never told for more than was read, be the start within the look-back", async () => {
    const { poll, clock, begun, reachedMs } = world({ bench: { startMs: (now) => now - MINUTE_MS } });
    await clock.run(poll({ kill: { at: 1, when: "after" } }));
    expect(reachedMs()).toBe(begun - MINUTE_MS);
    await clock.run(poll());
    expect(reachedMs()).toBe(begun);
  });

  test("is told: the start at first, the place of a walk, then when the last walk was opened", async () => {
    const { add, poll, clock, begun, reachedMs } = world({ bench: { pageSize: 5, startMs: (now) => now - HOUR_MS } });
    for (const [index, n] of numbered(12).entries()) add(n, HOUR_MS - index * MINUTE_MS);
    expect(reachedMs()).toBeUndefined();
    await clock.run(poll({ kill: { at: 3, when: "after" } }));
    expect(reachedMs()).toBe(begun - HOUR_MS + 9 * MINUTE_MS);
    await clock.run(poll());
    expect(reachedMs()).toBe(begun);
    await clock.advance(MINUTE_MS);
    await clock.run(poll());
    expect(reachedMs()).toBe(begun + MINUTE_MS);
  });
});

describe("a long backlog", () => {
  test("leaves the identities of what was read last and of the look-back to remember", async () => {
    const { add, poll, clock, known, sent } = world({ bench: { pageSize: 100 } });
    for (const [index, n] of numbered(4000).entries()) add(n, HOUR_MS * 10 - index * 1000);
    let most = 0;
    await clock.run(poll({ onBatch: () => void (most = Math.max(most, known())) }));
    expect(sent).toHaveLength(4000);
    expect(most).toBeLessThanOrEqual(1000 + 2 * 100);
    expect(known()).toBe(0);
  });

  test("is known well enough to be sent once, though late entries move it under a cursor that counts", async () => {
    const w = world({
      behaviour: { cursor: "offset" },
      bench: { pageSize: 2 },
      beforeCall: (nth) => {
        // Behind the walk, in the middle of what was just shown, and before what comes.
        if (nth > 1 && nth % 3 === 0)
          for (const back of [4.2, 2.7, -0.5]) w.add(`late ${nth} ${back}`, HOUR_MS - (nth - back) * 1000);
      },
    });
    for (const [index, n] of numbered(60).entries()) w.add(n, HOUR_MS - index * 500);
    w.slack.setFaults(({ nth, method }) =>
      method === "admin.apps.activities.list" && nth % 7 === 0 && nth < 100 ? { kind: "repeated_cursor" } : undefined,
    );
    await w.clock.run(w.poll());
    await w.clock.advance(MINUTE_MS);
    await w.clock.run(w.poll());
    const times = Map.groupBy(namesOf(w.sent), (name) => name);
    expect([...times].filter(([, { length }]) => length > 1)).toEqual([]);
    expect(numbered(60).filter((n) => !times.has(n))).toEqual([]);
  });
});

describe("killed", () => {
  const cases = ["before", "after"].flatMap((when) =>
    [1, 2, 3, 4, 5, 6].map((at) => ({ at, when: when as "before" | "after" })),
  );

  test.each(cases)("[S9] $when commit $at: goes on, loses nothing and repeats a page at most", async (kill) => {
    const { add, poll, clock, sent } = world({ bench: { pageSize: 5 } });
    // Seven in each microsecond, so that pages end inside one.
    for (const [index, n] of numbered(23).entries()) add(n, HOUR_MS - Math.floor(index / 7));
    expect(await clock.run(poll({ kill }))).toBe("killed");
    await clock.advance(MINUTE_MS);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(new Set(namesOf(sent))).toEqual(new Set(numbered(23)));
    expect(sent.length - 23).toBe(kill.when === "before" && kill.at > 1 ? (kill.at === 6 ? 3 : 5) : 0);
  });

  test("goes on from where it was, not from the low bound", async () => {
    const { add, poll, clock, params, begun } = world({ bench: { pageSize: 5 } });
    // Two in each millisecond.
    for (const [index, n] of numbered(23).entries()) add(n, HOUR_MS - Math.floor(index / 2));
    await clock.run(poll({ kill: { at: 3, when: "after" } }));
    const before = params().length;
    await clock.run(poll());
    expect(params()[before]?.["min_date_created"]).toBe(String((begun - HOUR_MS + 4) * 1000));
  });

  test("in the middle: the same poll goes on to the present, and finds what turned up behind its place", async () => {
    const { add, poll, clock, sent } = world({ bench: { pageSize: 5 } });
    for (const [index, n] of numbered(12).entries()) add(n, 12 * MINUTE_MS - index * MINUTE_MS);
    expect(await clock.run(poll({ kill: { at: 3, when: "after" } }))).toBe("killed");
    // Older than the place reached, and within the look-back.
    add("late", 10 * MINUTE_MS, { atMs: 1000 });
    await clock.advance(MINUTE_MS);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent)).toContain("late");
    expect(sent).toHaveLength(13);
  });

  test("its later walks do not forget what they read again", async () => {
    const { add, poll, clock, sent } = world({ bench: { pageSize: 5 } });
    for (const [index, n] of numbered(12).entries()) add(n, 12 * MINUTE_MS - index * MINUTE_MS);
    await clock.run(poll({ kill: { at: 3, when: "after" } }));
    for (let polls = 0; polls < 4; polls++) {
      await clock.advance(5 * MINUTE_MS);
      await clock.run(poll());
    }
    expect(namesOf(sent)).toEqual(numbered(12));
  });
});

describe("an order that is not oldest first (R10)", () => {
  const row = (n: string, minutesAgo: number) => ({ n, created: (NOW_MS - minutesAgo * MINUTE_MS) * 1000 });

  /** A listing in the order given; entries may be put in at its head. */
  function listing(
    rows: { readonly n: string; readonly created: number }[],
    pageSize: number,
    beforeCall?: (call: number) => void,
  ) {
    return createScriptedBench(
      "app_activities",
      ({ params }, index) => {
        beforeCall?.(index);
        const { min_date_created: min = 0 } = params;
        return cutPage(
          rows.filter(({ created }) => created >= Number(min)),
          params,
        );
      },
      { nowMs: NOW_MS, pageSize },
    );
  }

  test.each([1, 2, 3])("newest first, killed, with %i a page: begins again from its low bound", async (pageSize) => {
    const rows = numbered(9).map((n, index) => row(n, 60 + index * 10));
    for (let at = 2; at <= 4; at++) {
      const { clock, poll, sent } = listing(rows, pageSize);
      expect(await clock.run(poll({ kill: { at, when: "after" } }))).toBe("killed");
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(namesOf(sent).toSorted()).toEqual(numbered(9));
    }
  });

  test("newest first with equal times on its first page shows no rise there", async () => {
    const rows = [row("a", 60), row("b", 60), row("c", 70), row("d", 80)];
    const { clock, poll, sent } = listing(rows, 2);
    expect(await clock.run(poll({ kill: { at: 2, when: "after" } }))).toBe("killed");
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent)).toEqual(["a", "b", "c", "d"]);
  });

  test("newest first with one entry a page, while newer ones come in: no rise is seen where there is none", async () => {
    const rows = numbered(6).map((n, index) => row(n, 60 + index * 10));
    const { clock, poll, sent } = listing(rows, 1, (call) => {
      // Two come in between two pages: the second page shows one that is later than the first page's.
      if (call === 1) rows.unshift(row("newest", 1), row("newer", 2));
    });
    expect(await clock.run(poll({ kill: { at: 3, when: "after" } }))).toBe("killed");
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent).toSorted()).toEqual([...numbered(6), "newer", "newest"].toSorted());
  });

  test("a fall after a rise takes the trust away, and for good", async () => {
    const rows = [row("a", 100), row("b", 90), row("c", 80), row("d", 110), row("e", 70), row("f", 60), row("g", 105)];
    for (const at of [3, 4]) {
      const { clock, poll, sent, requests } = listing(rows, 2);
      expect(await clock.run(poll({ kill: { at, when: "after" } }))).toBe("killed");
      const before = requests.length;
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(requests[before]?.params).not.toHaveProperty("min_date_created");
      expect(namesOf(sent).toSorted()).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
    }
  });

  test("a fall after a rise is known after a crash: what comes again does so once, however often it is killed", async () => {
    const names = numbered(2_400);
    // It rises, falls far once, and rises to its end.
    const rows = names.map((n, index) => row(n, index === 2_000 ? 500_000 : 20_000 - index));
    const { clock, poll, sent } = listing(rows, 200);
    for (const at of [12, 8, 9, 10, 11]) {
      expect(await clock.run(poll({ kill: { at, when: "after" } }))).toBe("killed");
    }
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    const times = Map.groupBy(namesOf(sent), (name) => name);
    expect([...times.keys()].toSorted()).toEqual(names.toSorted());
    const again = [...times].filter(([, { length }]) => length > 1);
    expect(Math.max(...again.map(([, { length }]) => length))).toBe(2);
    // What came last was still known.
    expect(again.length).toBeLessThanOrEqual(2_000 - 1_000);
  });

  test("a fall after a rise repeats nothing in the walk that meets it", async () => {
    const rows = [row("a", 100), row("b", 90), row("c", 80), row("d", 110), row("e", 70), row("f", 60), row("g", 105)];
    let refusals = 0;
    const { clock, poll, sent } = createScriptedBench(
      "app_activities",
      ({ params }) => (params["cursor"] === "6" && ++refusals === 1 ? "invalid_cursor" : cutPage(rows, params)),
      { nowMs: NOW_MS, pageSize: 2 },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(refusals).toBe(2);
    expect(namesOf(sent)).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
  });

  test("what is shown again out of its place is no fall", async () => {
    const rows = numbered(6).map((n, index) => row(n, 100 - index * 10));
    const again = [...rows.slice(0, 2), rows[0] as (typeof rows)[0], ...rows.slice(2)];
    const { clock, poll, requests } = listing(again, 2);
    expect(await clock.run(poll({ kill: { at: 3, when: "after" } }))).toBe("killed");
    const before = requests.length;
    await clock.run(poll());
    expect(requests[before]?.params["min_date_created"]).toBe(String(rows[2]?.created));
  });

  test("a cursor that is refused is no fall", async () => {
    const rows = numbered(9).map((n, index) => row(n, 100 - index * 10));
    let refusals = 0;
    const { clock, poll, sent, requests } = createScriptedBench(
      "app_activities",
      ({ params }) => {
        if (params["cursor"] === "4" && ++refusals === 1) return "invalid_cursor";
        const { min_date_created: min = 0 } = params;
        return cutPage(
          rows.filter(({ created }) => created >= Number(min)),
          params,
        );
      },
      { nowMs: NOW_MS, pageSize: 2 },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent)).toEqual(numbered(9));
    // Again from the last entry read, that one included; and on from there, for the listing does rise.
    expect(requests.map(({ params }) => params["min_date_created"])).toEqual([
      ...Array(3).fill(undefined),
      ...Array(3).fill(String(rows[3]?.created)),
    ]);
  });
});

describe("an entry from the future (P15)", () => {
  test("is sent once, and moves no position past Slack's now", async () => {
    const { add, poll, clock, sent, params, begun } = world({ bench: { pageSize: 5 } });
    add("past", 2000);
    add("future", -DAY_MS, { atMs: 0 });
    await clock.run(poll());
    add("present", -1000);
    for (let polls = 0; polls < 30; polls++) {
      await clock.advance(5 * MINUTE_MS);
      await clock.run(poll());
    }
    expect(namesOf(sent).toSorted()).toEqual(["future", "past", "present"]);
    const low = Number(params().at(-1)?.["min_date_created"]) / 1000;
    expect(low).toBe(begun + 29 * 5 * MINUTE_MS - LOOK_BACK_MS);
  });

  test("is no place to go on from after a kill", async () => {
    const { add, poll, clock, sent, position } = world({ bench: { pageSize: 2 } });
    add("a", 2000);
    add("b", 1000);
    for (const n of ["f1", "f2", "f3"]) add(n, -DAY_MS, { atMs: 0 });
    expect(await clock.run(poll({ kill: { at: 3, when: "after" } }))).toBe("killed");
    expect(position()).toMatchObject({ walk: { at: NOW_MS * 1000 } });
    add("soon", -30_000);
    await clock.advance(MINUTE_MS);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent).toSorted()).toEqual(["a", "b", "f1", "f2", "f3", "soon"]);
  });
});

describe("an entry without a time", () => {
  test("is sent once for as long as Slack shows it", async () => {
    const rows = [{ n: "none" }, { n: "null", created: null }, { n: "word", created: "soon" }];
    const { clock, poll, sent } = createScriptedBench("app_activities", ({ params }) => cutPage(rows, params), {
      nowMs: NOW_MS,
    });
    for (let polls = 0; polls < 20; polls++) {
      await clock.run(poll());
      await clock.advance(5 * MINUTE_MS);
    }
    expect(namesOf(sent)).toEqual(["none", "null", "word"]);
  });
});

describe("identity (R12, Q9)", () => {
  test("equal entries of one answer are separate, of two answers one and the same", async () => {
    const { add, poll, clock, sent } = world();
    add("twin", 1000);
    add("twin", 1000);
    for (let polls = 0; polls < 3; polls++) {
      await clock.run(poll());
      await clock.advance(MINUTE_MS);
    }
    expect(namesOf(sent)).toEqual(["twin", "twin"]);
    expect(new Set(sent.map(({ uid }) => uid)).size).toBe(2);
    add("twin", 1000);
    await clock.run(poll());
    expect(sent).toHaveLength(3);
  });
});

describe("Slack's clock", () => {
  test.each([-DAY_MS, DAY_MS])("be ours off by %i ms, positions are in Slack's time", async (clockOffsetMs) => {
    const { add, poll, clock, sent, params, begun } = world({
      clockOffsetMs,
      bench: { startMs: (now) => now - HOUR_MS },
    });
    add("first", HOUR_MS);
    add("recent", 1000);
    await clock.run(poll());
    add("late", 10 * MINUTE_MS);
    await clock.advance(MINUTE_MS);
    await clock.run(poll());
    expect(namesOf(sent)).toEqual(["first", "recent", "late"]);
    expect(params().map(({ min_date_created: min }) => Number(min) / 1000 - begun)).toEqual([-HOUR_MS, -LOOK_BACK_MS]);
  });
});

describe("the start", () => {
  test("`earliest` asks without a lower bound, and a walk that goes on with one", async () => {
    const { add, poll, clock, params } = world({ bench: { pageSize: 2 } });
    for (const [index, n] of numbered(5).entries()) add(n, 5000 - index);
    await clock.run(poll({ kill: { at: 2, when: "after" } }));
    expect(params()[0]).not.toHaveProperty("min_date_created");
    const before = params().length;
    await clock.run(poll());
    expect(params()[before]).toHaveProperty("min_date_created");
  });

  test("`now` sends what comes from now on, and never what was before", async () => {
    const { add, poll, clock, sent } = world({ bench: { startMs: (now) => now } });
    add("before", 1);
    await clock.run(poll());
    add("late, from before", 1);
    add("after", -1);
    await clock.advance(MINUTE_MS);
    await clock.run(poll());
    expect(namesOf(sent)).toEqual(["after"]);
  });

  test("in the future asks nothing until then", async () => {
    const { add, poll, clock, sent, calls } = world({ bench: { startMs: () => NOW_MS + 10 * MINUTE_MS } });
    add("early", -5 * MINUTE_MS);
    add("due", -11 * MINUTE_MS);
    for (let polls = 0; polls < 3; polls++) {
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      if (polls === 1) expect(calls()).toEqual([]);
      await clock.advance(6 * MINUTE_MS);
    }
    expect(namesOf(sent)).toEqual(["due"]);
  });
});
