import { describe, expect, test } from "vitest";
import type { IntegrationBehaviour } from "../../../src/simulation/behaviour.ts";
import { createSimulatedSlack } from "../../../src/simulation/slack.ts";
import type { SlackRequest } from "../../support/scripted-slack.ts";
import { createBench, createScriptedBench, type BenchOptions, type ScriptedPage } from "../../support/stream-bench.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";

const NOW_MS = Date.UTC(2026, 10, 2, 9);
const NOW = NOW_MS / 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const TEAM = "T0ACMEENG01";
const ORDERS = ["falling", "rising", "mixed"] as const;

interface WorldOptions {
  readonly behaviour?: Partial<IntegrationBehaviour>;
  readonly clockOffsetMs?: number;
  readonly bench?: Partial<BenchOptions>;
  readonly beforeCall?: (nth: number) => void;
}

/** A workspace whose integrations' changes are put in by hand. */
function world({ behaviour, clockOffsetMs = 0, bench = {}, beforeCall }: WorldOptions = {}) {
  const clock = createVirtualClock(NOW_MS);
  const slack = createSimulatedSlack({
    clock,
    clockOffsetMs,
    behaviour: { integration: behaviour },
    beforeCall: ({ method, nth }) => {
      if (method === "team.integrationLogs") beforeCall?.(nth);
    },
  });
  const begun = Math.floor(slack.now() / 1000);
  const calls = () => slack.calls.filter(({ method }) => method === "team.integrationLogs");
  const stream = createBench("integration_logs", { http: slack.http, clock, pageSize: 3, teamId: TEAM, ...bench });
  return {
    slack,
    clock,
    begun,
    calls,
    params: () => calls().map(({ params }) => params),
    ...stream,
    /** One poll, after so many milliseconds; tells which pages it asked for. */
    async after(ms: number, options?: Parameters<typeof stream.poll>[0]) {
      await clock.advance(ms);
      const before = calls().length;
      const ending = await clock.run(stream.poll(options));
      return {
        ending,
        pages: calls()
          .slice(before)
          .map(({ params }) => Number(params["page"])),
      };
    },
    /** `secondsAgo` before the beginning; shown from now on. */
    add(name: string, secondsAgo: number) {
      const entry = { user_name: name, date: String(begun - secondsAgo), change_type: "added" };
      slack.world.integration.add(entry, { teamId: TEAM, visibleAtMs: Math.min(slack.now(), begun * 1000) });
    },
  };
}

const namesOf = (sent: readonly { readonly body: { readonly user_name?: string } }[]): string[] =>
  sent.map(({ body }) => body.user_name ?? "none");
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
/** Where the oldest are on the first page, it is looked at again in the end, for what left meanwhile. */
const sweepOf4 = (order: (typeof ORDERS)[number]) => [1, 2, 3, 4, ...(order === "rising" ? [1] : [])];
/** From the oldest to the newest. */
function fill(add: (name: string, secondsAgo: number) => void, count: number) {
  for (const [index, name] of numbered(count).entries()) add(name, DAY_MS / 1000 - index * 10);
}

