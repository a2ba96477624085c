/**
 * `npm run bench:freshness`: how long an entry takes from its own time to its delivery, with one organisation's token, in
 * virtual time: the whole of `run` against the simulated Slack, with Slack's documented quota. Besides the ideal: polls
 * at even distances, as often as the interval or the quota allows, so that an entry waits half of one at the median.
 */
import { Writable } from "node:stream";
import { configurationSchema } from "../../src/config/schema.ts";
import type { Destination, LogRecord } from "../../src/model.ts";
import { run } from "../../src/run.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { createMemoryDisk, createMemoryStore } from "../../src/state/memory.ts";
import { createStop } from "../../src/stop.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const WARM_UP_MS = 30 * 60_000;
const MEASURED_MS = 2 * 3_600_000;
/** Slack takes no time here: each answer comes at once. */
const QUOTA = { integration_logs: 20, access_logs: 20, app_activities: 50, audit_logs: 30 } as const;
const INTERVALS_MS = { integration_logs: 60_000, access_logs: 60_000, app_activities: 15_000, audit_logs: 60_000 };
type SourceName = keyof typeof QUOTA;
const ENTRIES = 4_000;

interface Freshness {
  readonly source: SourceName;
  readonly delays: readonly number[];
  readonly stretch: number;
  readonly longestWaitMs: number;
}

async function measure(workspaces: number): Promise<readonly Freshness[]> {
  const clock = createVirtualClock();
  const ids = Array.from({ length: workspaces }, (_, index) => `T0BENCH${String(index).padStart(5, "0")}`);
  const slack = createSimulatedSlack({
    clock,
    tenant: { workspaces: ids.map((id) => ({ id })) },
    rates: {},
    bookkeeping: "off",
  });
  const born = fill(slack, ids);
  const delays: Record<SourceName, number[]> = {
    integration_logs: [],
    access_logs: [],
    app_activities: [],
    audit_logs: [],
  };
  const destination: Destination = {
    name: "memory",
    description: "memory",
    limits: {},
    send: (records) => {
      for (const record of records) note(record, clock.now(), born, delays);
      return Promise.resolve({ status: "accepted", rejected: 0 });
    },
    probe: () => Promise.resolve({ status: "accepted", rejected: 0 }),
    close: () => Promise.resolve(),
  };
  const methods = new Map<string, { readonly stretch: number; readonly longestWaitMs: number }>();
  const stop = createStop(clock);
  const ended = run(
    {
      configuration: configurationSchema.parse({
        slack: {
          token: "xoxp-simulated-owner",
          api_url: "https://slack.test/api/",
          audit_url: "https://slack.test/audit/v1/",
        },
        sources: { access_logs: {}, integration_logs: { interval: "1m" }, app_activities: {}, audit_logs: {} },
        start: "now",
        destination: { stdout: {} },
      }),
      once: false,
      version: "0.0.0",
      createHttp: () => ({ http: slack.http, close: () => Promise.resolve() }),
      stdout: new Writable(),
      clock,
      random: Math.random,
      log: () => undefined,
      onConnection: ({ client }) => {
        stop.stop.addEventListener("abort", () => {
          for (const method of client.quota.methods()) methods.set(method.method, method);
        });
      },
      destination,
      deadLetters: () => ({ write: () => Promise.resolve(), full: () => Promise.resolve(undefined) }),
      openStore: () => Promise.resolve(createMemoryStore({ disk: createMemoryDisk() })),
    },
    stop,
  );
  clock.sleep(WARM_UP_MS * 2 + MEASURED_MS, stop.abort).then(
    () => stop.request("measured"),
    () => undefined,
  );
  await clock.run(ended);
  stop[Symbol.dispose]();
  const names = { integration_logs: "team.integrationLogs", access_logs: "team.accessLogs" } as const;
  const quotaOf = (source: SourceName) =>
    methods.get(
      source === "app_activities" ? "admin.apps.activities.list" : source === "audit_logs" ? "logs" : names[source],
    );
  return (Object.keys(QUOTA) as SourceName[]).map((source) => ({
    source,
    delays: delays[source].toSorted((a, b) => a - b),
    stretch: quotaOf(source)?.stretch ?? Number.NaN,
    longestWaitMs: quotaOf(source)?.longestWaitMs ?? Number.NaN,
  }));
}

/** Entries of all four logs, spread over the measured time; when each was born, by the user that it names. */
function fill(slack: ReturnType<typeof createSimulatedSlack>, ids: readonly string[]): ReadonlyMap<string, number> {
  const born = new Map<string, number>();
  const { access, integration, activities, audit } = slack.world;
  for (let index = 0; index < ENTRIES; index++) {
    // No rhythm that agrees with a poll's.
    const ms = slack.now() + WARM_UP_MS + Math.floor(((index * 0.618034) % 1) * MEASURED_MS);
    const seconds = Math.floor(ms / 1000);
    const user = `U${index}`;
    born.set(user, seconds * 1000);
    const teamId = ids[index % ids.length] as string;
    access.add({ user_id: user, ip: "192.0.2.1", user_agent: "x", count: 1, date_first: seconds, date_last: seconds });
    integration.add({ user_id: user, date: String(seconds), change_type: "added" }, { teamId });
    activities.add({ created: seconds * 1_000_000, level: "info", payload: { user_id: user } }, { teamId });
    audit.add({ id: user, date_create: seconds, action: "user_login", actor: { type: "user", user: { id: user } } });
  }
  return born;
}

function note(
  { log }: LogRecord,
  nowMs: number,
  born: ReadonlyMap<string, number>,
  delays: Record<SourceName, number[]>,
): void {
  const bornMs = born.get(String(log.attributes["user.id"]));
  if (bornMs === undefined) return;
  const method = String(log.attributes["slack.method"]);
  const source: SourceName = method.includes("integration")
    ? "integration_logs"
    : method.includes("access")
      ? "access_logs"
      : method.includes("activities")
        ? "app_activities"
        : "audit_logs";
  delays[source].push(nowMs - bornMs);
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const at = (sorted: readonly number[], share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;

process.stdout.write(
  `Virtual time, ${MEASURED_MS / 3_600_000} h, ${ENTRIES} entries a log.\n\n` +
    "| workspaces | log | streams | interval | stretched to | p50 | ideal | p99 | ideal | entries | longest wait for a turn |\n" +
    "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
);
for (const workspaces of [1, 10, 200]) {
  for (const { source, delays, stretch, longestWaitMs } of await measure(workspaces)) {
    const streams = source === "integration_logs" ? workspaces : 1;
    const interval = INTERVALS_MS[source];
    const best = Math.max(interval, (streams * 60_000) / QUOTA[source]);
    const cells = [
      workspaces,
      source,
      streams,
      seconds(interval),
      seconds(interval * stretch),
      seconds(at(delays, 0.5)),
      seconds(best / 2),
      seconds(at(delays, 0.99)),
      seconds(best * 0.99),
      delays.length,
      seconds(longestWaitMs),
    ];
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
  }
}
