import { describe, expect, test } from "vitest";
import type { BehaviourOptions } from "../../../src/simulation/behaviour.ts";
import { createSimulatedSlack } from "../../../src/simulation/slack.ts";
import type { SlackRequest } from "../../support/scripted-slack.ts";
import { createBench, createScriptedBench, cutPage, type BenchOptions } from "../../support/stream-bench.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";

const NOW_MS = Date.UTC(2026, 10, 2, 9);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const LOOK_BACK_SECONDS = 15 * 60;

interface WorldOptions {
  readonly behaviour?: BehaviourOptions;
  readonly clockOffsetMs?: number;
  readonly latencyMs?: number;
  readonly bench?: Partial<BenchOptions>;
  readonly beforeCall?: (nth: number) => void;
}

/** An organisation whose audit entries are put in by hand. Times are seconds before the beginning. */
function world({ behaviour, clockOffsetMs = 0, latencyMs = 0, bench = {}, beforeCall }: WorldOptions = {}) {
  const clock = createVirtualClock(NOW_MS);
  const slack = createSimulatedSlack({
    clock,
    clockOffsetMs,
    latencyMs,
    ...(behaviour === undefined ? {} : { behaviour }),
    beforeCall: ({ method, nth }) => {
      if (method === "audit.logs") beforeCall?.(nth);
    },
  });
  const begun = Math.floor(slack.now() / 1000);
  const calls = () => slack.calls.filter(({ method }) => method === "audit.logs");
  return {
    slack,
    clock,
    ...createBench("audit_logs", { http: slack.http, clock, ...bench }),
    begun,
    /** Epoch seconds of a moment so long before the beginning; negative: after it. */
    at: (secondsAgo: number) => begun - secondsAgo,
    add(
      id: string | undefined,
      secondsAgo: number,
      more: { readonly lateSeconds?: number; readonly note?: string } = {},
    ) {
      const entry = { ...(id === undefined ? {} : { id }), date_create: begun - secondsAgo, action: "file_downloaded" };
      slack.world.audit.add(
        { ...entry, ...(more.note === undefined ? {} : { note: more.note }) },
        { lateMs: (more.lateSeconds ?? 0) * 1000 },
      );
    },
    calls,
    params: () => calls().map(({ params }) => params),
  };
}

const idsOf = (sent: readonly { readonly body: { readonly id?: string } }[]): string[] =>
  sent.map(({ body }) => body.id ?? "none");
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `e${index}`);

describe("a window", () => {
  test("[S10] is walked newest first to its low bound, with both bounds as plain digits on every call (S22)", async () => {
    const { add, poll, clock, sent, params, begun } = world({ bench: { startMs: (now) => now - DAY_MS } });
    for (const [index, id] of numbered(25).entries()) add(id, index * 60);
    // Older than the start: a cursor that forgot `oldest` would show it.
    add("older", 2 * DAY_MS);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(idsOf(sent)).toEqual(numbered(25));
    expect(params().map(({ oldest, latest, limit }) => ({ oldest, latest, limit }))).toEqual(
      Array.from({ length: 3 }, () => ({ oldest: String(begun - 86_400), latest: String(begun), limit: "10" })),
    );
    expect(params().filter(({ cursor }) => cursor !== undefined)).toHaveLength(2);
  });

  test("costs one call when there is nothing new", async () => {
    const { add, poll, clock, calls, sent } = world();
    add("a", 3600);
    await clock.run(poll());
    await clock.advance(MINUTE_MS);
    const before = calls().length;
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(calls().length - before).toBe(1);
    expect(idsOf(sent)).toEqual(["a"]);
  });

  test.each(["empty", "null", "absent", "no_metadata"] as const)(
    "ends at a cursor that is %s (S24)",
    async (ending) => {
      const { add, poll, clock, sent } = world({ behaviour: { audit: { ending } } });
      for (const [index, id] of numbered(25).entries()) add(id, index);
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(idsOf(sent)).toEqual(numbered(25));
    },
  );

  test.each(["next", "repeated"] as const)(
    "sends each entry once, be the cursor's second %s (Q11)",
    async (cursorSecond) => {
      const { add, poll, clock, sent } = world({ behaviour: { audit: { cursorSecond } } });
      for (const [index, id] of numbered(40).entries()) add(id, Math.floor(index / 3));
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(idsOf(sent).toSorted()).toEqual(numbered(40).toSorted());
    },
  );

  test("[S10] takes a second that holds more than was asked for (R8)", async () => {
    const { add, poll, clock, sent, calls } = world({ bench: { pageSize: 5 } });
    for (const id of numbered(37)) add(id, 60);
    add("before", 120);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(new Set(idsOf(sent))).toEqual(new Set([...numbered(37), "before"]));
    expect(calls().map(({ entries }) => entries)).toEqual([37, 1]);
  });
});

