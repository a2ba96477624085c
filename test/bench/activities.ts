import { createRandom, type Random } from "../../src/simulation/random.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { createTraffic } from "../../src/simulation/traffic.ts";

const SPAN_HOURS = 24 * 30;
export const SPAN_MICROS = SPAN_HOURS * 3_600_000_000;

interface Activity {
  readonly event_type: string;
  readonly payload: { log?: string; inputs?: Record<string, string> };
}

/** So many activities of the last month as JSON texts in the order of time: all event types, each of its own content. */
export function activities(count: number): string[] {
  const slack = createSimulatedSlack({ bookkeeping: "off", startMs: Date.now() });
  createTraffic(slack, { people: 500 }).history({ activities: count }, SPAN_HOURS);
  const shown = slack.world.activities.listing.visible(slack.now());
  if (shown.length !== count) throw new Error(`${shown.length} of ${count} activities are there`);
  const random = createRandom(7);
  return shown.map(({ text }) => asVerbose(text, random));
}

/** The simulation is terse where real apps print many lines and hand whole messages to their steps. */
function asVerbose(text: string, random: Random): string {
  if (!/"event_type":"(?:function_execution_output|workflow_step_execution_result)"/.test(text)) return text;
  const activity = JSON.parse(text) as Activity;
  const { event_type, payload } = activity;
  if (event_type === "function_execution_output") payload.log = `${payload.log}${lines(random, random.between(8, 32))}`;
  else payload.inputs = { ...payload.inputs, message: lines(random, random.between(8, 22)) };
  return JSON.stringify(activity);
}

const WORDS = "request ticket answered retry channel user found created status closed cache token queue export".split(
  " ",
);

function lines(random: Random, count: number): string {
  const line = () =>
    `[${random.pick(["debug", "info", "warn"])}] ${words(random)} id=${random.hex(8)} took ${random.below(900)} ms\n`;
  return Array.from({ length: count }, line).join("");
}

function words(random: Random): string {
  return Array.from({ length: random.between(2, 6) }, () => random.pick(WORDS)).join(" ");
}
