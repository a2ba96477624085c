import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AccessFields } from "../../../src/simulation/access-rows.ts";
import type { AccessBehaviour } from "../../../src/simulation/behaviour.ts";
import { createSimulatedSlack } from "../../../src/simulation/slack.ts";
import { createBench, createScriptedBench, cutPage, type BenchOptions, type Sent } from "../../support/stream-bench.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";

const NOW_MS = Date.UTC(2026, 10, 2, 9);
const NOW = NOW_MS / 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const HOUR = 3600;
const DAY_MS = 86_400_000;
const ORDERS = ["date_first", "date_last"] as const;

interface WorldOptions {
  readonly behaviour?: Partial<AccessBehaviour>;
  readonly clockOffsetMs?: number;
  readonly bench?: Partial<BenchOptions>;
  readonly beforeCall?: (nth: number) => void;
}

type Row = Partial<Omit<AccessFields, "date_first" | "date_last">> & {
  /** Seconds before the beginning. */
  readonly first: number;
  readonly last?: number;
};

/** A workspace whose rows are put in by hand. */
function world({ behaviour, clockOffsetMs = 0, bench = {}, beforeCall }: WorldOptions = {}) {
  const clock = createVirtualClock(NOW_MS);
  const slack = createSimulatedSlack({
    clock,
    clockOffsetMs,
    behaviour: { access: behaviour },
    beforeCall: ({ method, nth }) => {
      if (method === "team.accessLogs") beforeCall?.(nth);
    },
  });
  const begun = Math.floor(slack.now() / 1000);
  const calls = () => slack.calls.filter(({ method }) => method === "team.accessLogs");
  const rows = createBench("access_logs", {
    http: slack.http,
    clock,
    pageSize: 3,
    ...bench,
    settings: { look_back: 2 * HOUR_MS, ...bench.settings },
  });
  return {
    slack,
    clock,
    begun,
    calls,
    params: () => calls().map(({ params }) => params),
    ...rows,
    /** One poll, after so many milliseconds. */
    async after(ms: number, options?: Parameters<typeof rows.poll>[0]) {
      await clock.advance(ms);
      return clock.run(rows.poll(options));
    },
    add(user: string, { first, last = first, ...fields }: Row, visibleAfterMs?: number) {
      slack.world.access.add(
        rowOf(user, { ...fields, first: begun - first, last: begun - last }),
        visibleAfterMs === undefined ? {} : { visibleAtMs: begun * 1000 + visibleAfterMs },
      );
    },
    /** Used again, now. */
    use(user: string, changes: Partial<AccessFields> = {}) {
      const now = Math.floor(slack.now() / 1000);
      for (const { text } of slack.world.access.listing(slack.now(), "date_first", {})) {
        const { user_id, count } = JSON.parse(text) as AccessFields;
        if (user_id !== user) continue;
        const of = ({ fields }: { fields: AccessFields }) => fields.user_id === user;
        slack.world.access.change(of, { date_last: now, count: count + 1, ...changes });
        return;
      }
      throw new Error(`no row of ${user}`);
    },
  };
}

/** Times in epoch seconds. */
function rowOf(user: string, { first, last = first, ...fields }: Row): AccessFields {
  return {
    user_id: user,
    username: user.toLowerCase(),
    date_first: first,
    date_last: last,
    count: 1,
    ip: "192.0.2.1",
    user_agent: "Firefox",
    isp: null,
    country: null,
    region: null,
    ...fields,
  };
}

const usersOf = (sent: readonly Sent[]): string[] => sent.map(({ body }) => body.user_id);
const deltasOf = (sent: readonly Sent[]) => sent.map(({ body, countDelta }) => [body.user_id, body.count, countDelta]);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `U${index}`);
/** One row every ten minutes, the newest first. */
const tenMinutes = (index: number) => index * 600;

