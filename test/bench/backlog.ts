import { join } from "node:path";
import { PAGE_SIZE, type ActivitiesReady, type Ready, type Received } from "./messages.ts";
import { measure, serve, type Usage } from "./processes.ts";
import { onceWith, STOCK } from "./program.ts";
import { compare, type Figure, type Row } from "./table.ts";

const RECORDS = 200_000;
const GROWTH = 4;
const HEAP_MIB = 256;
/** As fast as Slack answers. */
const sources = { app_activities: { calls_per_minute: 1_000_000 } };

export interface BacklogOptions {
  readonly runs: number;
  /** For configurations and states. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

/** A backlog of activities: by the program and by stock parts in turn, four times as long, and to other destinations. */
export async function benchBacklog({ runs, folder, say }: BacklogOptions): Promise<readonly Row[]> {
  say(`making ${RECORDS * GROWTH} activities`);
  using slack = await serve<ActivitiesReady, never>("activities-server.ts", [String(RECORDS), String(GROWTH)]);
  using receiver = await serve<Ready, Received>("receiver.ts");
  const endpoint = receiver.ready.url;
  const urlOf = (records: number) => `${slack.ready.url}${records / PAGE_SIZE}/`;

  async function delivered(args: readonly string[], expected: number): Promise<Usage> {
    const usage = await measure(args);
    const { records } = await receiver.report();
    if (records !== expected) throw new Error(`${records} of ${expected} records arrived: ${args.join(" ")}`);
    return usage;
  }
  const byStock = () => delivered([STOCK, `${urlOf(RECORDS)}api/`, endpoint], RECORDS);
  const byProgram = async (destination: Destination, records = RECORDS, flags: readonly string[] = []) => {
    const args = await onceWith({ slackUrl: urlOf(records), sources, destination }, folder);
    const isLocal = "stdout" in destination || "file" in destination;
    return delivered([...flags, ...args], isLocal ? 0 : records);
  };

  const ours: Usage[] = [];
  const stock: Usage[] = [];
  for (let run = 1; run <= runs; run++) {
    say(`${RECORDS} activities by slack-otel and by stock parts, ${run} of ${runs}`);
    ours.push(await byProgram(otlp(endpoint)));
    stock.push(await byStock());
  }
  say(`${RECORDS} and ${RECORDS * GROWTH} activities with a heap of ${HEAP_MIB} MiB`);
  const limited = [`--max-old-space-size=${HEAP_MIB}`];
  const short = await byProgram(otlp(endpoint), RECORDS, limited);
  const long = await byProgram(otlp(endpoint), RECORDS * GROWTH, limited);
  const against = (target: string) => ({ name: "stock", measured: stock, target });
  const rows = [
    compare(cpu("CPU per record"), ours, against("at most 0.60")),
    compare(wall, ours, against("below 1")),
    compare(peak("peak memory"), ours, against("at most 200 MiB")),
    compare(peak(`peak memory at ${GROWTH} times the backlog, heap limit ${HEAP_MIB} MiB`), [long], {
      name: "at one time",
      measured: [short],
      target: "at most 1.20",
    }),
  ];
  for (const [name, destination] of otherDestinations(endpoint, folder)) {
    say(`${RECORDS} activities: ${name}`);
    const { of, write } = cpu(name);
    rows.push({ figure: `CPU per record: ${name}`, ours: write(of(await byProgram(destination))) });
  }
  return rows;
}

const MIB = 1024 * 1024;

const wall: Figure<Usage> = {
  name: "wall time",
  of: ({ wallMs }) => wallMs,
  write: (ms) => `${(ms / 1000).toFixed(1)} s`,
};

function cpu(name: string): Figure<Usage> {
  return { name, of: ({ cpuMs }) => (cpuMs * 1000) / RECORDS, write: (micros) => `${micros.toFixed(1)} µs` };
}

function peak(name: string): Figure<Usage> {
  return { name, of: ({ peakBytes }) => peakBytes, write: (bytes) => `${Math.round(bytes / MIB)} MiB` };
}

type Destination = Readonly<Record<string, object>>;

function otlp(endpoint: string, encoding = "protobuf", compression = "gzip"): Destination {
  return { otlp: { endpoint, encoding, compression } };
}

function otherDestinations(endpoint: string, folder: string): readonly (readonly [string, Destination])[] {
  return [
    ["OTLP protobuf, zstd", otlp(endpoint, "protobuf", "zstd")],
    ["OTLP protobuf, not compressed", otlp(endpoint, "protobuf", "none")],
    ["OTLP JSON, gzip", otlp(endpoint, "json", "gzip")],
    ["Datadog, OTLP", { datadog: { endpoint, api_key: "bench-key", late: "send" } }],
    ["Datadog, v2", { datadog: { endpoint, api_key: "bench-key", late: "send", api: "v2" } }],
    ["Splunk HEC", { splunk_hec: { endpoint, token: "bench-token" } }],
    ["file", { file: { path: join(folder, "records") } }],
    ["standard output", { stdout: {} }],
  ];
}
