import { describe, expect, it } from "vitest";
import { canonical } from "../src/mapping/canonical.ts";
import type { BehaviourOptions } from "../src/simulation/behaviour.ts";
import { randomFaults } from "../src/simulation/faults.ts";
import { createRandom, type Random } from "../src/simulation/random.ts";
import { createSimulatedSlack } from "../src/simulation/slack.ts";
import { createTraffic } from "../src/simulation/traffic.ts";
import { createMemoryDisk } from "../src/state/memory.ts";
import { createMemoryReceiver, forwardOnce, type Received } from "./support/forwarder.ts";
import { createVirtualClock } from "./support/virtual-clock.ts";

const SCHEDULES = Number(process.env["NO_LOSS_RUNS"] ?? 60);
const FIRST_SEED = Number(process.env["NO_LOSS_SEED"] ?? 1);
const MAX_RECORDS = 40;
const START_HOURS = 6;

class Crash extends Error {
  override readonly name = "Crash";
}

/** Every open question about Slack, answered one way or the other. */
function randomBehaviour(random: Random): BehaviourOptions {
  const endings = ["empty", "null", "absent", "no_metadata"] as const;
  return {
    access: {
      order: random.pick(["date_first", "date_last"]),
      beforeMeans: random.pick(["date_first", "date_last"]),
      unsetBefore: random.pick(["live", "frozen"]),
      cursor: random.pick(["keyset", "offset"]),
      limitTooHigh: random.pick(["lowered", "invalid_limit"]),
      pagingInCursorMode: random.chance(0.5),
      organisationView: random.pick(["everything", "everything", "missing_argument", "invalid_team_id"]),
      teamView: "whole",
      refreshEveryMs: random.pick([0, 0, 300_000, 3_600_000]),
      callsAreAccess: random.chance(0.3),
      ending: random.pick(endings),
    },
    integration: { order: random.pick(["falling", "rising", "mixed"]) },
    activities: {
      cursor: random.pick(["keyset", "offset"]),
      filtersWithCursor: random.pick(["from_call", "remembered"]),
      limitTooHigh: random.pick(["lowered", "invalid_args"]),
      maxLimit: random.pick([1000, 1000, 100]),
      ending: random.pick(endings),
    },
    audit: { cursorSecond: random.pick(["next", "repeated"]), ending: random.pick(endings) },
    cursors: { expireAfterCalls: random.pick([undefined, undefined, 6]) },
  };
}

const SLACK_FAULTS = [
  { kind: "html", status: 500 },
  { kind: "html", status: 200 },
  { kind: "empty_body", status: 200 },
  { kind: "null_body" },
  { kind: "without_list" },
  { kind: "reset" },
  { kind: "silence" },
  { kind: "truncated_json" },
  { kind: "cut" },
  { kind: "short_page" },
  { kind: "empty_page" },
  { kind: "repeated_cursor" },
  { kind: "expired_cursor" },
  { kind: "rate_limited", retryAfter: 3 },
  { kind: "rate_limited", retryAfter: "absent" },
  { kind: "rate_limited", retryAfter: "http_date", as: "ok_false" },
  { kind: "error", error: "internal_error", status: 500 },
  { kind: "error", error: "something_new", status: 500 },
  { kind: "error", error: "invalid_cursor", status: 400 },
] as const;

