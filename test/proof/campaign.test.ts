import { describe, expect, it } from "vitest";
import onceFailed from "./once-failed.json" with { type: "json" };
import { tooSeldom } from "./often.ts";
import { play } from "./play.ts";
import { scheduleOf, type Schedule } from "./schedule.ts";
import { shrink } from "./shrink.ts";

/** A taste of `npm run campaign`, which CI runs at length. */
const SCHEDULES = 60;

describe("whatever fails and whenever it dies, nothing is lost, invented, altered, or repeated without a cause", () => {
  it.each(
    (onceFailed as readonly unknown[] as readonly Schedule[]).map((schedule, index) => [index, schedule] as const),
  )("under schedule %i of those that once failed", async (_, schedule) => {
    expect((await play(schedule)).violations).toEqual([]);
  });

  it(`[P2] [P13] [D9] [S8] under the first ${SCHEDULES} seeds`, async () => {
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const { violations } = await play(scheduleOf(seed));
      expect(violations, `npm run campaign -- --seed ${seed}`).toEqual([]);
    }
  }, 120_000);
});

it("a seed plays the same to the last wait and the last request, on either store", async () => {
  for (const store of ["memory", "sqlite"] as const)
    for (const seed of [3, 14, 159, 1146]) {
      const schedule = { ...scheduleOf(seed), store };
      const first = await play(schedule);
      expect((await play(schedule)).hash).toBe(first.hash);
      expect(first.records).toBeGreaterThan(0);
    }
}, 60_000);

it("shrinks a failing schedule to what is needed to fail", async () => {
  const schedule = scheduleOf(11);
  const needed = (candidate: Schedule) => candidate.history.auditEntries > 0 && candidate.lives.length > 0;
  const shortest = await shrink(schedule, (candidate) => Promise.resolve(needed(candidate)));
  expect(shortest.lives).toHaveLength(1);
  expect(shortest.behaviour).toEqual({});
  expect(shortest.history).toEqual({ logins: 0, integrationChanges: 0, activities: 0, auditEntries: 1 });
  expect(shortest.lives[0]).toMatchObject({ mode: "once", slackFaults: [], destinationFaults: [], outages: [] });
});

it("calls a campaign vacuous in which something hardly happened", () => {
  expect(tooSeldom(new Map(), 100)).toEqual([]);
  expect(tooSeldom(new Map([["repeat", 99]]), 10_000)).toContain("repeat: 99 times, 100 wanted");
  expect(tooSeldom(new Map([["repeat", 100]]), 10_000).filter((what) => what.startsWith("repeat:"))).toEqual([]);
});