describe("a deep sweep", () => {
  test.each(ORDERS)("reads the listing to its end, whatever it finds on the way, sorted by %s (R1)", async (order) => {
    const { add, after, sent, clock, poll, calls, use } = world({ behaviour: { order } });
    for (const [index, user] of numbered(20).entries()) add(user, { first: tenMinutes(index) + 10 * HOUR });
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(usersOf(sent)).toEqual(numbered(20));
    // Everything is known and old, up to the last row.
    use("U19");
    const before = calls().length;
    await after(6 * HOUR_MS);
    expect(calls().length - before).toBeGreaterThanOrEqual(7);
    expect(usersOf(sent).slice(20)).toEqual(["U19"]);
  });

  test("comes when it is due, and not before", async () => {
    const { add, after, clock, poll, calls } = world({ bench: { settings: { deep_sweep: HOUR_MS } } });
    for (const [index, user] of numbered(12).entries()) add(user, { first: 10 * HOUR + index });
    const costs: number[] = [];
    await clock.run(poll());
    for (const minutes of [1, 58, 1, 1]) {
      const before = calls().length;
      await after(minutes * MINUTE_MS);
      costs.push(calls().length - before);
    }
    // Four pages, and a look at the head after them.
    expect(costs).toEqual([1, 1, 5, 1]);
  });

  test("of `0s` comes with every poll", async () => {
    const { add, after, sent, clock, poll, use } = world({ bench: { settings: { deep_sweep: 0 } } });
    for (const [index, user] of numbered(12).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll());
    use("U11");
    await after(MINUTE_MS);
    expect(usersOf(sent).slice(12)).toEqual(["U11"]);
  });

  test("sends no bound and no page: which column `before` compares is not known (Q2, Q6)", async () => {
    const { add, clock, poll, params } = world({ bench: { pageSize: 2000 } });
    for (const [index, user] of numbered(5).entries()) add(user, { first: index });
    await clock.run(poll());
    expect(params()).toEqual([{ limit: "999" }]);
  });

  test("of one workspace names it, of an organisation's log none (R15)", async () => {
    const { add, clock, poll, params } = world({
      behaviour: { teamView: "whole" },
      bench: { teamId: "T0ACMEENG01" },
    });
    for (const [index, user] of numbered(5).entries()) add(user, { first: index });
    await clock.run(poll());
    for (const sent of params()) expect(sent).toMatchObject({ team_id: "T0ACMEENG01" });
  });

  test("looks at the head once an interval while it goes on", async () => {
    const { add, clock, poll, params } = world({ bench: { settings: { calls_per_minute: 6 } } });
    for (const [index, user] of numbered(90).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll());
    const minutes = Math.ceil(clock.monotonic() / MINUTE_MS);
    const heads = params().filter(({ cursor }) => cursor === undefined).length;
    expect(heads).toBeGreaterThan(minutes / 2);
    expect(heads).toBeLessThanOrEqual(minutes + 2);
  });

  test("is repeated once where the head tells of moves, and finds what slipped by them", async () => {
    const w = world({
      behaviour: { cursor: "offset" },
      beforeCall: (nth) => {
        if (nth !== 4) return;
        // Everything moves up by one, over the edge between the third page and the fourth.
        w.slack.world.access.remove(({ fields }) => ["U0", "U1"].includes(fields.user_id));
        w.add("NEW", { first: 0 });
      },
    });
    for (const [index, user] of numbered(18).entries()) w.add(user, { first: 10 * HOUR + index });
    await w.clock.run(w.poll());
    expect(new Set(usersOf(w.sent))).toEqual(new Set([...numbered(18), "NEW"]));
    expect(w.sent).toHaveLength(19);
  });

  test("is repeated no more than once, however much moves", async () => {
    const { clock, poll, requests } = createScriptedBench(
      "access_logs",
      ({ params }, index) => {
        const steady = Array.from({ length: 5 }, (_, row) => rowOf(`U${row}`, { first: NOW - 10 * HOUR - row }));
        return cutPage([rowOf(`NEWS${index}`, { first: NOW }), ...steady], params);
      },
      { nowMs: NOW_MS, pageSize: 3 },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    // Twice two pages, and twice a look at the head, which goes on after news.
    expect(requests).toHaveLength(8);
  });

  test("that ends early leaves no call behind", async () => {
    const { clock, poll } = createScriptedBench(
      "access_logs",
      (_, index) => (index === 0 ? { entries: [rowOf("U0", { first: NOW })], next: "x" } : "hang"),
      { nowMs: NOW_MS },
    );
    expect(await clock.run(poll({ kill: { at: 2, when: "before" } }))).toBe("killed");
    expect(clock.pending).toBe(0);
  });

  test("that is long does not hold up what happens now", async () => {
    const { add, clock, poll, sent } = world({
      bench: { settings: { calls_per_minute: 2 } },
      beforeCall: (nth) => {
        if (nth === 4) add("NEW", { first: -90 }, 90_000);
      },
    });
    for (const [index, user] of numbered(30).entries()) add(user, { first: 10 * HOUR + index });
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    const place = usersOf(sent).indexOf("NEW");
    expect(place).toBeGreaterThan(0);
    expect(place).toBeLessThan(25);
    expect(usersOf(sent).filter((user) => user !== "NEW")).toEqual(numbered(30));
  });

  test("a row that moves to the head while it goes on is found by the same poll (Q6)", async () => {
    for (const cursor of ["keyset", "offset"] as const) {
      const { add, clock, poll, sent, use } = world({
        behaviour: { order: "date_last", cursor },
        beforeCall: (nth) => {
          if (nth === 2) use("U8");
        },
      });
      for (const [index, user] of numbered(9).entries()) add(user, { first: 10 * HOUR + index });
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(sent.filter(({ body }) => body.user_id === "U8").map(({ body }) => body.count)).toContain(2);
      expect(new Set(usersOf(sent))).toEqual(new Set(numbered(9)));
    }
  });

  test("[S12] repairs what slipped over a page's edge when a row left (R11, Q7)", async () => {
    const w = world({
      behaviour: { cursor: "offset" },
      beforeCall: (nth) => {
        // The seventh row takes the sixth place, between the second page and the third.
        if (nth === 3) w.slack.world.access.remove(({ fields }) => fields.user_id === "U0");
      },
    });
    for (const [index, user] of numbered(9).entries()) w.add(user, { first: 10 * HOUR + index });
    await w.clock.run(w.poll());
    expect(usersOf(w.sent)).not.toContain("U6");
    await w.after(6 * HOUR_MS);
    expect(usersOf(w.sent)).toContain("U6");
    expect(w.sent).toHaveLength(9);
  });
});

describe("a hot sweep", () => {
  test("costs one call when there is nothing new", async () => {
    const { add, after, clock, poll, calls, sent } = world();
    for (const [index, user] of numbered(12).entries()) add(user, { first: 3 * HOUR + index });
    await clock.run(poll());
    const before = calls().length;
    expect(await after(MINUTE_MS)).toEqual({ kind: "present" });
    expect(calls().length - before).toBe(1);
    expect(sent).toHaveLength(12);
  });

  test.each(ORDERS)("costs one call, whatever the column says that rows are not sorted by: %s", async (order) => {
    const { add, after, clock, poll, calls } = world({ behaviour: { order } });
    for (const [index, user] of numbered(12).entries()) {
      const [sorted, other] = [3 * HOUR + index * 600, 5 * HOUR + ((index * 7) % 12) * 60];
      const byLast = { first: other + 9 * HOUR, last: sorted };
      add(user, order === "date_last" ? byLast : { first: sorted + 6 * HOUR, last: other });
    }
    await clock.run(poll());
    await after(MINUTE_MS);
    const before = calls().length;
    await after(MINUTE_MS);
    expect(calls().length - before).toBe(1);
  });

  test("reaches the look-back behind the sweep before it, not behind the first one", async () => {
    const { add, after, clock, poll, calls, reachedMs, begun } = world();
    for (const [index, user] of numbered(60).entries()) add(user, { first: 5 * HOUR - tenMinutes(index) });
    await clock.run(poll());
    expect(reachedMs()).toBe(begun * 1000);
    const costs: number[] = [];
    for (let hours = 1; hours <= 5; hours++) {
      const before = calls().length;
      await after(HOUR_MS);
      expect(reachedMs()).toBe(begun * 1000 + hours * HOUR_MS);
      costs.push(calls().length - before);
    }
    // Three hours of rows, six an hour and three a page, and the page behind them.
    expect(costs).toEqual([7, 7, 7, 7, 7]);
  });

  test("goes on to rows of the very second that the look-back ends in (R7)", async () => {
    const last = NOW - 2 * HOUR;
    const rows = [rowOf("A", { first: NOW - HOUR }), rowOf("B", { first: last }), rowOf("Z", { first: last - HOUR })];
    const { clock, poll, sent } = createScriptedBench("access_logs", ({ params }) => cutPage(rows, params), {
      nowMs: NOW_MS,
      pageSize: 2,
      settings: { look_back: 2 * HOUR_MS },
    });
    await clock.run(poll());
    rows.splice(2, 0, rowOf("LATE", { first: last }));
    await clock.run(poll());
    expect(usersOf(sent)).toEqual(["A", "B", "Z", "LATE"]);
  });

  test("whose cursor is refused begins again, and ends where it would have", async () => {
    const { add, after, clock, poll, calls, slack } = world();
    for (const [index, user] of numbered(40).entries()) add(user, { first: tenMinutes(index) });
    await clock.run(poll());
    const before = calls().length;
    slack.setFaults([{ fault: { kind: "expired_cursor" }, method: "team.accessLogs", nth: before + 3 }]);
    await after(MINUTE_MS);
    // Two pages, one refusal, and the five pages that it takes.
    expect(calls().length - before).toBe(8);
  });

  test.each(ORDERS)(
    "finds a row that surfaced further down, within the look-back, sorted by %s (R3)",
    async (order) => {
      const { add, after, clock, poll, sent, calls } = world({ behaviour: { order } });
      // Three pages of known rows lie above its place.
      for (const [index, user] of numbered(20).entries()) add(user, { first: tenMinutes(index) });
      add("LATE", { first: HOUR + 1900 }, 1000);
      await clock.run(poll());
      const before = calls().length;
      await after(MINUTE_MS);
      expect(usersOf(sent).at(-1)).toBe("LATE");
      // It stopped there, and did not read to the end.
      expect(calls().length - before).toBe(5);
    },
  );

  test("[S13] finds a row that surfaced late by the whole look-back (R3, Q8)", async () => {
    const { add, after, clock, poll, sent } = world({ behaviour: { order: "date_last" } });
    for (const [index, user] of numbered(20).entries()) add(user, { first: tenMinutes(index) });
    add("LATE", { first: -60 }, 2 * HOUR_MS + MINUTE_MS);
    await clock.run(poll());
    // The last poll that does not show it is opened a second before it surfaces.
    await after(2 * HOUR_MS + MINUTE_MS - 1000);
    for (const [index, user] of ["V0", "V1", "V2", "V3"].entries()) add(user, { first: -120 - index }, 0);
    expect(usersOf(sent)).not.toContain("LATE");
    await after(MINUTE_MS);
    expect(usersOf(sent)).toContain("LATE");
  });

  test.each(ORDERS)("follows news beyond the look-back, sorted by %s", async (order) => {
    const { add, after, clock, poll, sent } = world({ behaviour: { order } });
    for (const [index, user] of numbered(12).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll());
    const fresh = Array.from({ length: 8 }, (_, index) => `V${index}`);
    for (const [index, user] of fresh.entries()) add(user, { first: 3 * HOUR + index }, 0);
    await after(MINUTE_MS);
    expect(usersOf(sent).slice(12)).toEqual(fresh);
  });

  test("sees a change of an old row at once where rows are sorted by date_last, and else at the deep sweep (Q1)", async () => {
    for (const order of ORDERS) {
      const { add, after, clock, poll, sent, use } = world({ behaviour: { order } });
      for (const [index, user] of numbered(12).entries()) add(user, { first: 10 * HOUR + index });
      await clock.run(poll());
      use("U10");
      await after(MINUTE_MS);
      expect(usersOf(sent).slice(12)).toEqual(order === "date_last" ? ["U10"] : []);
      await after(6 * HOUR_MS);
      expect(usersOf(sent).slice(12)).toEqual(["U10"]);
    }
  });

  test("reads to the end where neither column tells the order", async () => {
    const rows = [3, 1, 9, 2, 8, 4, 7, 5, 6].map((hours, index) =>
      rowOf(`U${index}`, { first: NOW - hours * HOUR, last: NOW - ((hours * 7) % 10) * HOUR }),
    );
    const { clock, poll, sent, requests } = createScriptedBench("access_logs", ({ params }) => cutPage(rows, params), {
      nowMs: NOW_MS,
      pageSize: 3,
    });
    await clock.run(poll());
    rows[8] = { ...(rows[8] as AccessFields), count: 2 };
    const before = requests.length;
    await clock.run(poll());
    expect(requests.length - before).toBe(3);
    expect(sent).toHaveLength(10);
  });

  test("that is broken off does not count: the next one reaches as far back", async () => {
    const { add, after, clock, poll, sent } = world({ behaviour: { order: "date_last" } });
    for (const [index, user] of numbered(20).entries()) add(user, { first: tenMinutes(index) });
    await clock.run(poll());
    // Out of what the first page reaches, though within the look-back.
    add("LATE", { first: 115 * 60 }, 30 * MINUTE_MS);
    expect(await after(31 * MINUTE_MS, { kill: { at: 1, when: "after" } })).toBe("killed");
    await after(HOUR_MS);
    expect(usersOf(sent)).toContain("LATE");
  });
});

describe("killed", () => {
  const cases = ["before", "after"].flatMap((when) =>
    [1, 2, 3, 4, 5, 6, 7].map((at) => ({ at, when: when as "before" | "after" })),
  );

  test.each(cases)(
    "$when commit $at of a deep sweep: goes on, loses nothing and repeats a page at most",
    async (kill) => {
      for (const order of ORDERS) {
        const { add, after, clock, poll, sent } = world({ behaviour: { order } });
        for (const [index, user] of numbered(16).entries()) add(user, { first: 10 * HOUR + index });
        expect(await clock.run(poll({ kill }))).toBe("killed");
        add("SINCE", { first: -30 });
        expect(await after(MINUTE_MS)).toEqual({ kind: "present" });
        expect(new Set(usersOf(sent))).toEqual(new Set([...numbered(16), "SINCE"]));
        expect(sent.length - 17).toBeLessThanOrEqual(kill.when === "before" ? 3 : 0);
      }
    },
  );

  test("a deep sweep goes on from its cursor", async () => {
    const { add, clock, poll, params } = world();
    for (const [index, user] of numbered(16).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll({ kill: { at: 4, when: "after" } }));
    // One page was asked for ahead, and came to nothing.
    const next = params()[3]?.["cursor"];
    const before = params().length;
    await clock.run(poll());
    expect(params()[before]?.["cursor"]).toBe(next);
  });

  test("a deep sweep that goes on looks at the head first, once there was a complete one", async () => {
    const { add, after, clock, poll, params, sent } = world();
    for (const [index, user] of numbered(16).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll());
    await after(6 * HOUR_MS, { kill: { at: 2, when: "after" } });
    add("SINCE", { first: -6 * HOUR - 30 });
    const before = params().length;
    await after(MINUTE_MS);
    expect(params()[before]).toEqual({ limit: "3" });
    expect(
      params()
        .slice(before + 1)
        .some(({ cursor }) => cursor !== undefined),
    ).toBe(true);
    expect(usersOf(sent).at(16)).toBe("SINCE");
    expect(sent).toHaveLength(17);
  });

  test("a deep sweep whose cursor is refused afterwards begins again (S28)", async () => {
    const { add, clock, poll, sent, slack, params } = world();
    for (const [index, user] of numbered(16).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll({ kill: { at: 4, when: "after" } }));
    slack.cursors.expireAll();
    const before = params().length;
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(params()[before]).toHaveProperty("cursor");
    expect(params()[before + 1]).not.toHaveProperty("cursor");
    expect(usersOf(sent)).toEqual(numbered(16));
  });

  test("a deep sweep is not taken for complete", async () => {
    const { add, after, clock, poll, sent, use } = world();
    for (const [index, user] of numbered(16).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll());
    use("U15");
    await after(6 * HOUR_MS, { kill: { at: 2, when: "after" } });
    await after(MINUTE_MS);
    expect(usersOf(sent).slice(16)).toEqual(["U15"]);
  });
});

describe("a version", () => {
  test("[S15] that is new is a new record with the difference, one that is known is nothing (R2)", async () => {
    const { add, after, clock, poll, sent, use, slack } = world({ bench: { startMs: (now) => now - HOUR_MS } });
    add("U1", { first: 600, count: 3 });
    await clock.run(poll());
    use("U1", { count: 7 });
    await after(MINUTE_MS);
    await after(MINUTE_MS);
    // The row turns back to a version that was sent.
    slack.world.access.change(() => true, { count: 3, date_last: NOW - 600 });
    await after(MINUTE_MS);
    expect(deltasOf(sent)).toEqual([
      ["U1", 3, 3],
      ["U1", 7, 4],
    ]);
    expect(new Set(sent.map(({ uid }) => uid)).size).toBe(2);
  });

  test("of a row from before the start is remembered unsent, so that its change is seen as one (R4)", async () => {
    const { add, after, clock, poll, sent, use } = world({ bench: { startMs: (now) => now - HOUR_MS } });
    add("OLD", { first: 9 * HOUR, last: 2 * HOUR, count: 40 });
    await clock.run(poll());
    expect(sent).toEqual([]);
    use("OLD", { count: 42 });
    await after(6 * HOUR_MS);
    expect(deltasOf(sent)).toEqual([["OLD", 42, 2]]);
  });

  test("of a row that began before the start, and is met after it, has no difference that could be known", async () => {
    const { add, clock, poll, sent } = world({ bench: { startMs: (now) => now - HOUR_MS } });
    add("BEGAN", { first: 2 * HOUR, last: 60, count: 40 });
    add("AT", { first: HOUR, last: 60, count: 4 });
    add("EDGE", { first: 2 * HOUR, last: HOUR, count: 3 });
    await clock.run(poll());
    expect(deltasOf(sent).toSorted(([, a], [, b]) => b - a)).toEqual([
      ["BEGAN", 40, undefined],
      ["AT", 4, 4],
      ["EDGE", 3, undefined],
    ]);
  });

  test("whose isp alone changed is one, with a difference of 0 (Q13)", async () => {
    const { add, after, clock, poll, sent, slack } = world();
    add("U1", { first: 600, count: 3 });
    await clock.run(poll());
    slack.world.access.change(() => true, { isp: "Another" });
    await after(MINUTE_MS);
    expect(deltasOf(sent)).toEqual([
      ["U1", 3, 3],
      ["U1", 3, 0],
    ]);
  });

  test("whose count went down has a difference below 0", async () => {
    const { add, after, clock, poll, sent, use } = world();
    add("U1", { first: 600, count: 9 });
    await clock.run(poll());
    use("U1", { count: 5 });
    await after(MINUTE_MS);
    expect(deltasOf(sent)).toEqual([
      ["U1", 9, 9],
      ["U1", 5, -4],
    ]);
  });

  test("of one of two rows that share their key is told from the other's (Q3, R2)", async () => {
    const { add, clock, poll, sent, slack } = world({ behaviour: { order: "date_last" } });
    add("U1", { first: 600, last: 500, count: 3, isp: "one" });
    add("U1", { first: 600, last: 100, count: 30, isp: "two" });
    await clock.run(poll());
    const grow = (isp: string, count: number) =>
      slack.world.access.change(({ fields }) => fields.isp === isp, {
        count,
        date_last: Math.floor(slack.now() / 1000),
      });
    for (const [isp, count] of [
      ["one", 5],
      ["two", 33],
      ["one", 6],
    ] as const) {
      await clock.advance(MINUTE_MS);
      grow(isp, count);
      await clock.run(poll());
    }
    expect(sent.map(({ body, countDelta }) => [body.isp, body.count, countDelta])).toEqual([
      ["two", 30, 30],
      ["one", 3, 3],
      ["one", 5, 2],
      ["two", 33, 3],
      ["one", 6, 1],
    ]);
  });

  test("that stands twice in one answer is two records, once for all (R12)", async () => {
    const { add, after, clock, poll, sent } = world();
    add("U1", { first: 600 });
    add("U1", { first: 600 });
    await clock.run(poll());
    await after(MINUTE_MS);
    expect(usersOf(sent)).toEqual(["U1", "U1"]);
    expect(new Set(sent.map(({ uid }) => uid)).size).toBe(2);
  });

  test("is sent although its times cannot be read", async () => {
    const rows = [
      { user_id: "U1", count: 1 },
      { user_id: "U2", date_first: "x", date_last: null, count: "many" },
      { user_id: "U3", date_first: NOW, date_last: NOW, count: 2 },
    ];
    const { clock, poll, sent } = createScriptedBench("access_logs", ({ params }) => cutPage(rows, params), {
      nowMs: NOW_MS,
      startMs: (now) => now - HOUR_MS,
    });
    for (let polls = 0; polls < 3; polls++) await clock.run(poll());
    expect(deltasOf(sent)).toEqual([
      ["U1", 1, undefined],
      ["U2", "many", undefined],
      ["U3", 2, 2],
    ]);
  });
});

describe("what is remembered", () => {
  /** Two full pages of rows that stay, and one that comes and goes. */
  function comingAndGoing() {
    const steady = Array.from({ length: 5 }, (_, index) => rowOf(`U${index}`, { first: NOW - 10 * HOUR - index }));
    const X = rowOf("X", { first: NOW - 20 * HOUR });
    const listing = { shown: true, heads: 0 };
    const bench = createScriptedBench(
      "access_logs",
      ({ params }, index) => {
        // News at the head after each deep sweep, so that each poll has a second one.
        const news = listing.heads > 0 ? [rowOf(`NEWS${index}`, { first: NOW })] : [];
        if (params["cursor"] === undefined && listing.heads > 0) listing.heads -= 1;
        return cutPage([...news, ...steady, ...(listing.shown ? [X] : [])], params);
      },
      { nowMs: NOW_MS, pageSize: 3, settings: { deep_sweep: 0 } },
    );
    return { ...bench, listing };
  }
  const countOf = (sent: readonly Sent[]) => usersOf(sent).filter((user) => user === "X").length;

  // Of rows of one second, which Slack may show in another order each time, a sweep can miss one that is there.
  test("is a row that three polls did not meet, however often they swept", async () => {
    const { clock, poll, sent, listing } = comingAndGoing();
    await clock.run(poll());
    for (let polls = 0; polls < 3; polls++) {
      Object.assign(listing, { shown: false, heads: 3 });
      await clock.run(poll());
    }
    Object.assign(listing, { shown: true, heads: 0 });
    await clock.run(poll());
    expect(countOf(sent)).toBe(1);
  });

  test("is no more a row that four polls did not meet", async () => {
    const { clock, poll, sent, listing, known } = comingAndGoing();
    await clock.run(poll());
    listing.shown = false;
    for (let polls = 0; polls < 3; polls++) await clock.run(poll());
    expect(known()).toBe(6);
    await clock.run(poll());
    expect(known()).toBe(5);
    listing.shown = true;
    await clock.run(poll());
    expect(countOf(sent)).toBe(2);
  });

  test("[S15] is every row of the listing, however long ago it changed", async () => {
    const { add, after, clock, poll, sent, known } = world();
    for (const [index, user] of numbered(16).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll());
    for (let days = 0; days < 10; days++) await after(DAY_MS);
    expect(sent).toHaveLength(16);
    expect(known()).toBe(16);
  });

  test("are of a row's versions only the late ones", async () => {
    const { add, after, clock, poll, known, use } = world({ bench: { settings: { deep_sweep: 0 } } });
    add("U1", { first: 600 });
    await clock.run(poll());
    for (let changes = 0; changes < 10; changes++) {
      use("U1");
      await after(MINUTE_MS);
    }
    expect(known()).toBeLessThanOrEqual(5);
  });
});

describe("our own calls", () => {
  test("change the owner's row, and give one record for a sweep at most (R22)", async () => {
    const { add, after, clock, poll, sent, calls } = world({ behaviour: { callsAreAccess: true } });
    for (const [index, user] of numbered(10).entries()) add(user, { first: 10 * HOUR + index });
    await clock.run(poll());
    const own = () => usersOf(sent).filter((user) => user.startsWith("W0OWNER")).length;
    const before = { own: own(), calls: calls().length };
    for (let polls = 0; polls < 5; polls++) await after(MINUTE_MS);
    expect(own() - before.own).toBe(5);
    // The page with the news, and the one without.
    expect(calls().length - before.calls).toBe(10);
  });
});

test("what is left out is counted, and read once", async () => {
  const own = { userId: "UOWN", program: "slack-otel" };
  const { add, after, sent, skipped } = world({ bench: { own, settings: { skip_own_access: true } } });
  add("UOWN", { first: HOUR, user_agent: "slack-otel/1.0.0" });
  add("UOWN", { first: HOUR, user_agent: "slack-otel/2.0.0" });
  add("UOWN", { first: HOUR, user_agent: "Mozilla/5.0" });
  add("OTHER", { first: HOUR, user_agent: "slack-otel/1.0.0" });
  for (let polls = 0; polls < 2; polls++) await after(MINUTE_MS);
  expect(usersOf(sent).toSorted()).toEqual(["OTHER", "UOWN"]);
  expect(skipped()).toBe(2);
});

describe("Slack's clock", () => {
  test.each([-DAY_MS, DAY_MS])("be ours off by %i ms, sweeps go by Slack's", async (clockOffsetMs) => {
    const { add, after, clock, poll, sent, calls } = world({
      clockOffsetMs,
      bench: { startMs: (now) => now - HOUR_MS },
    });
    for (const [index, user] of numbered(12).entries()) add(user, { first: 60 * index });
    add("OLD", { first: 2 * HOUR });
    await clock.run(poll());
    add("LATE", { first: 1000 }, 1000);
    const before = calls().length;
    await after(MINUTE_MS);
    expect(usersOf(sent)).toEqual([...numbered(12), "LATE"]);
    // The look-back reaches behind every row.
    expect(calls().length - before).toBe(5);
  });
});

describe("the start", () => {
  test("stands before anything is read", async () => {
    const { add, after, clock, poll, sent } = world({ bench: { startMs: (now) => now - MINUTE_MS } });
    add("OWED", { first: 30 });
    add("OLD", { first: 90 });
    expect(await clock.run(poll({ kill: { at: 1, when: "after" } }))).toBe("killed");
    await after(DAY_MS);
    expect(usersOf(sent)).toEqual(["OWED"]);
  });

  test("in the future sends nothing that was before it", async () => {
    const { add, after, clock, poll, sent, use } = world({ bench: { startMs: () => NOW_MS + HOUR_MS } });
    add("U1", { first: 60, count: 5 });
    await clock.run(poll());
    await clock.advance(2 * HOUR_MS);
    use("U1");
    await after(MINUTE_MS);
    expect(deltasOf(sent)).toEqual([["U1", 6, 1]]);
  });
});

describe("a right that is taken away", () => {
  const fails = { kind: "error", error: "missing_scope" } as const;

  async function halted(nth: number, first: "complete" | "broken off" | "none", options: WorldOptions = {}) {
    const w = world(options);
    for (const [index, user] of numbered(16).entries()) w.add(user, { first: 10 * HOUR + index });
    if (first !== "none") await w.clock.run(w.poll());
    if (first === "broken off") await w.after(6 * HOUR_MS, { kill: { at: 2, when: "after" } });
    const before = w.calls().length;
    w.slack.setFaults([{ fault: fails, method: "team.accessLogs", nth: before + nth }]);
    const ending = await w.clock.run(w.poll());
    expect(ending).toMatchObject({ kind: "halted", code: "missing_scope" });
    return w.calls().length - before;
  }

  test("halts the look at the head", async () => {
    expect(await halted(1, "complete")).toBe(1);
  });

  test("halts the look at the head before a deep sweep goes on", async () => {
    expect(await halted(1, "broken off")).toBe(1);
  });

  test("halts a deep sweep", async () => {
    expect(await halted(3, "none")).toBe(3);
  });

  test("halts the look at the head after a deep sweep", async () => {
    expect(await halted(7, "none")).toBe(7);
  });

  test("halts the look at the head in a deep sweep", async () => {
    // Two calls a minute: the first look comes after the second page, with the third one asked for.
    const cost = await halted(4, "none", { bench: { settings: { calls_per_minute: 2 } } });
    expect(cost).toBeLessThanOrEqual(5);
  });
});

test.each(["invalid_limit", "missing_scope"])("a refusal for %s halts the stream", async (error) => {
  const { add, clock, poll, slack } = world();
  add("U1", { first: 60 });
  slack.setFaults([{ fault: { kind: "error", error }, method: "team.accessLogs" }]);
  expect(await clock.run(poll())).toMatchObject({ kind: "halted", code: error });
});

test("in a run without a crash the differences of a row sum to its last count", async () => {
  const step = fc.record({ user: fc.nat(9), times: fc.nat(4), minutes: fc.nat(90) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 30 }),
      fc.constantFrom(...ORDERS),
      fc.constantFrom("keyset", "offset"),
      async (steps, order, cursor) => {
        const w = world({
          behaviour: { order, cursor },
          bench: { startMs: (now) => now - HOUR_MS, settings: { deep_sweep: HOUR_MS } },
        });
        for (const [index, user] of numbered(10).entries()) w.add(user, { first: 60 * index });
        await w.clock.run(w.poll());
        for (const { user, times, minutes } of steps) {
          for (let time = 0; time < times; time++) w.use(`U${user}`);
          await w.after(minutes * MINUTE_MS);
        }
        await w.after(HOUR_MS);
        const sums = new Map<string, number>();
        for (const { body, countDelta } of w.sent) {
          sums.set(body.user_id, (sums.get(body.user_id) ?? 0) + Number(countDelta));
        }
        const rows = w.slack.world.access.listing(w.slack.now(), order, {});
        expect(Object.fromEntries(sums)).toEqual(
          Object.fromEntries(rows.map(({ fields }) => [fields.user_id, fields.count])),
        );
      },
    ),
    { numRuns: 25 },
  );
});
