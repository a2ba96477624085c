import { expect, test } from "vitest";
import { play } from "./play.ts";
import { READABLE, scheduleOf, type Schedule } from "./schedule.ts";

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

/** One life that follows, with everything in order but the outage. */
function outage(what: Schedule["lives"][number]["outages"][number]["what"], fromMs: number, forMs: number): Schedule {
  return {
    ...scheduleOf(1),
    tenant: "workspace",
    sources: READABLE.workspace,
    behaviour: {},
    slackAheadMs: 0,
    store: "memory",
    destination: "otlp_protobuf",
    compression: "none",
    maxRecords: 6,
    history: { logins: 20, integrationChanges: 20, activities: 40, auditEntries: 40 },
    liveliness: { inserts: 0, rewrites: 0, removals: 0 },
    poison: { perMille: 0, serverErrorPerMille: 0 },
    lives: [
      {
        mode: "follow",
        stopAfterMs: fromMs + forMs + 600_000,
        slackFaults: [],
        destinationFaults: [],
        outages: [{ what, fromMs, forMs }],
        pauseMs: SECOND_MS,
      },
    ],
  };
}

interface Step {
  readonly atMs: number;
  readonly what: string;
}

async function stepsOf(schedule: Schedule): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const { violations } = await play(schedule, (line) =>
    steps.push({ atMs: Date.parse(line.slice(0, 24)), what: line.slice(25) }),
  );
  expect(violations).toEqual([]);
  return steps;
}

test("[D1] seven days without the destination: Slack is left alone, and within a minute of its return all goes on", async () => {
  const steps = await stepsOf(outage("destination_down", 0, 7 * DAY_MS));
  const startMs = steps[0]?.atMs ?? 0;
  const calls = steps.filter(({ what }) => what.startsWith("call ") && !what.includes("auth."));
  // What is read ahead by two streams, and nothing after it.
  const meanwhile = calls.filter(({ atMs }) => atMs > startMs + 60 * SECOND_MS && atMs < startMs + 7 * DAY_MS);
  expect(meanwhile).toEqual([]);
  const refused = steps.filter(({ what }) => what.startsWith("unavailable"));
  expect(refused.length).toBeGreaterThan(7 * 24 * 60);
  const taken = steps.find(({ what }) => what.startsWith("taken"))?.atMs ?? Number.POSITIVE_INFINITY;
  expect(taken).toBeGreaterThanOrEqual(startMs + 7 * DAY_MS);
  expect(taken).toBeLessThanOrEqual(startMs + 7 * DAY_MS + 61 * SECOND_MS);
}, 120_000);

test.each(["slack_down", "slack_credentials", "destination_credentials", "destination_gone"] as const)(
  "[D10] [S7] a day of %s: nothing is lost, and within some minutes of its end all goes on",
  async (what) => {
    const steps = await stepsOf(outage(what, 0, DAY_MS));
    const startMs = steps[0]?.atMs ?? 0;
    const taken = steps.find((step) => step.what.startsWith("taken"))?.atMs ?? Number.POSITIVE_INFINITY;
    expect(taken).toBeGreaterThanOrEqual(startMs + DAY_MS);
    expect(taken).toBeLessThanOrEqual(startMs + DAY_MS + 130 * SECOND_MS);
  },
  60_000,
);
