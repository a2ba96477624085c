import { describe, expect, test } from "vitest";
import type { Endpoint } from "../../src/slack/client.ts";
import { walkListing, type ListingOptions, type ListingPage } from "../../src/slack/listing.ts";
import { createScriptedSlack, type ScriptedAnswer, type SlackRequest } from "../support/scripted-slack.ts";

const never = new AbortController().signal;
const ENDPOINT: Endpoint = {
  api: "web",
  method: "team.accessLogs",
  verb: "GET",
  list: "logins",
  callsPerMinute: 100_000,
};

function page(entries: readonly unknown[], next?: string): ScriptedAnswer {
  return { body: { ok: true, logins: entries, response_metadata: { next_cursor: next ?? "" } } };
}
const refused = (error: string): ScriptedAnswer => ({ body: { ok: false, error } });

/** Numbers 0 to `total` - 1, as many a page as asked for; the cursor is the next one. */
function counting(total: number) {
  return ({ params }: SlackRequest): ScriptedAnswer => {
    const from = Number(params["cursor"] ?? 0);
    const to = Math.min(total, from + Number(params["limit"]));
    const entries = Array.from({ length: to - from }, (_, index) => from + index);
    return page(entries, to < total ? String(to) : undefined);
  };
}

function listing(
  answer: (request: SlackRequest, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>,
  options: Partial<ListingOptions> = {},
) {
  const slack = createScriptedSlack(answer);
  const { client, clock } = slack;
  const pages: ListingPage[] = [];
  const walk = (signal = never) =>
    walkListing(
      {
        client,
        endpoint: ENDPOINT,
        params: () => ({ team_id: "T1" }),
        pageSize: 10,
        ahead: false,
        clock,
        random: () => 0.5,
        log: (level, event, fields) => void (slack.log as unknown[]).push({ level, event, fields }),
        ...options,
      },
      signal,
    );
  const toEnd = async () => {
    const generator = walk();
    for (;;) {
      const step = await generator.next();
      if (step.done === true) return step.value;
      pages.push(step.value);
    }
  };
  const sent = (name: string) => slack.requests.map(({ params }) => params[name]);
  return { ...slack, walk, pages, run: () => clock.run(toEnd()), sent };
}

const entriesOf = (pages: readonly ListingPage[]) => pages.flatMap(({ entries }) => entries);
const upTo = (total: number) => Array.from({ length: total }, (_, index) => index);

describe("a listing", () => {
  test("is walked to its end, with every argument on every call", async () => {
    const { run, pages, sent } = listing(counting(25));
    expect(await run()).toEqual({ kind: "end" });
    expect(entriesOf(pages)).toEqual(upTo(25));
    expect(pages.map(({ last, restarted }) => ({ last, restarted }))).toEqual([
      { last: false, restarted: false },
      { last: false, restarted: false },
      { last: true, restarted: false },
    ]);
    expect(sent("cursor")).toEqual([undefined, "10", "20"]);
    expect(sent("limit")).toEqual(["10", "10", "10"]);
    expect(sent("team_id")).toEqual(["T1", "T1", "T1"]);
  });

  test("does not end at a short page", async () => {
    const { run, pages } = listing(({ params }) => (params["cursor"] === undefined ? page([1], "a") : page([2])));
    expect(await run()).toEqual({ kind: "end" });
    expect(entriesOf(pages)).toEqual([1, 2]);
  });

  test("[S16] does not end at 50 empty pages in a row", async () => {
    const { run, pages, requests } = listing((_, index) => (index < 50 ? page([], `c${index}`) : page([1])));
    expect(await run()).toEqual({ kind: "end" });
    expect(entriesOf(pages)).toEqual([1]);
    expect(requests).toHaveLength(51);
  });

  test("of empty pages without an end is walked again, and given up as stuck", async () => {
    const { run, requests, log } = listing((_, index) => page([], `c${index}`));
    expect(await run()).toMatchObject({ kind: "halted", scope: "stream", reason: "stuck" });
    expect(requests).toHaveLength(51 * 11);
    expect(log.filter(({ event }) => event === "slack_walk_restarted")).toHaveLength(10);
  });
});

describe("a cursor", () => {
  test("[S8] that is refused is dropped, and the walk begins again", async () => {
    let refusals = 0;
    const count = counting(25);
    const { run, pages, sent, clock } = listing((request) =>
      request.params["cursor"] === "20" && ++refusals === 1 ? refused("invalid_cursor") : count(request),
    );
    expect(await run()).toEqual({ kind: "end" });
    expect(sent("cursor")).toEqual([undefined, "10", "20", undefined, "10", "20"]);
    expect(pages.map(({ restarted }) => restarted)).toEqual([false, false, true, false, false]);
    expect(clock.waits).toEqual([500]);
  });

  test("that comes back at once is not the end", async () => {
    let repeats = 0;
    const count = counting(25);
    const { run, pages, sent } = listing((request) =>
      request.params["cursor"] === "10" && ++repeats === 1 ? page([10], "10") : count(request),
    );
    expect(await run()).toEqual({ kind: "end" });
    expect(entriesOf(pages)).toEqual([...upTo(11), ...upTo(25)]);
    expect(sent("cursor")).toEqual([undefined, "10", undefined, "10", "20"]);
  });

  test("[S16] that leads round in a circle ends as stuck after bounded tries, each told and waited for", async () => {
    const next: Readonly<Record<string, string>> = { "": "a", a: "b", b: "c", c: "a" };
    const { run, requests, log, clock } = listing(({ params }) =>
      page([1], next[params["cursor"] ?? ""] ?? "unreachable"),
    );
    expect(await run()).toMatchObject({ kind: "halted", reason: "stuck", code: "repeated_cursor" });
    // Four calls a round: the circle is seen when its first cursor comes again.
    expect(requests).toHaveLength(4 * 11);
    expect(log.filter(({ event }) => event === "slack_walk_restarted")).toHaveLength(10);
    expect(clock.waits.slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
  });

  test("to go on from is used, and dropped when Slack refuses it", async () => {
    const count = counting(25);
    const taken = listing(count, { cursor: "20" });
    await taken.run();
    expect(taken.sent("cursor")).toEqual(["20"]);
    const dropped = listing((request, index) => (index === 0 ? refused("invalid_cursor") : count(request)), {
      cursor: "20",
    });
    await dropped.run();
    expect(dropped.sent("cursor")).toEqual(["20", undefined, "10", "20"]);
    expect(dropped.pages[0]).toMatchObject({ restarted: true });
  });
});

describe("walking again", () => {
  const alwaysAt = (at: string, total: number) => {
    const count = counting(total);
    return (request: SlackRequest) => (request.params["cursor"] === at ? refused("invalid_cursor") : count(request));
  };

  test("has no limit while the bounds move", async () => {
    let bound = 0;
    const moving = listing(alwaysAt("10", 20), { params: () => ({ before: String(bound) }) });
    const generator = moving.walk();
    const walking = (async () => {
      for (let pages = 0; pages < 40; pages++) {
        expect((await generator.next()).done).toBe(false);
        bound += 1;
      }
    })();
    await moving.clock.run(walking);
    expect(moving.sent("before").filter((_, index) => index % 2 === 0)).toEqual(upTo(40).map(String));
    // A walk that gets on does not wait ever longer.
    expect(Math.max(...moving.clock.waits)).toBe(500);
  });

  test("has no limit while each walk gets further", async () => {
    let allowed = 1;
    const count = counting(160);
    const further = listing((request) => {
      if (Number(request.params["cursor"] ?? 0) < allowed * 10) return count(request);
      allowed += 1;
      return refused("invalid_cursor");
    });
    expect(await further.run()).toEqual({ kind: "end" });
    expect(further.log).toHaveLength(15);
  });

  test("ends as stuck when the bounds have moved, and do so no more", async () => {
    let bound = 0;
    const { run, requests } = listing(alwaysAt("10", 20), { params: () => ({ before: String(Math.min(3, bound++)) }) });
    expect(await run()).toMatchObject({ kind: "halted", reason: "stuck" });
    expect(requests.length).toBeLessThan(40);
  });

  test("ends as stuck when it gets no further", async () => {
    const { run, requests } = listing(alwaysAt("10", 20));
    expect(await run()).toMatchObject({ kind: "halted", scope: "stream", reason: "stuck", code: "invalid_cursor" });
    expect(requests).toHaveLength(2 * 11);
  });

  test("tells the bounds anew, but not within one walk", async () => {
    let bound = 0;
    const count = counting(40);
    const { run, sent } = listing((request, index) => (index === 2 ? refused("invalid_cursor") : count(request)), {
      params: () => ({ before: String(++bound) }),
    });
    await run();
    const told = sent("before");
    expect(new Set(told.slice(0, 3)).size).toBe(1);
    expect(new Set(told.slice(3)).size).toBe(1);
    expect(told[3]).not.toBe(told[0]);
  });
});

describe("the size of a page", () => {
  test.each(["invalid_limit", "invalid_args", "invalid_arguments"])("falls back to 100 on %s (Q10)", async (code) => {
    const count = counting(250);
    const { run, pages, sent, clock } = listing(
      (request) => (Number(request.params["limit"]) > 100 ? refused(code) : count(request)),
      { pageSize: 1000 },
    );
    expect(await run()).toEqual({ kind: "end" });
    expect(entriesOf(pages)).toEqual(upTo(250));
    expect(sent("limit")).toEqual(["1000", "100", "100", "100"]);
    expect(clock.waits).toEqual([]);
  });

  test.each([100, 10])("is not at fault where it was %i", async (pageSize) => {
    const { run, requests } = listing(() => refused("invalid_arguments"), { pageSize });
    expect(await run()).toMatchObject({ kind: "halted", code: "invalid_arguments" });
    expect(requests).toHaveLength(1);
  });

  test("[N4] is halved while answers are too large", async () => {
    const count = counting(20);
    const { run, pages, sent, clock } = listing((request) =>
      Number(request.params["limit"]) > 3
        ? { kind: "failed", reason: "too_large", status: 200, message: "too large" }
        : count(request),
    );
    expect(await run()).toEqual({ kind: "end" });
    expect(entriesOf(pages)).toEqual(upTo(20));
    expect(sent("limit").slice(0, 4)).toEqual(["10", "5", "3", "3"]);
    expect(clock.waits).toEqual([]);
  });

  test("of one entry that is too large ends as stuck", async () => {
    const { run, sent } = listing(() => ({ kind: "failed", reason: "too_large", status: 200, message: "too large" }));
    expect(await run()).toMatchObject({ kind: "halted", reason: "stuck", code: "answer_too_large" });
    expect(sent("limit")).toEqual(["10", "5", "3", "2", "1"]);
  });
});

test("what halts the client halts the walk", async () => {
  const { run } = listing(() => refused("missing_scope"));
  expect(await run()).toMatchObject({ kind: "halted", code: "missing_scope" });
});

describe("asking ahead", () => {
  test("asks for the next page while one is delivered, and for no more", async () => {
    const { walk, clock, requests } = listing(counting(50), { ahead: true });
    const generator = walk();
    await clock.run(generator.next());
    await clock.advance(60_000);
    expect(requests).toHaveLength(2);
    await clock.run(generator.next());
    await clock.advance(60_000);
    expect(requests).toHaveLength(3);
    await clock.run(generator.return({ kind: "end" }));
  });

  test("is not done unless it is wished for", async () => {
    const { walk, clock, requests } = listing(counting(50));
    const generator = walk();
    await clock.run(generator.next());
    await clock.advance(60_000);
    expect(requests).toHaveLength(1);
    await clock.run(generator.return({ kind: "end" }));
  });

  test("ends with the walk, and leaves nothing behind", async () => {
    const count = counting(50);
    const { walk, clock } = listing((request, index) => (index === 1 ? "hang" : count(request)), { ahead: true });
    const generator = walk();
    await clock.run(generator.next());
    expect(clock.pending).toBe(1);
    const before = clock.monotonic();
    await clock.run(generator.return({ kind: "end" }));
    expect(clock.pending).toBe(0);
    expect(clock.monotonic()).toBe(before);
  });

  test("does not hide an abort", async () => {
    const count = counting(50);
    const { walk, clock } = listing((request, index) => (index === 1 ? "hang" : count(request)), { ahead: true });
    const stop = new AbortController();
    const generator = walk(stop.signal);
    await clock.run(generator.next());
    const next = generator.next().catch((error: unknown) => error);
    stop.abort(new Error("stop"));
    expect(await next).toEqual(new Error("stop"));
  });

  test("leaves no failure unheard when the stop comes while a page is delivered", async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown) => void unheard.push(error);
    process.on("unhandledRejection", hear);
    const count = counting(50);
    const { walk, clock } = listing((request, index) => (index === 1 ? "hang" : count(request)), { ahead: true });
    const stop = new AbortController();
    const generator = walk(stop.signal);
    await clock.run(generator.next());
    stop.abort(new Error("stop"));
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", hear);
    expect(unheard).toEqual([]);
    await generator.return({ kind: "end" });
  });
});

test("the pages behind the first take the turn that is asked for, the first that of a poll", async () => {
  const { run, requests } = listing(counting(40), {
    endpoint: { ...ENDPOINT, deepCallsPerMinute: 1 },
    priority: "deep",
  });
  await run();
  expect(requests.map(({ atMs }) => atMs)).toEqual([0, 0, 60_000, 120_000]);
});