describe("a deep sweep", () => {
  test.each(ORDERS)("reads all pages, each entry once, in %s order (Q4, S17)", async (order) => {
    const { add, after, sent, params } = world({ behaviour: { order } });
    fill(add, 10);
    expect(await after(0)).toEqual({ ending: { kind: "present" }, pages: sweepOf4(order) });
    expect(new Set(namesOf(sent))).toEqual(new Set(numbered(10)));
    expect(sent).toHaveLength(10);
    // No cursor, no limit and no time: the method knows none of them (S19).
    expect(params()[0]).toEqual({ page: "1", count: "3", team_id: TEAM });
  });

  test.each(ORDERS)(
    "comes when it is due, and not before, but for every poll where the order is mixed: %s",
    async (order) => {
      const { add, after } = world({ behaviour: { order }, bench: { settings: { deep_sweep: HOUR_MS } } });
      fill(add, 10);
      await after(0);
      const idle = { falling: [1], rising: [4], mixed: [1, 2, 3, 4] }[order];
      expect((await after(59 * MINUTE_MS)).pages).toEqual(idle);
      expect((await after(MINUTE_MS)).pages).toEqual(sweepOf4(order));
      expect((await after(MINUTE_MS)).pages).toEqual(idle);
    },
  );

  test("of one page is one call", async () => {
    const { add, after, sent } = world({ bench: { settings: { deep_sweep: 0 } } });
    fill(add, 3);
    expect((await after(0)).pages).toEqual([1]);
    expect((await after(MINUTE_MS)).pages).toEqual([1]);
    expect(sent).toHaveLength(3);
  });

  test("of an empty log is one call", async () => {
    const { after, add, sent } = world();
    expect(await after(0)).toEqual({ ending: { kind: "present" }, pages: [1] });
    fill(add, 1);
    await after(MINUTE_MS);
    expect(sent).toHaveLength(1);
  });

  test.each(ORDERS)("misses nothing that comes in while it goes on, in %s order (R5, R11)", async (order) => {
    const w = world({
      behaviour: { order },
      beforeCall: (nth) => {
        if (nth === 2 || nth === 3) w.add(`new ${nth}`, -nth);
      },
    });
    fill(w.add, 9);
    await w.after(0);
    expect(new Set(namesOf(w.sent))).toEqual(new Set([...numbered(9), "new 2", "new 3"]));
    expect(w.sent).toHaveLength(11);
  });

  test.each(ORDERS)(
    "reads again when an entry has left, for what slipped over a page's edge, in %s order (R11)",
    async (order) => {
      const rows = {
        falling: numbered(9).toReversed(),
        rising: numbered(9),
        mixed: ["n4", "n0", "n8", "n1", "n5", "n3", "n7", "n2", "n6"],
      }[order];
      const { clock, poll, sent } = shiftingPages(rows, (list, call) => {
        if (call === 1) list.shift();
      });
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(namesOf(sent).toSorted()).toEqual(numbered(9));
    },
  );

  test("ends although the log never stands still", async () => {
    const { clock, poll, requests } = shiftingPages(numbered(12), (list) => {
      list.push(`m${list.shift() ?? ""}`);
    });
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(requests.length).toBeLessThan(40);
  });

  test.each([6, 9])(
    "reads again when the oldest of %i has left while another came in, so that the total is the same (R11, Q7)",
    async (count) => {
      const { clock, poll, sent } = shiftingPages(numbered(count), (list, call) => {
        if (call === 1) list.push(`m${list.shift()?.slice(1)}`);
      });
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(namesOf(sent).toSorted()).toEqual(["m0", ...numbered(count)].toSorted());
    },
  );

  test("takes none that has left for one that it missed", async () => {
    const rows = ["n0", "n1", "n2", "late", "n3", "n4"].map((name) => entryOf(name, NOW - 5000));
    rows.push(...["n5", "n6", "gone", "n7", "n8", "n9"].map((name) => entryOf(name, NOW - 4000)));
    let passes = 0;
    const { clock, poll, sent } = createScriptedBench(
      "integration_logs",
      ({ params }): ScriptedPage => {
        const [page, size] = [Number(params["page"]), Number(params["count"])];
        if (page === 2) passes += 1;
        const shown = [...rows];
        // On the second page while the first is read, and the other way round.
        if (page > 1 && passes <= 2) [shown[0], shown[3]] = [rows[3]!, rows[0]!];
        const paging = { total: shown.length, pages: Math.ceil(shown.length / size) };
        const entries = shown.slice((page - 1) * size, page * size);
        // It was met; what moves up into its place is not.
        if (page === 3 && passes === 1) rows.splice(8, 1);
        return { entries, paging };
      },
      { nowMs: NOW_MS, pageSize: 3 },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent).toSorted()).toEqual([...numbered(10), "gone", "late"].toSorted());
  });

  test("takes none that has left behind it for one that it missed", async () => {
    const names = ["n0", "n1", "n2", "late", "gone", "n3", "n4", "n5", "n6"];
    const rows = names.map((name, index) => entryOf(name, NOW - 5000 - index));
    let calls = 0;
    const { clock, poll, sent } = createScriptedBench(
      "integration_logs",
      ({ params }): ScriptedPage => {
        const [page, size] = [Number(params["page"]), Number(params["count"])];
        calls += 1;
        // It was met by the three pages; what is read next is the head.
        if (calls === 4) rows.splice(4, 1);
        const shown = [...rows];
        if (calls === 2 || calls === 3) [shown[0], shown[3]] = [rows[3]!, rows[0]!];
        const paging = { total: shown.length, pages: Math.ceil(shown.length / size) };
        return { entries: shown.slice((page - 1) * size, page * size), paging };
      },
      { nowMs: NOW_MS, pageSize: 3 },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent).toSorted()).toEqual(names.toSorted());
  });

  test("that missed an entry in each pass over a log that moved is made up for by the next poll", async () => {
    const [first, second] = [NOW - 5000, NOW - 4000];
    const rows = ["n0", "n1", "n2", "late", "n3", "n4"].map((name) => entryOf(name, first));
    rows.push(...["n5", "n6", "n7"].map((name) => entryOf(name, second)));
    let passes = 0;
    const { clock, poll, sent } = createScriptedBench(
      "integration_logs",
      ({ params }): ScriptedPage => {
        const [page, size] = [Number(params["page"]), Number(params["count"])];
        if (page === 2) passes += 1;
        if (page === 3 && passes <= 3) rows.push(entryOf(`m${passes}`, second + passes));
        const shown = [...rows];
        // Behind the reader's back: on the second page while the first is read, and the other way round.
        if (page > 1 && passes <= 3) [shown[0], shown[3]] = [rows[3]!, rows[0]!];
        const paging = { total: shown.length, pages: Math.ceil(shown.length / size) };
        return { entries: shown.slice((page - 1) * size, page * size), paging };
      },
      { nowMs: NOW_MS, pageSize: 3 },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent)).not.toContain("late");
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent)).toContain("late");
    expect(sent).toHaveLength(rows.length);
  });

  test("with entries of one second that change places at every call misses none (Q5)", async () => {
    for (const order of ["falling", "rising"] as const) {
      const { slack, after, sent } = world({ behaviour: { order, tiesMove: true } });
      for (const name of numbered(14)) {
        slack.world.integration.add({ user_name: name, date: String(NOW - 5000) }, { teamId: TEAM });
      }
      await after(0);
      for (let polls = 0; polls < 4; polls++) await after(6 * HOUR_MS);
      expect(new Set(namesOf(sent))).toEqual(new Set(numbered(14)));
      expect(sent).toHaveLength(14);
    }
  });
});