describe("the next window", () => {
  test("reaches the look-back behind the one before, and repeats nothing (R5, R7, R9)", async () => {
    const { add, poll, clock, sent, params, begun, known } = world();
    add("old", LOOK_BACK_SECONDS + 1);
    add("edge", LOOK_BACK_SECONDS);
    add("new", 0);
    await clock.run(poll());
    // What lies before the low bound cannot be read again, and need not be known.
    expect(known()).toBe(2);
    await clock.advance(5 * MINUTE_MS);
    await clock.run(poll());
    expect(params().at(-1)).toMatchObject({
      oldest: String(begun - LOOK_BACK_SECONDS),
      latest: String(begun + 300),
    });
    expect(idsOf(sent)).toEqual(["new", "edge", "old"]);
    // It was not met any more, and is forgotten; the other two lie in the next window still.
    expect(known()).toBe(1);
  });

  test("[S13] finds what turned up late by the whole look-back (R9, Q8)", async () => {
    const { add, poll, clock, sent } = world();
    add("late", -60, { lateSeconds: LOOK_BACK_SECONDS });
    await clock.run(poll());
    // The last window that does not show it is opened a moment before it turns up.
    await clock.advance(LOOK_BACK_SECONDS * 1000 + 59_999);
    await clock.run(poll());
    expect(sent).toEqual([]);
    await clock.advance(1);
    await clock.run(poll());
    expect(idsOf(sent)).toEqual(["late"]);
  });

  test("finds what turned up while the window was walked (R5)", async () => {
    const w = world({
      bench: { pageSize: 5 },
      beforeCall: (nth) => {
        // Its second has been walked past by the second page.
        if (nth === 2) w.add("during", 1);
      },
    });
    for (const [index, id] of numbered(12).entries()) w.add(id, index * 10);
    await w.clock.run(w.poll());
    expect(idsOf(w.sent)).not.toContain("during");
    await w.clock.run(w.poll());
    expect(idsOf(w.sent).toSorted()).toEqual([...numbered(12), "during"].toSorted());
  });

  test.each([
    [1500, 2],
    [120 * MINUTE_MS, 7200],
  ])("reaches a look-back of %i ms behind, in whole seconds", async (look_back, seconds) => {
    const { poll, clock, params, begun } = world({ bench: { settings: { look_back } } });
    await clock.run(poll());
    await clock.run(poll());
    expect(params().at(-1)?.["oldest"]).toBe(String(begun - seconds));
  });

  test("never reaches before the start", async () => {
    const { add, poll, clock, sent, params, begun } = world({ bench: { startMs: (now) => now - MINUTE_MS } });
    add("not owed", 61);
    add("owed", 60);
    await clock.run(poll());
    await clock.advance(MINUTE_MS);
    await clock.run(poll());
    expect(params().map(({ oldest }) => oldest)).toEqual([String(begun - 60), String(begun - 60)]);
    expect(idsOf(sent)).toEqual(["owed"]);
  });
});

describe("a poll that ends early", () => {
  test("leaves no call behind", async () => {
    const { clock, poll } = createScriptedBench(
      "audit_logs",
      (_, index) => (index === 0 ? { entries: [{ id: "a", date_create: NOW_MS / 1000 }], next: "x" } : "hang"),
      { nowMs: NOW_MS },
    );
    expect(await clock.run(poll({ kill: { at: 2, when: "before" } }))).toBe("killed");
    expect(clock.pending).toBe(0);
  });

  test("for a right that is missing halts", async () => {
    const { clock, poll } = createScriptedBench("audit_logs", () => "missing_scope", { nowMs: NOW_MS });
    expect(await clock.run(poll())).toMatchObject({ kind: "halted", code: "missing_scope" });
  });
});

