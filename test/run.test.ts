import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { loadConfiguration } from "../src/config/load.ts";
import type { Http, HttpAnswer } from "../src/http.ts";
import type { Log } from "../src/model.ts";
import { run } from "../src/run.ts";
import { DEFAULT_TOKEN } from "../src/simulation/grants.ts";
import { createSimulatedSlack, type SimulatedSlackOptions } from "../src/simulation/slack.ts";
import { createTraffic } from "../src/simulation/traffic.ts";
import { openSqliteStore } from "../src/state/sqlite.ts";
import { createStop } from "../src/stop.ts";
import { systemClock } from "../src/clock.ts";
import { decodeRequest, inflateRequest, uidOf, type DecodedRecord } from "./support/otlp-decoder.ts";
import { createVirtualClock } from "./support/virtual-clock.ts";

const GOOD_KEY = "good-key";
const STREAMS = 5;

/**
 * The whole of `run` but for sockets and the passing of time: simulated Slack, a receiver that wants a key, and real
 * files for configuration, secrets and state.
 */
function createStage(options: SimulatedSlackOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "slack-otel-run-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = createVirtualClock();
  const slack = createSimulatedSlack({ clock, ...options });
  const traffic = createTraffic(slack, { seed: 3 });
  traffic.history({ logins: 30, integrationChanges: 20, activities: 60, auditEntries: 50 }, 20);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write("token", DEFAULT_TOKEN);
  write("key", GOOD_KEY);
  write(
    "slack-otel.yaml",
    `slack: { token: "\${file:${folder}/token}", api_url: https://slack.test/api/, audit_url: https://slack.test/audit/v1/ }
destination: { otlp: { endpoint: http://receiver.test, compression: none, headers: { x-key: "\${file:${folder}/key}" } } }
state: { sqlite: { path: ${folder}/state.db } }
dead_letters: { path: ${folder}/dead-letters }
`,
  );
  const loaded = loadConfiguration({ env: {}, file: join(folder, "slack-otel.yaml") });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ problem }) => problem).join());
  const { configuration } = loaded;

  const accepted: DecodedRecord[] = [];
  const events: string[] = [];
  const stage = {
    folder,
    clock,
    slack,
    traffic,
    write,
    configuration,
    accepted,
    /** The program's log: each line's event. */
    events,
    /** Called for each line. */
    onEvent: (_event: string) => {},
    onAccepted: () => {},
    /** In place of the receiver. */
    receive: undefined as Http | undefined,
    count: (event: string) => events.filter((name) => name === event).length,
    /** How many records everything that Slack has shown has to become. */
    expected: () =>
      (["access_logs", "integration_logs", "app_activities", "audit_logs"] as const)
        .flatMap((log) => slack.ledger.distinct(log))
        .reduce((sum, { copies }) => sum + copies, 0),
    expectEachOnce() {
      expect(accepted.length).toBe(stage.expected());
      expect(new Set(accepted.map(uidOf)).size).toBe(accepted.length);
    },
    start(once: boolean, stop = createStop(clock)) {
      const options = {
        configuration,
        once,
        version: "0.0.0",
        createHttp: () => ({ http, close }),
        stdout,
        clock,
        random: () => 0.5,
        log,
      };
      return { stop, ended: run(options, stop) };
    },
    runOnce: () => clock.run(stage.start(true).ended),
  };
  const log: Log = (_level, event) => {
    events.push(event);
    stage.onEvent(event);
  };
  const stdout = new Writable({ write: (_chunk, _encoding, done) => done() });
  const close = () => Promise.resolve();
  const http: Http = (exchange, signal) => {
    if (exchange.url.startsWith("https://slack.test/")) return slack.http(exchange, signal);
    return (stage.receive ?? receive)(exchange, signal);
  };
  const receive: Http = ({ url, headers, body }) => {
    expect(url).toBe("http://receiver.test/v1/logs");
    if (headers["x-key"] !== GOOD_KEY) return Promise.resolve(answer(401));
    const bytes = inflateRequest(headers["content-encoding"], body as Uint8Array);
    accepted.push(...decodeRequest(headers["content-type"], bytes));
    stage.onAccepted();
    return Promise.resolve(answer(200));
  };
  return stage;
}

function answer(status: number): HttpAnswer {
  return { kind: "answer", status, headers: { "content-type": "application/x-protobuf" }, body: Buffer.alloc(0) };
}

test("a token that Slack refuses at the start is asked about once a minute, and read again from its file", async () => {
  const stage = createStage();
  const { clock, slack } = stage;
  stage.write("token", "xoxp-wrong");
  const { stop, ended } = stage.start(false);
  stage.onEvent = (event) => {
    if (event === "token_refused" && stage.count(event) === 3) stage.write("token", DEFAULT_TOKEN);
    if (event === "delivered" && stage.count(event) === STREAMS) stop.request("the test is over");
  };
  const begun = clock.monotonic();
  expect(await clock.run(ended)).toBe(0);
  expect(clock.monotonic() - begun).toBeLessThan(4 * 60_000);
  expect(slack.calls.filter(({ outcome }) => outcome === "invalid_auth")).toHaveLength(3);
  stage.expectEachOnce();
});