test("the pages of a deep sweep behind the first go at their own pace, those of a poll do not", async () => {
  const rows = numbered(12).map((name, index) => entryOf(name, NOW - 5000 + index));
  const { clock, poll, requests } = createScriptedBench(
    "integration_logs",
    ({ params }) => {
      const page = Number(params["page"]);
      return { entries: rows.slice(page * 3 - 3, page * 3), paging: { total: rows.length, pages: rows.length / 3 } };
    },
    { nowMs: NOW_MS, pageSize: 3, settings: { deep_calls_per_minute: 1 } },
  );
  const timesOf = async () => {
    const [before, begunMs] = [requests.length, clock.monotonic()];
    await clock.run(poll());
    return requests.slice(before).map(({ params, atMs }) => [Number(params["page"]), atMs - begunMs]);
  };
  const MINUTES = [0, 60_000, 120_000];
  expect(await timesOf()).toEqual([[1, 0], ...MINUTES.map((ms, index) => [index + 2, ms]), [1, 120_000]]);
  rows.push(...numbered(6).map((name, index) => entryOf(`new ${name}`, NOW - 4000 + index)));
  expect(await timesOf()).toEqual([4, 5, 6].map((page) => [page, 0]));
});

test("what comes in at the head during a deep sweep is no reason for another one", async () => {
  const w = world({
    behaviour: { order: "falling" },
    beforeCall: (nth) => {
      if (nth === 2 || nth === 5) w.add(`new ${nth}`, -nth);
    },
  });
  fill(w.add, 9);
  expect((await w.after(0)).pages).toEqual([1, 2, 3, 4, 1, 2]);
  expect(w.sent).toHaveLength(11);
  expect((await w.after(MINUTE_MS)).pages).toEqual([1]);
});

describe("a poll in between", () => {
  test.each([
    ["falling", [1, 2, 3]],
    ["rising", [4, 5, 6]],
  ] as const)("reads on from the head while there is news, in %s order (Q4)", async (order, pages) => {
    const { add, after, sent } = world({ behaviour: { order } });
    fill(add, 10);
    await after(0);
    for (const index of [1, 2, 3, 4, 5, 6]) add(`new ${index}`, -index);
    expect((await after(MINUTE_MS)).pages).toEqual(pages);
    expect(namesOf(sent).slice(10).toSorted()).toEqual([1, 2, 3, 4, 5, 6].map((index) => `new ${index}`));
  });

  test.each([
    ["falling", 9],
    ["falling", 10],
    ["rising", 9],
    ["rising", 10],
    ["rising", 11],
  ] as const)("finds one new entry in %s order where there were %i", async (order, count) => {
    const { add, after, sent } = world({ behaviour: { order } });
    fill(add, count);
    await after(0);
    add("new", -1);
    expect((await after(MINUTE_MS)).pages.length).toBeLessThanOrEqual(2);
    expect(namesOf(sent).slice(count)).toEqual(["new"]);
  });

  test.each(["falling", "rising"] as const)("is one call where there is one page, in %s order", async (order) => {
    const { add, after } = world({ behaviour: { order } });
    for (const index of [0, 1, 2]) add(`recent ${index}`, 60 - index);
    await after(0);
    expect((await after(MINUTE_MS)).pages).toEqual([1]);
  });

  test.each(["falling", "rising"] as const)(
    "reads all pages when the total says that more is new than the head shows, in %s order (R9, R11)",
    async (order) => {
      const { add, after, sent } = world({ behaviour: { order } });
      fill(add, 10);
      await after(0);
      // It turned up late, and stands in the middle.
      add("late", DAY_MS / 1000 - 45);
      const { pages } = await after(MINUTE_MS);
      expect(pages.slice(1)).toEqual(expect.arrayContaining([1, 2, 3, 4]));
      expect(namesOf(sent).slice(10)).toEqual(["late"]);
      expect((await after(MINUTE_MS)).pages).toHaveLength(1);
    },
  );

  test.each(["falling", "rising"] as const)(
    "reads all pages once when entries have left, in %s order (R11, Q7)",
    async (order) => {
      const rows = order === "rising" ? numbered(10) : numbered(10).toReversed();
      const { clock, poll, requests, rows: list } = shiftingPages(rows, () => undefined);
      await clock.run(poll());
      list.splice(4, 1);
      const costs: number[] = [];
      for (let polls = 0; polls < 2; polls++) {
        const before = requests.length;
        expect(await clock.run(poll())).toEqual({ kind: "present" });
        costs.push(requests.length - before);
      }
      // In rising order the page that was the last is empty, and the one before it is looked at too; and the first again.
      expect(costs).toEqual([order === "rising" ? 6 : 4, 1]);
    },
  );

  test.each([
    ["falling", [1, 2, 3]],
    ["rising", [4, 3, 2]],
  ] as const)("looks back for what turns up late, and no further, in %s order (R9)", async (order, pages) => {
    const { add, after, sent } = world({ behaviour: { order } });
    fill(add, 4);
    for (const index of [0, 1, 2, 3, 4, 5]) add(`recent ${index}`, 14 * 60 - index * 120);
    await after(0);
    add("late", 13 * 60);
    expect((await after(MINUTE_MS)).pages).toEqual(pages);
    expect(namesOf(sent).slice(10)).toEqual(["late"]);
  });

  test.each([
    ["falling", [1, 2, 3]],
    ["rising", [4, 3, 2, 1]],
  ] as const)(
    "looks back for what turns up late, also where entering and leaving cancel out, in %s order (R9, Q7)",
    async (order, pages) => {
      const { add, after, sent, slack, begun } = world({ behaviour: { order } });
      fill(add, 4);
      for (const index of [0, 1, 2, 3, 4, 5]) add(`recent ${index}`, 14 * 60 - index * 120);
      await after(0);
      const later = (ms: number) => {
        // The first has left, and no other does.
        slack.behaviour.integration.retentionMs = slack.now() + ms - (begun * 1000 - DAY_MS + 1000);
        return after(ms);
      };
      add("late", 13 * 60);
      // The total then tells that one has left, so that all pages are read.
      expect((await later(MINUTE_MS)).pages).toEqual([...pages, ...sweepOf4(order)]);
      expect(namesOf(sent).slice(10)).toEqual(["late"]);
      // What is older than the look-back by then is read no more.
      await later(HOUR_MS);
      expect((await later(MINUTE_MS)).pages).toEqual(pages.slice(0, 1));
    },
  );

  test("[S12] is still found by the next deep sweep, where entering and leaving cancel out", async () => {
    const { clock, poll, sent, rows } = shiftingPages(numbered(10), () => undefined);
    await clock.run(poll());
    rows.splice(2, 1, "late");
    await clock.run(poll());
    expect(namesOf(sent)).not.toContain("late");
    await clock.advance(6 * HOUR_MS);
    await clock.run(poll());
    expect(namesOf(sent)).toContain("late");
  });
});