describe("how far it has come", () => {
  test("is never told for more than was read, be the start within the look-back", async () => {
    const { poll, clock, begun, reachedMs } = world({ bench: { startMs: (now) => now - MINUTE_MS } });
    await clock.run(poll({ kill: { at: 1, when: "after" } }));
    expect(reachedMs()).toBe((begun - 60) * 1000);
    await clock.run(poll());
    expect(reachedMs()).toBe(begun * 1000);
  });

  test("is told: nowhere before the first window is done, then up to when the last one was opened", async () => {
    const { add, poll, clock, begun, reachedMs } = world({ bench: { pageSize: 5, startMs: (now) => now - DAY_MS } });
    for (const [index, id] of numbered(12).entries()) add(id, index * 600);
    expect(reachedMs()).toBeUndefined();
    await clock.run(poll({ kill: { at: 3, when: "after" } }));
    expect(reachedMs()).toBe((begun - 86_400) * 1000);
    await clock.run(poll());
    expect(reachedMs()).toBe(begun * 1000);
    await clock.advance(MINUTE_MS);
    await clock.run(poll());
    expect(reachedMs()).toBe((begun + 60) * 1000);
  });

  test("is not known of a first run from the log's beginning", async () => {
    const { add, poll, clock, reachedMs } = world({ bench: { pageSize: 5 } });
    for (const [index, id] of numbered(12).entries()) add(id, index * 600);
    await clock.run(poll({ kill: { at: 3, when: "after" } }));
    expect(reachedMs()).toBeUndefined();
  });
});

describe("killed", () => {
  const TOTAL = 23;
  const cases = ["before", "after"].flatMap((when) =>
    [1, 2, 3, 4, 5].map((at) => ({ at, when: when as "before" | "after" })),
  );

  test.each(cases)(
    "$when commit $at: goes on from the bounds, loses nothing and repeats a page at most (R6)",
    async (kill) => {
      const { add, poll, clock, sent, params, begun } = world({ latencyMs: 300, bench: { pageSize: 5 } });
      // Three a second, so that pages do not end where seconds do.
      for (const [index, id] of numbered(TOTAL).entries()) add(id, Math.floor(index / 3) * 600);
      expect(await clock.run(poll({ kill }))).toBe("killed");
      await clock.advance(MINUTE_MS);
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(new Set(idsOf(sent))).toEqual(new Set(numbered(TOTAL)));
      expect(new Set(sent.map(({ uid }) => uid)).size).toBe(TOTAL);
      const repeats = sent.length - TOTAL;
      expect(repeats).toBeLessThanOrEqual(kill.when === "before" ? 6 : 0);
      // It went on to the present.
      const latest = Number(params().at(-1)?.["latest"]) - begun;
      expect(latest).toBeGreaterThanOrEqual(60);
      expect(latest).toBeLessThan(70);
    },
  );

  test("[S9] in the middle: what came since is read by the same poll", async () => {
    const { add, poll, clock, sent } = world({ bench: { pageSize: 5 } });
    for (const [index, id] of numbered(12).entries()) add(id, index * 600);
    expect(await clock.run(poll({ kill: { at: 2, when: "after" } }))).toBe("killed");
    add("since", -30);
    await clock.advance(MINUTE_MS);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(idsOf(sent)).toContain("since");
  });

  test("in the middle: what turned up late above the place is read as well", async () => {
    const { add, poll, clock, sent } = world({ bench: { pageSize: 5 } });
    for (const [index, id] of numbered(12).entries()) add(id, index * 60);
    expect(await clock.run(poll({ kill: { at: 3, when: "after" } }))).toBe("killed");
    add("late", 30, { lateSeconds: 60 });
    await clock.advance(MINUTE_MS);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(idsOf(sent)).toContain("late");
  });

  test("[S14] after a page that ends inside a second: the rest of the second is read (R7)", async () => {
    // Slack says that it never splits a second; nothing may be lost should it do so.
    const rows = [
      { id: "a", date_create: 100 },
      { id: "b", date_create: 99 },
      { id: "c", date_create: 99 },
      { id: "d", date_create: 98 },
    ].map((row) => ({ ...row, date_create: NOW_MS / 1000 - 10_000 + row.date_create }));
    const { clock, poll, sent } = scripted(rows, 2);
    expect(await clock.run(poll({ kill: { at: 2, when: "after" } }))).toBe("killed");
    expect(idsOf(sent)).toEqual(["a", "b"]);
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(idsOf(sent)).toEqual(["a", "b", "c", "d"]);
  });
});

