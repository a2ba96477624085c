/**
 * `npm run bench:poison`: how many requests and how much time it takes to find three records, among a thousand in one
 * batch, that the destination will never take, and to deliver all others. The receivers are on this machine and answer
 * at once; a real one adds its own answer's time to each request. `stdout` and `file` refuse no record.
 */
import { isolating } from "../../src/pipeline/isolate.ts";
import type { DestinationName } from "../../src/destinations/index.ts";
import type { LogRecord, Send, Settled } from "../../src/model.ts";
import { makeDestination } from "../support/destination.ts";
import { inflateRequest } from "../support/otlp-decoder.ts";
import { recordNumbers } from "../support/records.ts";
import { createScriptedServer, type ReceivedRequest, type ServerAnswer } from "../support/scripted-server.ts";
import { createSimulatedSplunk } from "../support/simulated-splunk.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const RUNS = 15;
const records = recordNumbers(1_000);
/** Neither at an end nor side by side. */
const POISON = [137, 500, 871].map((number) => (records[number] as LogRecord).uid);

/** A receiver whose batches are atomic: one such record refuses all of them, and it does not say which it was. */
function atomic(yes: string): (request: ReceivedRequest) => ServerAnswer {
  return ({ headers, body }) => {
    const bytes = Buffer.from(inflateRequest(headers["content-encoding"], body));
    const isPoisoned = POISON.some((uid) => bytes.includes(uid));
    const type = headers["content-type"] ?? "application/json";
    return { status: isPoisoned ? 400 : 200, headers: { "content-type": type }, body: isPoisoned ? "" : yes };
  };
}

const splunk = createSimulatedSplunk({
  token: "t",
  poison: ({ fields }) => POISON.includes(String(fields?.["log.record.uid"])),
});

interface Case {
  readonly title: string;
  readonly name: DestinationName;
  readonly settings: (url: string) => Readonly<Record<string, unknown>>;
  readonly answer: (request: ReceivedRequest) => ServerAnswer;
}
const cases: readonly Case[] = [
  { title: "`otlp`, protobuf", name: "otlp", settings: (endpoint) => ({ endpoint }), answer: atomic("") },
  {
    title: "`otlp`, JSON",
    name: "otlp",
    settings: (endpoint) => ({ endpoint, encoding: "json" }),
    answer: atomic("{}"),
  },
  {
    title: "`datadog`, OTLP intake",
    name: "datadog",
    settings: (endpoint) => ({ endpoint, api_key: "k", late: "send" }),
    answer: atomic(""),
  },
  {
    title: "`datadog`, Logs API v2",
    name: "datadog",
    settings: (endpoint) => ({ endpoint, api_key: "k", late: "send", api: "v2" }),
    answer: atomic("{}"),
  },
  {
    title: "`splunk_hec`, which says which",
    name: "splunk_hec",
    settings: (endpoint) => ({ endpoint, token: "t" }),
    answer: (request) => splunk.handle(request),
  },
];

async function isolate({ name, settings, answer }: Case): Promise<{ readonly requests: number; readonly ms: number }> {
  await using server = await createScriptedServer(answer);
  await using made = await makeDestination(name, settings(server.url));
  const letters: string[] = [];
  const delivered: string[] = [];
  // What would have to wait would have to be tried again, and nothing here has to.
  const send: Send<Settled> = async (part, signal) => {
    const attempt = await made.destination.send(part, signal);
    if (attempt.status === "retry") throw new Error(attempt.cause.message);
    return attempt;
  };
  const deadLetters = {
    full: () => Promise.resolve(undefined),
    write: async (written: readonly { readonly record: LogRecord }[]) =>
      void letters.push(...written.map(({ record }) => record.uid)),
  };
  const options = { clock: createVirtualClock(), random: () => 0.5, outage: "wait" } as const;
  const startedMs = performance.now();
  for await (const receipt of isolating(send, deadLetters, options)(records, new AbortController().signal))
    if (receipt.outcome === "accepted") delivered.push(...receipt.records.map(({ uid }) => uid));
  const ms = performance.now() - startedMs;
  if (
    letters.toSorted().join() !== POISON.toSorted().join() ||
    new Set(delivered).size !== records.length - POISON.length
  )
    throw new Error(`${name} delivered ${delivered.length} and set aside ${letters.length}`);
  return { requests: server.requests.length, ms };
}

const rows: string[] = [];
for (const one of cases) {
  const runs = [];
  // The first compiles.
  for (let run = -1; run < RUNS; run++) {
    const measured = await isolate(one);
    if (run >= 0) runs.push(measured);
  }
  const ms = runs.map((run) => run.ms).toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN;
  rows.push(`| ${one.title} | ${runs[0]?.requests} | ${ms.toFixed(0)} ms |\n`);
}
const head = "| destination | requests | wall time |\n| --- | ---: | ---: |\n";
process.stdout.write(`\n3 poison records among 1,000, medians of ${RUNS} runs.\n\n${head}${rows.join("")}`);