test("a token that is revoked while it runs halts every stream; mended in its file, all go on and nothing is lost", async () => {
  const stage = createStage();
  const { clock, slack, traffic } = stage;
  const { stop, ended } = stage.start(false);
  let mendedAt = Number.NaN;
  stage.onEvent = (event) => {
    if (event === "delivered" && stage.count(event) === STREAMS && stage.count("stream_halted") === 0) {
      slack.tokens.revoke(DEFAULT_TOKEN);
      traffic.history({ integrationChanges: 6, activities: 20, auditEntries: 10 }, 0.02);
    }
    if (event === "stream_halted" && stage.count(event) === STREAMS) {
      slack.tokens.add({ token: "xoxp-next" });
      stage.write("token", "xoxp-next\n");
      mendedAt = clock.monotonic();
    }
    if (event === "stream_resumed" && stage.count(event) === STREAMS) stop.request("the test is over");
  };
  expect(await clock.run(ended)).toBe(0);
  expect(clock.monotonic() - mendedAt).toBeLessThan(61_000);
  expect(await stage.runOnce()).toBe(0);
  stage.expectEachOnce();
  expect(stage.accepted.length).toBeGreaterThan(170);
});

test("a key that the destination refuses halts the streams with Slack left alone; mended in its file, nothing is lost", async () => {
  const stage = createStage();
  const { clock, slack } = stage;
  stage.write("key", "bad-key");
  const { stop, ended } = stage.start(false);
  const calls: number[] = [];
  // The list of workspaces is looked at all the same: it costs no memory.
  const reads = () => slack.calls.filter(({ method }) => !method.endsWith("teams.list")).length;
  stage.onEvent = (event) => {
    if (event !== "destination_refuses" || stage.count(event) !== STREAMS) return;
    // By then all streams are halted; what they read ahead has come.
    void clock.sleep(10_000, stop.stop).then(
      () => calls.push(reads()),
      () => {},
    );
    void clock.sleep(2 * 3_600_000, stop.stop).then(
      () => {
        calls.push(reads());
        stage.write("key", GOOD_KEY);
        void clock.sleep(90_000, stop.stop).then(
          () => stop.request("the test is over"),
          () => {},
        );
      },
      () => {},
    );
  };
  expect(await clock.run(ended)).toBe(0);
  expect(calls).toHaveLength(2);
  expect(calls[1]).toBe(calls[0]);
  expect(stage.count("delivery_resumed")).toBe(STREAMS);
  // Once at its start and then every ten minutes, not once a minute.
  expect(stage.count("destination_refuses")).toBeLessThanOrEqual(STREAMS * 13);
  stage.expectEachOnce();
});

test("what hangs at the destination when a stop is asked for is given up after 20 s, as a clean stop", async () => {
  const stage = createStage();
  const { clock } = stage;
  const { stop, ended } = stage.start(false);
  let hanging = 0;
  stage.receive = (_exchange, signal) => {
    hanging += 1;
    if (hanging === STREAMS) stop.request("SIGTERM");
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  };
  const begun = clock.monotonic();
  expect(await clock.run(ended)).toBe(0);
  expect(clock.monotonic() - begun).toBeGreaterThanOrEqual(20_000);
  expect(clock.monotonic() - begun).toBeLessThan(21_000);
  expect(hanging).toBe(STREAMS);

  stage.receive = undefined;
  expect(await stage.runOnce()).toBe(0);
  stage.expectEachOnce();
});

test("a defect in one stream ends every stream, is thrown, and moves no position past what was accepted", async () => {
  const stage = createStage();
  const { clock, slack } = stage;
  const { ended } = stage.start(false);
  const bug = new TypeError("a defect in the destination");
  let aborted = 0;
  let requests = 0;
  stage.receive = (_exchange, signal) => {
    requests += 1;
    if (requests === STREAMS) return Promise.reject(bug);
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        aborted += 1;
        reject(signal.reason as Error);
      });
    });
  };
  await expect(clock.run(ended)).rejects.toBe(bug);
  expect(aborted).toBe(STREAMS - 1);
  const calls = slack.calls.length;
  await clock.advance(10 * 60_000);
  expect(slack.calls.length).toBe(calls);

  stage.receive = undefined;
  expect(await stage.runOnce()).toBe(0);
  stage.expectEachOnce();
});

test("a stop while it waits for another instance to give the state free is a clean stop", async () => {
  const stage = createStage();
  const store = await openSqliteStore({ path: stage.configuration.state.settings.path });
  const { stop, ended } = stage.start(false, createStop(systemClock));
  setImmediate(() => stop.request("SIGTERM"));
  expect(await ended).toBe(0);
  expect(stage.slack.calls).toEqual([]);
  await store.close();
});

test("a stop while Slack is down is a clean stop", async () => {
  const stage = createStage({ faults: () => ({ kind: "reset" }) });
  const { stop, ended } = stage.start(false);
  stage.onEvent = (event) => {
    if (event === "slack_retry" && stage.count(event) === 8) stop.request("SIGTERM");
  };
  expect(await stage.clock.run(ended)).toBe(0);
});

test("where Slack wants a workspace named, access logs are read workspace by workspace, and it is told", async () => {
  const stage = createStage({ behaviour: { access: { organisationView: "missing_argument", teamView: "whole" } } });
  expect(await stage.runOnce()).toBe(0);
  expect(stage.count("coverage_partial")).toBe(1);
  expect(stage.count("stream_halted")).toBe(0);
  stage.expectEachOnce();
  const views = stage.accepted
    .filter(({ attributes }) => attributes.get("slack.method") === "team.accessLogs")
    .map(({ resource }) => resource.get("slack.team.id"));
  expect(new Set(views)).toEqual(new Set(["T0ACMEENG01", "T0ACMEOPS01"]));
});