describe("more than 100 pages", () => {
  test.each(["falling", "rising"] as const)(
    "are asked for as larger ones, now and at later polls, in %s order",
    async (order) => {
      const { add, after, sent, params } = world({ behaviour: { order }, bench: { pageSize: 2 } });
      fill(add, 2500);
      expect((await after(0)).ending).toEqual({ kind: "present" });
      expect(sent).toHaveLength(2500);
      expect(params().map(({ page, count }) => `${page} of ${count}`)).toEqual([
        "1 of 2",
        "1 of 1000",
        "2 of 1000",
        "3 of 1000",
        ...(order === "rising" ? ["1 of 1000"] : []),
      ]);
      expect(await after(MINUTE_MS)).toEqual({ ending: { kind: "present" }, pages: [order === "rising" ? 3 : 1] });
      add("new", -1);
      const { pages } = await after(MINUTE_MS);
      expect(pages.length).toBeLessThanOrEqual(2);
      expect(namesOf(sent).slice(2500)).toEqual(["new"]);
      await after(6 * HOUR_MS);
      expect(sent).toHaveLength(2501);
    },
  );

  test("begun over again with larger ones, falls like any other", async () => {
    const { add, after, position } = world({ behaviour: { order: "falling" }, bench: { pageSize: 2 } });
    fill(add, 250);
    await after(0);
    expect(position()).toMatchObject({ head: "first" });
  });

  test("begin at the one beyond the hundredth", async () => {
    const { add, after, sent, params, log } = world({ bench: { pageSize: 2 } });
    fill(add, 200);
    await after(0);
    await after(MINUTE_MS);
    expect(sent).toHaveLength(200);
    expect(new Set(params().map(({ count }) => count))).toEqual(new Set(["2"]));
    expect(log.map(({ event }) => event)).not.toContain("slack_pages_beyond_reach");
  });

  test.each([
    ["pages alone say so", { pages: 100 }],
    ["the total says so", { pages: 100, total: 100_000 }],
  ])("begin at the one beyond the hundredth of the largest size, too, where %s", async (_, paging) => {
    const { clock, poll, requests, log } = createScriptedBench("integration_logs", () => ({ entries: [], paging }), {
      nowMs: NOW_MS,
      pageSize: 1000,
    });
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(requests.filter(({ params }) => params["change_type"] !== undefined)).toEqual([]);
    expect(log).toEqual([]);
  });

  test("[S11] of the largest size are read as far as Slack shows them, with a warning", async () => {
    const { clock, poll, log, requests } = createScriptedBench(
      "integration_logs",
      ({ params }) =>
        Number(params["page"]) > 100
          ? "over_pagination_limit"
          : { entries: [entryOf(`p${params["page"]}`)], paging: { total: 150_000, pages: 150 } },
      { nowMs: NOW_MS, pageSize: 1000 },
    );
    for (let polls = 0; polls < 2; polls++) expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(new Set(requests.map(({ params }) => Number(params["page"])))).toEqual(
      new Set(Array.from({ length: 100 }, (_, index) => index + 1)),
    );
    const told = log.filter(({ event }) => event === "slack_pages_beyond_reach");
    expect(told[0]).toMatchObject({ level: "warn", fields: { method: "team.integrationLogs", pages: 150 } });
    // Once a poll for the whole log and for each kind of change.
    expect(told.length).toBeLessThanOrEqual(12);
  });

  describe("of the largest size", () => {
    /** A log that Slack shows no more than two entries of on a page. */
    function longLog(order: "rising" | "falling", counts: Readonly<Record<string, number>>, refused?: string) {
      let refusal: { readonly type: string | undefined; readonly error: ScriptedPage } = {
        type: refused,
        error: "invalid_arguments",
      };
      let rows: { readonly change_type: string; readonly date: string; readonly user_name: string }[] = [];
      const add = (change_type: string, date: number) => {
        rows = [...rows, { change_type, date: String(date), user_name: `${change_type} ${rows.length}` }];
      };
      const types = Object.entries(counts).flatMap(([type, count]) => Array.from({ length: count }, () => type));
      // The kinds take turns, as far as there are any left of each.
      const place = new Map<string, number>();
      const turns = types.map((type) => {
        const turn = place.get(type) ?? 0;
        place.set(type, turn + 1);
        return { type, turn: turn / (counts[type] ?? 1) };
      });
      for (const [index, { type }] of turns.toSorted((a, b) => a.turn - b.turn).entries())
        add(type, NOW - 9000 + index);
      const bench = createScriptedBench(
        "integration_logs",
        ({ params }) => {
          const [page, count] = [Number(params["page"]), Number(params["count"])];
          if (count > 2) return "too_large";
          if (page > 100) return "over_pagination_limit";
          const type = params["change_type"];
          if (type !== undefined && type === refusal.type) return refusal.error;
          const wanted = rows.filter(({ change_type }) => type === undefined || change_type === type);
          const ordered = order === "rising" ? wanted : wanted.toReversed();
          return {
            entries: ordered.slice((page - 1) * count, page * count),
            paging: { total: wanted.length, pages: Math.max(1, Math.ceil(wanted.length / count)), page, count },
          };
        },
        { nowMs: NOW_MS, pageSize: 2, settings: { deep_sweep: HOUR_MS } },
      );
      return {
        ...bench,
        add,
        rows: () => rows,
        refuse(type: string | undefined, error: ScriptedPage = "invalid_arguments") {
          refusal = { type, error };
        },
        async after(ms: number) {
          await bench.clock.advance(ms);
          return bench.clock.run(bench.poll());
        },
      };
    }

    test.each(["rising", "falling"] as const)(
      "are read by kinds of changes where Slack shows only a part of the whole, each entry once, in %s order",
      async (order) => {
        const w = longLog(order, { added: 150, removed: 90, disabled: 20, expanded: 15 });
        expect(await w.after(0)).toEqual({ kind: "present" });
        const isShown = ({ change_type }: { readonly change_type: string }, index: number) =>
          change_type !== "expanded" || (order === "rising" ? index < 200 : index >= w.rows().length - 200);
        const owed = w.rows().filter(isShown);
        expect(namesOf(w.sent).toSorted()).toEqual(owed.map(({ user_name }) => user_name).toSorted());
        // Only what has no filter of its own is out of reach.
        expect(owed.length).toBeLessThan(w.rows().length);
        const newest = Number(w.rows()[199]?.date) * 1000;
        const oldest = Number(w.rows().at(-200)?.date) * 1000;
        const reason = "page_ceiling";
        expect(w.unread).toEqual([
          order === "rising" ? { fromMs: newest, toMs: NOW_MS, reason } : { fromMs: 0, toMs: oldest, reason },
        ]);
      },
    );

    test("bring what comes in, at once and with few calls, in rising order", async () => {
      const w = longLog("rising", { added: 150, removed: 90 });
      await w.after(0);
      expect(w.unread).toEqual([]);
      expect(w.sent).toHaveLength(240);
      const before = w.requests.length;
      w.add("removed", NOW);
      w.add("updated", NOW);
      expect(await w.after(MINUTE_MS)).toEqual({ kind: "present" });
      expect(namesOf(w.sent.slice(240)).toSorted()).toEqual(["removed 240", "updated 241"]);
      // The whole log aside, of which the largest page that is not too large is looked for first.
      const ofKinds = w.requests.slice(before).filter(({ params }) => params["change_type"] !== undefined);
      expect(ofKinds.length).toBeLessThan(8);
      await w.after(2 * HOUR_MS);
      await w.after(2 * HOUR_MS);
      expect(w.sent).toHaveLength(242);
      expect(w.known()).toBe(242);
    });

    test("killed anywhere among the kinds, send each entry once in the end", async () => {
      for (const at of [60, 101, 103, 150, 180, 200]) {
        const w = longLog("rising", { added: 150, removed: 90 });
        await w.clock.run(w.poll({ kill: { at, when: "after" } }));
        for (let polls = 0; polls < 3; polls++) expect(await w.after(2 * HOUR_MS)).toEqual({ kind: "present" });
        expect(namesOf(w.sent).toSorted()).toEqual(
          w
            .rows()
            .map(({ user_name }) => user_name)
            .toSorted(),
        );
      }
    });

    test("forget what has left, once four polls did not meet it in any kind", async () => {
      const w = longLog("rising", { added: 150, removed: 90 });
      await w.after(0);
      w.rows().splice(0, 10);
      for (let polls = 0; polls < 3; polls++) await w.after(6 * HOUR_MS);
      expect(w.known()).toBe(240);
      await w.after(6 * HOUR_MS);
      expect(w.known()).toBe(230);
      expect(w.sent).toHaveLength(240);
    });

    test("are told as unread where Slack refuses a kind, and the other kinds are read", async () => {
      const w = longLog("rising", { added: 150, removed: 90 }, "removed");
      expect(await w.after(0)).toEqual({ kind: "present" });
      expect(w.log.map(({ event }) => event)).toContain("slack_filter_refused");
      expect(namesOf(w.sent).filter((name) => name.startsWith("added"))).toHaveLength(150);
      expect(w.unread).toHaveLength(1);
    });

    test("forget nothing of a kind while Slack refuses it", async () => {
      const w = longLog("rising", { added: 150, removed: 90 });
      await w.after(0);
      w.refuse("removed");
      for (let polls = 0; polls < 6; polls++) await w.after(6 * HOUR_MS);
      expect(w.known()).toBe(240);
      w.refuse(undefined);
      await w.after(2 * HOUR_MS);
      expect(w.sent).toHaveLength(240);
    });

    test("halt the poll where Slack refuses a kind for what is not the kind's fault", async () => {
      const w = longLog("rising", { added: 150, removed: 90 });
      w.refuse("removed", "missing_scope");
      expect(await w.after(0)).toMatchObject({ kind: "halted", code: "missing_scope" });
      expect(w.log.map(({ event }) => event)).not.toContain("slack_filter_refused");
    });

    test("are read as a whole again once the log is short enough", async () => {
      const w = longLog("rising", { added: 150, removed: 60 });
      await w.after(0);
      expect(w.position()).toHaveProperty("kinds");
      w.rows().splice(0, 30);
      await w.after(2 * HOUR_MS);
      expect(w.position()).not.toHaveProperty("kinds");
      expect(w.sent).toHaveLength(210);
    });
  });

  test("are not asked for as larger ones again, where those were too large", async () => {
    let calls = 0;
    const { clock, poll, requests } = createScriptedBench(
      "integration_logs",
      ({ params }) => {
        calls += 1;
        const count = Number(params["count"]);
        if (calls > 1000) throw new Error("no end");
        if (count > 600) return "too_large";
        return Number(params["page"]) > 100
          ? "over_pagination_limit"
          : { entries: [], paging: { pages: 60_000 / count } };
      },
      { nowMs: NOW_MS, pageSize: 500 },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(Math.max(...requests.map(({ params }) => Number(params["page"])))).toBe(100);
  });
});

describe("killed", () => {
  const cases = ORDERS.flatMap((order) =>
    ["before", "after"].flatMap((when) =>
      [1, 2, 3, 4, 5].map((at) => ({ order, at, when: when as "before" | "after" })),
    ),
  );

  test.each(cases)(
    "$when commit $at, in $order order: goes on, loses nothing and repeats a page at most",
    async ({ order, ...kill }) => {
      const { add, after, sent } = world({ behaviour: { order } });
      fill(add, 10);
      expect((await after(0, { kill })).ending).toBe("killed");
      add("since", -1);
      expect((await after(MINUTE_MS)).ending).toEqual({ kind: "present" });
      expect(new Set(namesOf(sent))).toEqual(new Set([...numbered(10), "since"]));
      expect(sent.length - 11).toBeLessThanOrEqual(kill.when === "before" ? 3 : 0);
    },
  );

  test("a deep sweep of which the first page alone was read is as good as a new one", async () => {
    const { add, after } = world();
    fill(add, 10);
    await after(0, { kill: { at: 2, when: "after" } });
    expect((await after(MINUTE_MS)).pages).toEqual(sweepOf4("rising"));
  });

  test("a deep sweep goes on from the page it was at", async () => {
    const { add, after } = world();
    fill(add, 10);
    await after(0, { kill: { at: 4, when: "after" } });
    expect((await after(MINUTE_MS)).pages.slice(0, 2)).toEqual([3, 4]);
  });

  test("a deep sweep that went on is no whole one: what slipped by meanwhile is read, killed again or not", async () => {
    for (const again of [undefined, { at: 2, when: "after" } as const]) {
      const { clock, poll, sent, rows } = shiftingPages(numbered(12), () => undefined);
      expect(await clock.run(poll({ kill: { at: 4, when: "after" } }))).toBe("killed");
      // Four leave and as many come: those that took the places of the four are not on the pages ahead.
      rows.splice(0, 4);
      rows.push("m0", "m1", "m2", "m3");
      if (again !== undefined) expect(await clock.run(poll({ kill: again }))).toBe("killed");
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(new Set(namesOf(sent))).toEqual(new Set([...numbered(12), "m0", "m1", "m2", "m3"]));
    }
  });
});

describe("killed after the last page of a sweep that went on", () => {
  // 12 entries ten seconds apart, three a page; in falling order the newest one, n11, is the first of page 1.
  const behind = (index: number) => DAY_MS / 1000 - index * 10 + 5;

  test.each([
    // The poll from the head reads one page there, two here, before the sweep begins.
    { order: "falling", thirdPage: 4 },
    { order: "rising", thirdPage: 5 },
  ] as const)("it takes nothing for read that it passed by, in $order order", async ({ order, thirdPage }) => {
    const { add, after, sent } = world({ behaviour: { order } });
    fill(add, 12);
    await after(0);
    add("late", behind(2));
    expect((await after(MINUTE_MS, { kill: { at: thirdPage, when: "after" } })).ending).toBe("killed");
    // On a page that the sweep has behind it, and no poll from the head comes to.
    add("later", behind(order === "falling" ? 8 : 3));
    expect((await after(MINUTE_MS, { kill: { at: 3, when: "after" } })).ending).toBe("killed");
    expect((await after(MINUTE_MS)).ending).toEqual({ kind: "present" });
    expect(namesOf(sent).toSorted()).toEqual([...numbered(12), "late", "later"].toSorted());
  });
});

describe("how far it has come", () => {
  test("is told once all of a poll is read", async () => {
    const { add, after, reachedMs, begun } = world();
    fill(add, 10);
    await after(0, { kill: { at: 3, when: "after" } });
    expect(reachedMs()).toBeUndefined();
    await after(0);
    expect(reachedMs()).toBe(begun * 1000);
    await after(MINUTE_MS);
    expect(reachedMs()).toBe(begun * 1000 + MINUTE_MS);
  });
});

describe("identity (R12)", () => {
  test("twins of one answer are two records, once for all", async () => {
    const { add, after, sent } = world();
    for (const name of ["a", "twin", "twin"]) add(name, 100);
    await after(0);
    await after(6 * HOUR_MS);
    expect(namesOf(sent).toSorted()).toEqual(["a", "twin", "twin"]);
    expect(new Set(sent.map(({ uid }) => uid)).size).toBe(3);
  });

  test("twins of two answers are one, and do not keep a sweep from its end", async () => {
    const { add, after, sent, calls } = world();
    for (const [index, name] of ["a", "b", "twin", "twin", "c"].entries()) add(name, 100 - (index === 3 ? 2 : index));
    await after(0);
    expect(namesOf(sent).toSorted()).toEqual(["a", "b", "c", "twin"]);
    expect(calls().length).toBeLessThanOrEqual(12);
    expect((await after(MINUTE_MS)).pages).toEqual([2, 1]);
  });
});

describe("what is remembered", () => {
  // Of entries of one second, which Slack may show in another order each time, a sweep can miss one that is there.
  test("is an entry that three polls did not meet, and no more one that four did not", async () => {
    const { clock, poll, sent, rows, known } = shiftingPages(numbered(9), () => undefined, { deep_sweep: 0 });
    const polls = async (count: number) => {
      for (let index = 0; index < count; index++) await clock.run(poll());
    };
    await polls(1);
    const [gone] = rows.splice(4, 1);
    await polls(3);
    expect(known()).toBe(9);
    rows.splice(4, 0, gone ?? "");
    await polls(1);
    expect(sent).toHaveLength(9);
    rows.splice(4, 1);
    await polls(4);
    expect(known()).toBe(8);
  });

  test("is every entry of the listing, however long ago it was met first", async () => {
    const { add, after, sent, known } = world();
    fill(add, 10);
    for (let days = 0; days < 5; days++) await after(DAY_MS);
    expect(sent).toHaveLength(10);
    expect(known()).toBe(10);
  });
});

describe("`paging`", () => {
  const rows = numbered(8).map((name, index) => entryOf(name, NOW - 5000 + index));
  const pagesOf = (paging: (page: number) => object | undefined) => {
    const { clock, poll, sent, requests } = createScriptedBench(
      "integration_logs",
      ({ params }): ScriptedPage => {
        const page = Number(params["page"]);
        const size = Number(params["count"]);
        const given = paging(page);
        return {
          entries: rows.slice((page - 1) * size, page * size),
          ...(given === undefined ? {} : { paging: given }),
        };
      },
      { nowMs: NOW_MS, pageSize: 3 },
    );
    return { sent, requests, run: () => clock.run(poll()) };
  };

  test.each([
    ["absent", () => undefined],
    ["empty", () => ({})],
    ["of words", () => ({ total: "many", pages: null, page: {} })],
    ["of decimal text", () => ({ total: "8", pages: "3" })],
    ["a total alone", () => ({ total: 8 })],
    ["pages alone", () => ({ pages: 3 })],
  ])("may be %s (Q14)", async (_, paging) => {
    const { run, sent, requests } = pagesOf(paging);
    expect(await run()).toEqual({ kind: "present" });
    expect(namesOf(sent)).toEqual(numbered(8));
    expect(requests.length).toBeLessThanOrEqual(4);
    await run();
    expect(sent).toHaveLength(8);
  });
});

describe("an answer that does not come", () => {
  test("for being too large is asked for with fewer entries, and nothing is left out", async () => {
    const rows = numbered(40).map((name, index) => entryOf(name, NOW - 5000 + index));
    const { clock, poll, sent, requests } = createScriptedBench(
      "integration_logs",
      ({ params }) => {
        const [page, size] = [Number(params["page"]), Number(params["count"])];
        // Some pages hold larger entries than others.
        if (page * size >= 20 && size > 4) return "too_large";
        const paging = { total: rows.length, pages: Math.ceil(rows.length / size) };
        return { entries: rows.slice((page - 1) * size, page * size), paging };
      },
      { nowMs: NOW_MS, pageSize: 10 },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent)).toEqual(numbered(40));
    expect([...new Set(requests.map(({ params }) => params["count"]))]).toEqual(["10", "5", "3"]);
  });

  test("for being too large in a poll that looks back leaves nothing out either", async () => {
    const rows = numbered(9).map((name, index) => entryOf(name, NOW - 100 + 2 * index));
    let tooLarge = false;
    const { clock, poll, sent } = createScriptedBench(
      "integration_logs",
      ({ params }) => {
        const [page, size] = [Number(params["page"]), Number(params["count"])];
        if (tooLarge && page === 2 && size > 2) return "too_large";
        const paging = { total: rows.length, pages: Math.ceil(rows.length / size) };
        return { entries: rows.slice((page - 1) * size, page * size), paging };
      },
      { nowMs: NOW_MS, pageSize: 4 },
    );
    await clock.run(poll());
    tooLarge = true;
    rows.shift();
    rows.splice(5, 0, entryOf("late", NOW - 100 + 2 * 5 + 1));
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(namesOf(sent).slice(9)).toEqual(["late"]);
  });

  test("for a limit that it should not meet, once, is asked for again after a wait", async () => {
    const { clock, poll, requests } = createScriptedBench(
      "integration_logs",
      (_, index) => (index < 2 ? "over_pagination_limit" : { entries: [entryOf("a")], paging: { total: 1, pages: 1 } }),
      { nowMs: NOW_MS },
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 500, 1500]);
    expect(new Set(requests.map(({ params }) => params["count"])).size).toBe(1);
  });

  test("for a right that is missing halts the poll, wherever it stands", async () => {
    for (const nth of [1, 3, 5, 6]) {
      const { clock, poll, requests } = shiftingPages(numbered(12), () => undefined, {}, nth);
      const endings = [await clock.run(poll()), await clock.run(poll())];
      expect(endings).toContainEqual(expect.objectContaining({ kind: "halted", code: "missing_scope" }));
      expect(endings.map(({ kind }: any) => kind).indexOf("halted")).toBe(nth <= 5 ? 0 : 1);
      if (nth === 6) expect(requests).toHaveLength(6);
    }
  });

  test("for a single entry that is too large ends as stuck", async () => {
    const { clock, poll, requests } = createScriptedBench("integration_logs", () => "too_large", { nowMs: NOW_MS });
    expect(await clock.run(poll())).toMatchObject({ kind: "halted", scope: "stream", reason: "stuck" });
    expect(requests.slice(-2).map(({ params }) => params["count"])).toEqual(["2", "1"]);
  });

  test("for a limit that it should not meet ends as stuck after bounded tries", async () => {
    const { clock, poll, requests } = createScriptedBench("integration_logs", () => "over_pagination_limit", {
      nowMs: NOW_MS,
    });
    expect(await clock.run(poll())).toMatchObject({ kind: "halted", reason: "stuck", code: "over_pagination_limit" });
    expect(requests.length).toBeLessThanOrEqual(101);
  });

  test("[S6] because the owner is not in the workspace halts this workspace alone (R15, S7)", async () => {
    const clock = createVirtualClock(NOW_MS);
    const slack = createSimulatedSlack({ clock, tenant: { workspaces: [{ id: TEAM, ownerIsMember: false }] } });
    const { poll } = createBench("integration_logs", { http: slack.http, clock, teamId: TEAM });
    expect(await clock.run(poll())).toMatchObject({
      kind: "halted",
      scope: "workspace",
      reason: "unavailable",
      code: "invalid_auth",
    });
  });
});