async function playSchedule(seed: number) {
  const random = createRandom(seed);
  const clock = createVirtualClock(Date.UTC(2026, 10, 2, 9));
  const startMs = clock.now() - START_HOURS * 3_600_000;
  let lively = true;
  const behaviour = randomBehaviour(random);
  const slack = createSimulatedSlack({
    clock,
    clockOffsetMs: random.pick([0, 0, 3_000_000, -3_000_000]),
    behaviour,
    latencyMs: 50,
    beforeCall: () => void (lively && traffic.advance(slack.now())),
  });
  const startBySlack = startMs + (slack.now() - clock.now());
  const expected = {
    integration_logs: new Set<string>(),
    app_activities: new Set<string>(),
    audit_logs: new Set<string>(),
  };
  const noting =
    <Options>(log: keyof typeof expected, add: (entry: never, options?: Options) => void) =>
    (entry: never, options?: Options) => {
      expected[log].add(canonical(JSON.parse(typeof entry === "string" ? entry : JSON.stringify(entry))));
      return add(entry, options);
    };
  const { world } = slack;
  const traffic = createTraffic(
    {
      tenant: slack.tenant,
      now: slack.now,
      world: {
        ...world,
        integration: {
          ...world.integration,
          add: noting("integration_logs", (entry, options) => world.integration.add(entry, options)),
        },
        activities: {
          ...world.activities,
          add: noting("app_activities", (entry, options) => world.activities.add(entry, options)),
        },
        audit: { ...world.audit, add: noting("audit_logs", (entry, options) => world.audit.add(entry, options)) },
      },
    },
    {
      seed,
      people: 150,
      perHour: { logins: 60, integrationChanges: 40, activities: 120, auditEntries: 90 },
      late: { probability: random.pick([0, 0.2]), upToMs: 600_000 },
    },
  );
  traffic.history({ logins: 400, integrationChanges: 160, activities: 250, auditEntries: 200 }, START_HOURS * 2);

  const disk = createMemoryDisk();
  const receiver = createMemoryReceiver();
  const faults = { crashes: 0, lostAnswers: 0 };
  const options = {
    slack,
    clock,
    destination: receiver.destination,
    disk,
    settings: {
      start: new Date(startBySlack).toISOString(),
      batch: { max_records: MAX_RECORDS },
      sources: Object.fromEntries(
        ["access_logs", "integration_logs", "app_activities", "audit_logs"].map((name) => [
          name,
          { calls_per_minute: 1000 },
        ]),
      ),
    },
  };

  const rounds = 3 + random.between(0, 3);
  for (let round = 0; round < rounds; round++) {
    const probability = random.pick([0, 0.05, 0.1]);
    const chances = [random.pick(SLACK_FAULTS), random.pick(SLACK_FAULTS), random.pick(SLACK_FAULTS)];
    slack.setFaults(
      randomFaults(
        seed * 100 + round,
        chances.map((fault) => ({ fault, probability })),
      ),
    );
    const troubled = random.chance(0.5);
    receiver.answer = () => {
      if (!troubled) return "accept";
      if (random.chance(0.1)) return "fail";
      if (!random.chance(0.05)) return "accept";
      faults.lostAnswers += 1;
      return "lose_answer";
    };
    const crashAt = random.chance(0.5) ? random.between(1, 40) : Number.POSITIVE_INFINITY;
    let points = 0;
    const reached = () => {
      points += 1;
      if (points === crashAt) throw new Crash();
    };
    await clock.run(
      forwardOnce({ ...options, reached }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error;
        faults.crashes += 1;
      }),
    );
    await clock.advance(random.between(1, 60) * 60_000);
  }

  // Drain: no faults and nothing new. Whatever was late shows by now.
  lively = false;
  slack.setFaults([]);
  receiver.answer = () => "accept";
  slack.behaviour.cursors.expireAfterCalls = undefined;
  slack.behaviour.access.callsAreAccess = false;
  await clock.advance(15 * 60_000);
  const outcomes = await clock.run(forwardOnce(options));
  const startSeconds = startBySlack / 1000;
  const lost = (log: keyof typeof TIMES, texts: Iterable<string>) => {
    const got = new Set(receiver.received.map(({ text }) => text));
    const { key, perSecond } = TIMES[log];
    return [...texts].filter((text) => {
      const time = Number((JSON.parse(text) as Record<string, unknown>)[key]) / perSecond;
      return time >= startSeconds + 1 && !got.has(text);
    });
  };
  const lostAtOnce = [
    ...lost("integration_logs", expected.integration_logs),
    ...lost("app_activities", expected.app_activities),
    ...lost("audit_logs", expected.audit_logs),
  ];
  // Rows that changed far from the head are found when a deep sweep is due.
  await clock.advance(7 * 3_600_000);
  outcomes.push(...(await clock.run(forwardOnce(options))));
  const order = behaviour.access?.order ?? "date_first";
  const rows = slack.world.access.listing(slack.now(), order, {}).map(({ text }) => canonical(JSON.parse(text)));
  return { slack, behaviour, receiver, faults, outcomes, lostAtOnce, lostRows: lost("access_logs", rows) };
}

const TIMES = {
  access_logs: { key: "date_last", perSecond: 1 },
  integration_logs: { key: "date", perSecond: 1 },
  app_activities: { key: "created", perSecond: 1e6 },
  audit_logs: { key: "date_create", perSecond: 1 },
};

describe("nothing is lost, invented or repeated without a cause", () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) {
    it(`under schedule ${seed}`, async () => {
      const { slack, behaviour, receiver, faults, outcomes, lostAtOnce, lostRows } = await playSchedule(seed);
      expect(outcomes.map(({ stream, result }) => `${stream} ${result}`)).toEqual(
        outcomes.map(({ stream }) => `${stream} complete`),
      );
      expect({ lostAtOnce, lostRows }, JSON.stringify(behaviour)).toEqual({ lostAtOnce: [], lostRows: [] });

      const shown = new Set(
        (["access_logs", "integration_logs", "app_activities", "audit_logs"] as const).flatMap((log) =>
          slack.ledger.shown(log).map(({ text }) => canonical(JSON.parse(text))),
        ),
      );
      expect(receiver.received.filter(({ text }) => !shown.has(text))).toEqual([]);
      const uids = new Map<string, Received>();
      let repeats = 0;
      for (const record of receiver.received) {
        const before = uids.get(record.uid);
        if (before !== undefined) {
          repeats += 1;
          expect(record).toMatchObject({ text: before.text, timeSeconds: before.timeSeconds });
        }
        uids.set(record.uid, record);
      }
      expect(repeats).toBeLessThanOrEqual((faults.crashes + faults.lostAnswers) * MAX_RECORDS);
      // One text is one record: nothing got two uids.
      expect(uids.size).toBe(new Set([...uids.values()].map(({ stream, text }) => `${stream} ${text}`)).size);
    });
  }
});
