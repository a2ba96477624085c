import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import { decodeJson, type DecodedRecord } from "../../support/otlp-decoder.ts";

/** Where one Collector listens and writes. Given to a later one, that takes over its address and adds to its records. */
export interface Place {
  readonly folder: string;
  readonly otlpPort: number;
  readonly healthPort: number;
  /** Each Collector has one of its own: behind a line torn by a kill, the next would be unreadable. */
  readonly output: string;
}

/** A configuration of the Collector as it would stand in its YAML file. */
export type CollectorConfig = Readonly<Record<"extensions" | "receivers" | "exporters" | "service", object>> &
  Readonly<Record<string, object>>;

export interface CollectorOptions {
  readonly binary: string;
  readonly place?: Place;
  /** By default `toFile`. */
  readonly config?: (place: Place) => CollectorConfig;
}

export interface Collector {
  readonly place: Place;
  /** What a user writes into `destination.otlp.endpoint`. */
  readonly endpoint: string;
  /**
   * The requests that the file exporters at this place have written by now, each the records of one request, in the
   * order of arrival. They write within 100 ms, and `stop` writes all that is left.
   */
  requests(): Promise<readonly (readonly DecodedRecord[])[]>;
  /** The records of `requests`. */
  records(): Promise<readonly DecodedRecord[]>;
  /** What it said about itself. */
  log(): string;
  /** SIGTERM, and waits: it finishes what it took. */
  stop(): Promise<void>;
  /** SIGKILL, and waits: what it had in memory is gone. */
  kill(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 20_000;

/** The oracle: OTLP over HTTP in, each request out as a line of OTLP JSON, and nothing in between. */
export function toFile(place: Place): CollectorConfig {
  return {
    extensions: { health_check: { endpoint: `127.0.0.1:${place.healthPort}` } },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${place.otlpPort}` } } } },
    exporters: { file: { path: place.output, format: "json", flush_interval: "100ms" } },
    service: {
      extensions: ["health_check"],
      telemetry: { metrics: { level: "none" } },
      pipelines: { logs: { receivers: ["otlp"], exporters: ["file"] } },
    },
  };
}

/** Runs a Collector; returns once it takes requests. Rejects with its log where it does not come up. */
export async function startCollector({ binary, place, config = toFile }: CollectorOptions): Promise<Collector> {
  const here = place === undefined ? await newPlace() : { ...place, output: await nextOutput(place.folder) };
  const file = join(here.folder, "config.yaml");
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config(here)));
  const child = spawn(binary, ["--config", file], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  child.on("error", (error) => (log += error.message));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));

  const requests = async () => (await linesIn(here.folder)).map(decodeJson);
  const collector: Collector = {
    place: here,
    endpoint: `http://127.0.0.1:${here.otlpPort}`,
    requests,
    records: async () => (await requests()).flat(),
    log: () => log,
    stop: () => end(child, ended, "SIGTERM"),
    kill: () => end(child, ended, "SIGKILL"),
  };
  try {
    await ready(here, ended);
  } catch (error) {
    await collector.kill();
    if (place === undefined) await removePlace(here);
    throw new Error(`the Collector did not start:\n${log}`, { cause: error });
  }
  return collector;
}

/** Takes its folder away. */
export async function removePlace({ folder }: Place): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function newPlace(): Promise<Place> {
  const [otlpPort, healthPort] = await freePorts();
  const folder = await mkdtemp(join(tmpdir(), "slack-otel-collector-"));
  return { folder, otlpPort, healthPort, output: await nextOutput(folder) };
}

async function outputsIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl"));
  return names.toSorted().map((name) => join(folder, name));
}

async function nextOutput(folder: string): Promise<string> {
  const { length } = await outputsIn(folder);
  return join(folder, `received-${String(length).padStart(3, "0")}.jsonl`);
}

/** Whole lines only: a torn last one is still being written, or its writer was killed. */
async function linesIn(folder: string): Promise<readonly string[]> {
  const texts = await Promise.all((await outputsIn(folder)).map((file) => readFile(file, "utf8")));
  return texts.flatMap((text) => text.split("\n").slice(0, -1));
}

/** The Collector cannot tell the port it got for 0. Both are held until both are known, so they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  await Promise.all(servers.map((server) => once(server.listen(0, "127.0.0.1"), "listening")));
  const [first, second] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number];
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return [first, second];
}

async function ready({ healthPort }: Place, ended: Promise<void>): Promise<void> {
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
  const died = ended.then(() => Promise.reject(new Error("it ended")));
  const answering = async () => {
    while (!(await isHealthy(healthPort, deadline))) await delay(25, undefined, { signal: deadline });
  };
  await Promise.race([answering(), died]);
}

async function isHealthy(port: number, signal: AbortSignal): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`http://127.0.0.1:${port}/`, { signal });
    await body.dump();
    return statusCode === 200;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

async function end(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