describe("the start", () => {
  test.each([-DAY_MS, 0, DAY_MS])("is in Slack's time, be ours off by %i ms", async (clockOffsetMs) => {
    const { add, after, sent } = world({ clockOffsetMs, bench: { startMs: (now) => now - HOUR_MS } });
    add("not owed", 3601);
    add("owed", 3600);
    expect((await after(0)).pages).toEqual([1]);
    expect(namesOf(sent)).toEqual(["owed"]);
    add("late, from before", 4000);
    add("late", 3000);
    await after(MINUTE_MS);
    expect(namesOf(sent)).toEqual(["owed", "late"]);
  });

  test("in the future sends nothing that was before it", async () => {
    const { add, after, sent } = world({ bench: { startMs: () => NOW_MS + HOUR_MS } });
    add("early", 10);
    await after(0);
    add("due", -3600);
    await after(2 * HOUR_MS);
    expect(namesOf(sent)).toEqual(["due"]);
  });

  test("does not keep back an entry whose date cannot be read", async () => {
    const rows = [{ user_name: "none" }, { user_name: "null", date: null }, { user_name: "word", date: "soon" }];
    const { clock, poll, sent } = createScriptedBench(
      "integration_logs",
      () => ({ entries: rows, paging: { total: 3, pages: 1 } }),
      { nowMs: NOW_MS, startMs: (now) => now },
    );
    for (let polls = 0; polls < 5; polls++) {
      await clock.run(poll());
      await clock.advance(6 * HOUR_MS);
    }
    expect(namesOf(sent)).toEqual(["none", "null", "word"]);
  });
});

function entryOf(name: string, date = NOW - 1000) {
  return { user_name: name, date: String(date), change_type: "added" };
}

/** Pages of three over a list in the order given, which may change before each call. Their dates rise with their numbers. */
function shiftingPages(
  names: readonly string[],
  beforeCall: (rows: string[], call: number) => void,
  settings = {},
  refused?: number,
) {
  const rows = [...names];
  const first = new Map<string, number>();
  const dateOf = (name: string) => {
    if (!first.has(name))
      first.set(name, NOW - 5000 + Number(/\d+$/.exec(name)?.[0] ?? 0) + (name.startsWith("m") ? 100 : 0));
    return first.get(name) ?? 0;
  };
  const answer = ({ params }: SlackRequest, call: number): ScriptedPage => {
    beforeCall(rows, call);
    if (call + 1 === refused) return "missing_scope";
    const [page, size] = [Number(params["page"]), Number(params["count"])];
    return {
      entries: rows.slice((page - 1) * size, page * size).map((name) => entryOf(name, dateOf(name))),
      paging: { total: rows.length, pages: Math.ceil(rows.length / size), page, count: size },
    };
  };
  return { rows, ...createScriptedBench("integration_logs", answer, { nowMs: NOW_MS, pageSize: 3, settings }) };
}