describe("a cursor that is refused in mid-walk", () => {
  test("leads back to the bounds reached, the second of the edge included (S28, R7)", async () => {
    const rows = numbered(9).map((id, index) => ({ id, date_create: NOW_MS / 1000 - 500 - Math.floor(index / 2) }));
    let refusals = 0;
    const { clock, poll, sent, requests } = scripted(
      rows,
      3,
      ({ params }) => params["cursor"] === "6" && ++refusals === 1,
    );
    expect(await clock.run(poll())).toEqual({ kind: "present" });
    expect(idsOf(sent)).toEqual(numbered(9));
    // The first six are delivered by then, and the sixth shares its second with the fifth.
    expect(requests.map(({ params }) => params["latest"])).toEqual([
      ...Array(3).fill(String(NOW_MS / 1000)),
      ...Array(2).fill(String(NOW_MS / 1000 - 502)),
    ]);
  });

  test("at every page ends the walk as stuck, and the next poll gets further", async () => {
    const w = world({ bench: { pageSize: 5 } });
    for (const id of numbered(5)) w.add(id, 100);
    w.add("below", 200);
    w.slack.setFaults([{ fault: { kind: "expired_cursor" }, method: "audit.logs" }]);
    expect(await w.clock.run(w.poll())).toMatchObject({ kind: "halted", reason: "stuck" });
    expect(w.calls().length).toBeLessThan(40);
    w.slack.setFaults([]);
    expect(await w.clock.run(w.poll())).toEqual({ kind: "present" });
    expect(idsOf(w.sent).toSorted()).toEqual([...numbered(5), "below"].toSorted());
  });
});

describe("an order that is not newest first", () => {
  const row = (id: string, secondsAgo: number) => ({ id, date_create: NOW_MS / 1000 - secondsAgo });

  test.each([
    ["between pages", [row("a", 9000), row("b", 9000), row("c", 5000), row("d", 5000), row("e", 8000)]],
    ["within a page", [row("a", 9000), row("b", 5000), row("c", 7000), row("d", 6000), row("e", 4000)]],
  ])("%s is not trusted: a walk that breaks off begins again from its upper bound", async (_, rows) => {
    for (const at of [3, 4]) {
      const { clock, poll, sent } = scripted(rows, 2);
      expect(await clock.run(poll({ kill: { at, when: "after" } }))).toBe("killed");
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(idsOf(sent).toSorted()).toEqual(["a", "b", "c", "d", "e"]);
    }
  });
});

test("what Slack shows from outside the bounds is not owed", async () => {
  const rows = [
    { id: "in", date_create: NOW_MS / 1000 - 60 },
    { id: "below", date_create: NOW_MS / 1000 - 61 },
  ];
  const { clock, poll, sent } = createScriptedBench("audit_logs", ({ params }) => cutPage(rows, params), {
    nowMs: NOW_MS,
    startMs: (now) => now - MINUTE_MS,
  });
  await clock.run(poll());
  await clock.run(poll());
  expect(idsOf(sent)).toEqual(["in"]);
});

describe("identity", () => {
  test("an id decides alone where it comes first, whatever the content", async () => {
    const uids = new Set<string>();
    for (const note of ["one", "two"]) {
      const { add, poll, clock, sent } = world();
      add("same", 60, { note });
      await clock.run(poll());
      for (const { uid } of sent) uids.add(uid);
    }
    expect(uids.size).toBe(1);
  });

  test("an id with other content is another record, and each is sent once (Q11)", async () => {
    const { add, poll, clock, sent } = world();
    add("same", 60, { note: "one" });
    await clock.run(poll());
    add("same", 60, { note: "two" });
    await clock.run(poll());
    add("same", 50, { note: "three" });
    for (let polls = 0; polls < 3; polls++) await clock.run(poll());
    expect(sent.map(({ body }) => body.note)).toEqual(["one", "two", "three"]);
    expect(new Set(sent.map(({ uid }) => uid)).size).toBe(3);
  });

  test("without an id the content decides, and twins of one answer are two records (R12)", async () => {
    const { add, poll, clock, sent } = world();
    add(undefined, 60);
    add(undefined, 60);
    add(undefined, 61);
    for (let polls = 0; polls < 3; polls++) await clock.run(poll());
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map(({ uid }) => uid)).size).toBe(3);
  });
});

