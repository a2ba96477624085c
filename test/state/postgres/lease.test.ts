import { expect, test } from "vitest";
import { StateError } from "../../../src/model.ts";
import { ClaimLostError } from "../../../src/state/claims.ts";
import { createLease } from "../../../src/state/postgres/lease.ts";
import type { StreamRow } from "../../../src/state/postgres/schema.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { away, forbidden, type Script, scriptedDatabase } from "./scripted-database.ts";

const GIVEN_BACK = "UPDATE slack_otel_streams SET holder = NULL";
const TOLD = "INTO slack_otel_throttles";
const ME = 7;

const row = (name: string, token = 3): StreamRow => ({
  id: name.length,
  name,
  position: null,
  report: null,
  generation: 0,
  forgetBelow: null,
  token,
});

/** A lease of a second, which has not begun yet. */
function stage({ tell = async () => undefined, script = {} }: { tell?: () => Promise<void>; script?: Script } = {}) {
  const clock = createVirtualClock();
  const log: string[] = [];
  const database = scriptedDatabase({ [GIVEN_BACK]: () => [], [TOLD]: () => [], ...script });
  const throttles = { stop: () => undefined, leftMs: () => 0, learn: async () => undefined, tell };
  const lease = createLease({
    database,
    leaseMs: 1_000,
    throttles,
    clock,
    log: (level, event, fields) => void log.push(`${level} ${event} ${String(fields?.["streams"])}`),
  });
  return { clock, log, database, lease };
}

function begun(options?: Parameters<typeof stage>[0]) {
  const made = stage(options);
  made.lease.begin(ME, made.clock.monotonic());
  return made;
}

test("a lease is over when nine tenths of it have passed, counted from when it was asked for", async () => {
  const { clock, lease } = stage();
  await clock.advance(400);
  lease.begin(ME, 100);
  await clock.advance(600);
  lease.check();
  expect([lease.isOver(), lease.id]).toEqual([false, ME]);
  await clock.advance(1);
  expect(lease.isOver()).toBe(true);
  lease.check();
  expect([lease.id, lease.former]).toEqual([undefined, ME]);
});

test("renewing prolongs it from when that was asked for, and brings none back that is lost", async () => {
  const { clock, lease } = begun();
  await clock.advance(800);
  lease.renewed(700);
  await clock.advance(800);
  expect(lease.isOver()).toBe(false);
  await clock.advance(1);
  expect(lease.isOver()).toBe(true);
  lease.lose();
  lease.renewed(clock.monotonic());
  expect([lease.isOver(), lease.id, lease.former]).toEqual([false, undefined, ME]);
});

test("one that never begins is over after as long", async () => {
  const { clock, lease, log } = stage();
  await clock.advance(901);
  expect(lease.isOver()).toBe(true);
  lease.check();
  expect([lease.id, lease.former, log]).toEqual([undefined, undefined, []]);
});

test("when it is lost every stream of it is, each by its name, and it is said once with their number", () => {
  const { lease, log } = begun();
  const holdings = ["a", "bb"].map((name) => lease.add(row(name), ME));
  expect(holdings.map(({ lost }) => lost.aborted)).toEqual([false, false]);
  lease.lose();
  lease.lose();
  expect(holdings.map(({ lost }) => lost.reason as unknown)).toEqual([
    new ClaimLostError("The lease on a is lost"),
    new ClaimLostError("The lease on bb is lost"),
  ]);
  expect(lease.held.size).toBe(0);
  expect(log).toEqual(["warn lease_lost 2"]);
});

test("whoever looks whether a stream is lost finds that it is as soon as the lease is over", async () => {
  const { clock, lease } = begun();
  const holding = lease.add(row("a"), ME);
  await clock.advance(900);
  expect(holding.lost.aborted).toBe(false);
  await clock.advance(1);
  expect(holding.lost.aborted).toBe(true);
  expect(lease.id).toBeUndefined();
});

test("a stream that is asked for is told so, and stays held", () => {
  const { lease } = begun();
  const [asked, other] = [lease.add(row("a"), ME), lease.add(row("b"), ME)];
  asked.askFor();
  expect([asked.handOver.aborted, asked.lost.aborted, other.handOver.aborted]).toEqual([true, false, false]);
  expect([...lease.held]).toEqual([asked, other]);
});

test("a stream taken with an earlier id is lost at once", () => {
  const { lease } = begun();
  const late = lease.add(row("a"), ME - 1);
  expect([late.lost.aborted, lease.held.size]).toEqual([true, 0]);
});

test("what Slack has stopped is told before a stream is free for others", async () => {
  const order: string[] = [];
  const { lease } = begun({
    async tell() {
      await new Promise(setImmediate);
      order.push("told");
    },
    script: { [GIVEN_BACK]: (values) => (order.push(`given back ${values.join(" ")}`), []) },
  });
  const stream = row("abc", 5);
  await lease.add(stream, ME).release();
  expect(order).toEqual(["told", `given back ${stream.id} ${stream.token} ${ME}`]);
  expect(lease.held.size).toBe(0);
});

test("a stream is given back once, and none that is lost", async () => {
  const { lease, database } = begun();
  const [first, second] = [lease.add(row("a"), ME), lease.add(row("b"), ME)];
  await first.release();
  await first.release();
  second.lose();
  await second.release();
  expect(database.asked).toEqual([GIVEN_BACK]);
  expect(first.lost.aborted).toBe(false);
});

test.each([
  ["telling fails", { tell: async () => away() }],
  ["giving back fails", { script: { [GIVEN_BACK]: away } }],
])("where %s for a while the lease is lost: a new one frees the stream, which nobody reads", async (_, options) => {
  const { lease } = begun(options);
  const [released, other] = [lease.add(row("a"), ME), lease.add(row("b"), ME)];
  await released.release();
  expect([lease.id, lease.former, other.lost.aborted]).toEqual([undefined, ME, true]);
});

test("a database that will never give a stream back is told in words, and the other streams go on", async () => {
  const { lease } = begun({ script: { [GIVEN_BACK]: forbidden } });
  const [released, other] = [lease.add(row("a"), ME), lease.add(row("b"), ME)];
  const error: unknown = await released.release().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(StateError);
  expect(String(error)).toMatch(/db:5432\/logs: no permission \(42501\)/);
  expect([lease.id, other.lost.aborted]).toEqual([ME, false]);
});

test("at its end the last id is told, of a lease that was lost too, unless nothing is left of that", () => {
  const ended = (prepare: (lease: ReturnType<typeof stage>["lease"]) => void) => {
    const { lease } = begun();
    prepare(lease);
    const last = lease.end();
    expect(lease.id).toBeUndefined();
    return last;
  };
  expect(ended(() => undefined)).toBe(ME);
  expect(ended((lease) => lease.lose())).toBe(ME);
  expect(
    ended((lease) => {
      lease.lose();
      lease.forgetFormer();
    }),
  ).toBeUndefined();
  expect(
    ended((lease) => {
      lease.lose();
      lease.begin(ME + 1, 0);
    }),
  ).toBe(ME + 1);
});
