import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { canonical } from "../../src/mapping/canonical.ts";
import { SOURCE_NAMES, type SourceName } from "../../src/model.ts";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { listen, type Listening } from "../../src/simulation/server.ts";
import { createSimulatedSlack, type SimulatedSlack, type SimulatedSlackOptions } from "../../src/simulation/slack.ts";
import { createTraffic, type Traffic, type Volumes } from "../../src/simulation/traffic.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";
import { runCommand, startCommand, type Command, type CommandOptions, type Ended } from "../support/command.ts";
import { toPlain, type DecodedRecord } from "../support/otlp-decoder.ts";
import { createReceiver, type Receiver, type ReceiverOptions } from "../support/receiver.ts";

export interface SceneOptions {
  readonly slack?: SimulatedSlackOptions;
  readonly receiver?: ReceiverOptions;
  /** Entries of the last 20 hours. */
  readonly history?: Partial<Volumes>;
  /** As in the configuration file. */
  readonly settings?: Settings;
}

export type Settings = Readonly<Record<string, unknown>>;

/** Slack, a receiver, a folder for state and dead letters, and the program between them. */
export interface Scene extends AsyncDisposable {
  readonly folder: string;
  readonly slack: SimulatedSlack;
  readonly traffic: Traffic;
  readonly server: Listening;
  readonly receiver: Receiver;
  /** Writes a file into the folder and tells its path. */
  write(name: string, text: string): Promise<string>;
  read(name: string): Promise<string>;
  /** Writes the configuration and tells the command line and what goes with it. */
  prepare(
    args: readonly string[],
    changes?: Changes,
  ): Promise<{ readonly args: string[]; readonly options: CommandOptions }>;
  /** `run` with the scene's configuration and whatever `args` add; `settings` are laid over the scene's. */
  start(args?: readonly string[], changes?: Changes): Promise<Command>;
  /** `run --once` to its end. */
  once(args?: readonly string[], changes?: Changes): Promise<Ended>;
}

interface Changes extends CommandOptions {
  readonly settings?: Settings;
}

const HISTORY: Volumes = { logins: 60, integrationChanges: 40, activities: 200, auditEntries: 150 };

export async function createScene(options: SceneOptions = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "slack-otel-process-"));
  const slack = createSimulatedSlack({ clock: { now: Date.now }, ...options.slack });
  const traffic = createTraffic(slack, { seed: 7 });
  traffic.history({ ...HISTORY, ...options.history }, 20);
  const server = await listen(slack);
  const receiver = await createReceiver(options.receiver);

  async function prepare(args: readonly string[], { settings, env, ...rest }: Changes = {}) {
    const configuration = {
      slack: { token: "${env:SLACK_TOKEN}", api_url: server.apiUrl, audit_url: server.auditUrl },
      destination: { otlp: { endpoint: receiver.url } },
      state: { sqlite: { path: "./state.db" } },
      ...options.settings,
      ...settings,
    };
    const file = join(folder, "slack-otel.yaml");
    await writeFile(file, JSON.stringify(configuration, null, 2));
    return {
      args: ["run", "--config", file, ...args],
      options: { folder, env: { SLACK_TOKEN: DEFAULT_TOKEN, ...env }, ...rest },
    };
  }

  return {
    folder,
    slack,
    traffic,
    server,
    receiver,
    prepare,
    async write(name, text) {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    },
    read: (name) => readFile(join(folder, name), "utf8"),
    async start(args = [], changes = {}) {
      const prepared = await prepare(args, changes);
      return startCommand(prepared.args, prepared.options);
    },
    async once(args = [], changes = {}) {
      const prepared = await prepare(["--once", ...args], changes);
      return runCommand(prepared.args, prepared.options);
    },
    async [Symbol.asyncDispose]() {
      await receiver.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until at least so many records have arrived, and no other than Slack has shown. */
export async function arrived({ receiver, slack }: Scene, atLeast: number, timeout = 45_000): Promise<void> {
  await vi.waitFor(
    () => {
      expect(receiver.accepted.length).toBeGreaterThanOrEqual(atLeast);
      expect(textsOf(receiver.accepted)).toEqual(shownBy(slack));
    },
    { timeout, interval: 25 },
  );
}

/** Waits until the receiver has been asked so many times. */
export async function asked({ receiver }: Scene, times = 1): Promise<void> {
  const isAsked = () => expect(receiver.requests.length).toBeGreaterThanOrEqual(times);
  await vi.waitFor(isAsked, { timeout: 45_000, interval: 10 });
}

/** Every source, polled so fast that a test need not wait for it. */
export const FAST = Object.fromEntries(
  SOURCE_NAMES.map((name) => [name, { interval: "50ms", calls_per_minute: 100_000 }]),
);

/**
 * What was put into words once. Simulated Slack, receiver and whatever stands between run beside the test: one that
 * compares everything over and over again while it waits keeps them from their work.
 */
const said = { records: new WeakMap<DecodedRecord, string>(), entries: new Map<string, string>() };

/** Where an entry of Slack's belongs and what it says, so that it can be compared with what arrived. */
function entryText(source: SourceName, view: unknown, text: string): string {
  const known = said.entries.get(text) ?? canonical(JSON.parse(text));
  said.entries.set(text, known);
  return placed(source, view, known);
}

function placed(source: SourceName, view: unknown, text: string): string {
  return `${source}/${String(view)} ${text}`;
}

/** Every record that what Slack has shown so far has to become, sorted; equal entries of one answer are separate. */
export function shownBy({ ledger }: SimulatedSlack): string[] {
  return SOURCE_NAMES.flatMap((source) =>
    ledger.distinct(source).flatMap(({ view, text, copies }) => {
      const entry = entryText(source, view, text);
      return Array.from({ length: copies }, () => entry);
    }),
  ).toSorted();
}

/**
 * Every entry put into the logs of an organisation, in the same form, whether or not Slack has shown it. Without
 * access logs: their rows are rewritten, and a version may never be shown.
 */
export function happenedIn({ world, tenant }: SimulatedSlack): string[] {
  const organisation = tenant.organisation?.id;
  const texts = (source: SourceName, view: unknown, entries: readonly { readonly text: string }[]) =>
    entries.map(({ text }) => entryText(source, view, text));
  return [
    ...[...world.integration.workspaces].flatMap(([view, { all }]) => texts("integration_logs", view, all)),
    ...texts("app_activities", organisation, world.activities.listing.all),
    ...texts("audit_logs", organisation, world.audit.listing.all),
  ].toSorted();
}

/** The records in the same form, sorted. What tells of a hole in the coverage is no entry of Slack's. */
export function textsOf(records: readonly DecodedRecord[]): string[] {
  return records
    .filter(({ eventName }) => eventName !== "slack.coverage.hole")
    .map((record) => {
      const text = said.records.get(record) ?? recordText(record);
      said.records.set(record, text);
      return text;
    })
    .toSorted();
}

function recordText({ attributes, resource, body }: DecodedRecord): string {
  const method = attributes.get("slack.method");
  const source = SOURCE_NAMES.find((name) => sourceDefinitions[name].method === method);
  if (source === undefined) throw new Error(`no source has the method ${JSON.stringify(method)}`);
  const view = resource.get("slack.enterprise.id") ?? resource.get("slack.team.id");
  return placed(source, view, canonical(toPlain(body)));
}