describe("an entry without a time", () => {
  test("is sent once for as long as Slack shows it", async () => {
    const rows = [{ id: "none" }, { id: "null", date_create: null }, { date_create: "soon" }];
    const { clock, poll, sent } = createScriptedBench("audit_logs", ({ params }) => cutPage(rows, params), {
      nowMs: NOW_MS,
    });
    for (let polls = 0; polls < 20; polls++) {
      await clock.run(poll());
      await clock.advance(5 * MINUTE_MS);
    }
    expect(idsOf(sent)).toEqual(["none", "null", "none"]);
  });

  test("among others is no place to go on from", async () => {
    const second = (id: string, ago: number) => ({ id, date_create: NOW_MS / 1000 - ago });
    const rows = [second("a", 10), { id: "none" }, second("b", 20), second("c", 30)];
    const { clock, poll, sent, requests } = createScriptedBench("audit_logs", ({ params }) => cutPage(rows, params), {
      nowMs: NOW_MS,
      pageSize: 2,
    });
    expect(await clock.run(poll({ kill: { at: 2, when: "after" } }))).toBe("killed");
    expect(idsOf(sent)).toEqual(["a", "none"]);
    const before = requests.length;
    await clock.run(poll());
    expect(requests[before]?.params["latest"]).toBe(String(NOW_MS / 1000 - 10));
    expect(idsOf(sent)).toEqual(["a", "none", "b", "c"]);
  });
});

describe("Slack's clock", () => {
  test.each([-DAY_MS, DAY_MS])(
    "be ours off by %i ms, bounds are in Slack's time and never ahead of it (R9, S25)",
    async (clockOffsetMs) => {
      const { add, poll, clock, sent, calls, begun } = world({
        clockOffsetMs,
        bench: { startMs: (now) => now - DAY_MS },
      });
      add("recent", 60);
      add("first", 86_400);
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(idsOf(sent)).toEqual(["recent", "first"]);
      expect(calls()).toMatchObject([
        { outcome: "ok", params: { oldest: String(begun - 86_400), latest: String(begun) } },
      ]);
      add("next", -30);
      await clock.advance(MINUTE_MS);
      await clock.run(poll());
      expect(idsOf(sent)).toEqual(["recent", "first", "next"]);
    },
  );
});

describe("the start", () => {
  test("`earliest`, or any before March 2018, asks without a lower bound", async () => {
    for (const startMs of [0, Date.UTC(2015, 0)]) {
      const { add, poll, clock, sent, params } = world({ bench: { startMs: () => startMs } });
      add("first", Math.floor((NOW_MS - Date.UTC(2018, 2, 2)) / 1000));
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      expect(idsOf(sent)).toEqual(["first"]);
      expect(params()[0]).not.toHaveProperty("oldest");
    }
  });

  test("inside a second takes the whole second", async () => {
    const { add, poll, clock, params, begun, sent } = world({ bench: { startMs: (now) => now - 500 } });
    add("same second", 1);
    await clock.run(poll());
    expect(params()[0]?.["oldest"]).toBe(String(begun - 1));
    expect(idsOf(sent)).toEqual(["same second"]);
  });

  test("`now` sends what comes from now on", async () => {
    const { add, poll, clock, sent } = world({ bench: { startMs: (now) => now } });
    add("before", 1);
    await clock.run(poll());
    add("after", -1);
    await clock.advance(MINUTE_MS);
    await clock.run(poll());
    expect(idsOf(sent)).toEqual(["after"]);
  });

  test("[S17] in the future asks nothing until then", async () => {
    const { add, poll, clock, sent, calls } = world({ bench: { startMs: () => NOW_MS + 10 * MINUTE_MS } });
    add("early", -300);
    add("due", -660);
    for (let polls = 0; polls < 3; polls++) {
      expect(await clock.run(poll())).toEqual({ kind: "present" });
      if (polls === 1) expect(calls()).toEqual([]);
      await clock.advance(6 * MINUTE_MS);
    }
    expect(idsOf(sent)).toEqual(["due"]);
  });

  test("stands before anything is read, so that a first run that is killed begins there", async () => {
    const { add, poll, clock, sent } = world({ bench: { startMs: (now) => now - MINUTE_MS } });
    add("owed", 30);
    expect(await clock.run(poll({ kill: { at: 1, when: "after" } }))).toBe("killed");
    await clock.advance(DAY_MS);
    await clock.run(poll());
    expect(idsOf(sent)).toEqual(["owed"]);
  });
});

interface Row {
  readonly id: string;
  readonly date_create: number;
}

/** A listing in the order given, cut into pages wherever one is full. */
function scripted(rows: readonly Row[], pageSize: number, refuse: (request: SlackRequest) => boolean = () => false) {
  return createScriptedBench(
    "audit_logs",
    (request) => {
      if (refuse(request)) return "invalid_cursor";
      const { oldest = 0, latest = Infinity } = request.params;
      const within = rows.filter(({ date_create }) => date_create >= Number(oldest) && date_create <= Number(latest));
      return cutPage(within, request.params);
    },
    { nowMs: NOW_MS, pageSize },
  );
}
