import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadConfiguration } from "../src/config/load.ts";
import type { Connection } from "../src/connections.ts";
import type { Http, HttpAnswer } from "../src/http.ts";
import type { Log } from "../src/model.ts";
import { run } from "../src/run.ts";
import { DEFAULT_TOKEN } from "../src/simulation/grants.ts";
import { createSimulatedSlack, type SimulatedSlackOptions } from "../src/simulation/slack.ts";
import { createTraffic } from "../src/simulation/traffic.ts";
import type { SlackClient } from "../src/slack/client.ts";
import { describeState } from "../src/state/index.ts";
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
  const yaml = `slack: { token: "\${file:${folder}/token}", api_url: https://slack.test/api/, audit_url: https://slack.test/audit/v1/ }
destination: { otlp: { endpoint: http://receiver.test, compression: none, headers: { x-key: "\${file:${folder}/key}" } } }
state: { sqlite: { path: ${folder}/state.db } }
dead_letters: { path: ${folder}/dead-letters }
`;
  write("slack-otel.yaml", yaml);
  const loaded = loadConfiguration({ env: {}, file: join(folder, "slack-otel.yaml") });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ problem }) => problem).join());
  const { configuration } = loaded;

  const accepted: DecodedRecord[] = [];
  const events: string[] = [];
  const lines: string[] = [];
  const connections: [string | undefined, SlackClient][] = [];
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
    /** The same, each with its connection and what it is about. */
    lines,
    connections,
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
    /** Another configuration than the one connection. */
    configure(slackPart: string) {
      write("slack-otel.yaml", yaml.replace(/^slack: .*$/m, slackPart));
      const again = loadConfiguration({ env: {}, file: join(folder, "slack-otel.yaml") });
      if (!again.ok) throw new Error(again.errors.map(({ key, problem }) => `${key} ${problem}`).join());
      stage.configuration = again.configuration;
    },
    start(once: boolean, stop = createStop(clock)) {
      const options = {
        configuration: stage.configuration,
        once,
        version: "0.0.0",
        createHttp: () => ({ http, close }),
        stdout,
        clock,
        random: () => 0.5,
        log,
        onConnection: ({ name, client }: Connection) => void connections.push([name, client]),
      };
      return { stop, ended: run(options, stop) };
    },
    /** Follows until half a minute after the last step; each so many milliseconds after the first line like `since`. */
    async follow(since: RegExp, steps: readonly (readonly [number, () => void])[]) {
      const { stop, ended } = stage.start(false);
      const end = (steps.at(-1)?.[0] ?? 0) + 30_000;
      stage.onEvent = (event) => {
        if (!since.test(event)) return;
        stage.onEvent = () => {};
        for (const [ms, step] of [...steps, [end, () => stop.request("the test is over")] as const])
          clock.sleep(ms, stop.stop).then(step, () => undefined);
      };
      expect(await clock.run(ended)).toBe(0);
    },
    runOnce: () => clock.run(stage.start(true).ended),
  };
  const log: Log = (_level, event, fields = {}) => {
    events.push(event);
    lines.push([event, fields["connection"], fields["stream"] ?? fields["workspaces"]].filter(Boolean).join(" "));
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

test("[S7] a token that is revoked while it runs halts every stream; mended in its file, all go on and nothing is lost", async () => {
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

test("[D10] a key that the destination refuses halts the streams with Slack left alone; mended in its file, nothing is lost", async () => {
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

test("[P19] a defect in one stream ends every stream, is thrown, and moves no position past what was accepted", async () => {
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
  const store = await openSqliteStore({ path: describeState(stage.configuration.state) });
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
    // Told every ten minutes, however often it is tried.
    if (event === "slack_retry" && stage.count(event) === 3) stop.request("SIGTERM");
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

const URLS = "api_url: https://slack.test/api/, audit_url: https://slack.test/audit/v1/";

describe("several connections", () => {
  /** Two workspaces of one organisation, each with a token of its own. */
  const TOKENS: SimulatedSlackOptions = {
    tokens: [
      { token: "xoxp-eng", teamId: "T0ACMEENG01" },
      { token: "xoxp-ops", teamId: "T0ACMEOPS01" },
    ],
  };
  const list = (eng: string, ops: string) =>
    `slack: [{ name: eng, token: ${eng}, ${URLS} }, { name: ops, token: ${ops}, ${URLS} }]`;

  test("each read their own streams, and of a stream that two see the first reads it and the other is told", async () => {
    const stage = createStage(TOKENS);
    stage.configure(list("xoxp-eng", "xoxp-ops"));
    await stage.runOnce();
    expect(stage.lines.filter((line) => line.startsWith("first_run")).toSorted()).toEqual([
      "first_run eng access_logs/T0ACMEENG01",
      "first_run eng app_activities/E0ACME00001",
      "first_run eng audit_logs/E0ACME00001",
      "first_run eng integration_logs/T0ACMEENG01",
      "first_run ops access_logs/T0ACMEOPS01",
      "first_run ops integration_logs/T0ACMEOPS01",
    ]);
    expect(stage.lines.filter((line) => line.startsWith("stream_taken"))).toEqual([
      "stream_taken ops app_activities/E0ACME00001",
      "stream_taken ops audit_logs/E0ACME00001",
    ]);
    expect(stage.count("started")).toBe(1);
    // What each has cost is there for whoever counts.
    for (const [name, { quota }] of stage.connections) {
      const calls = quota.methods().map(({ method, calls }) => [method, calls > 0]);
      expect(calls).toContainEqual(["auth.test", true]);
      expect(calls).toContainEqual(["team.accessLogs", true]);
      expect(["eng", "ops"]).toContain(name);
    }
    expect(stage.connections).toHaveLength(2);
  });

  test("are not stopped by a token that is dead, which `--once` ends with 1 for", async () => {
    const stage = createStage(TOKENS);
    stage.configure(list("xoxp-dead", "xoxp-ops"));
    expect(await stage.runOnce()).toBe(1);
    expect(stage.lines).toContain("token_refused eng");
    expect(stage.lines.filter((line) => line.startsWith("first_run ops"))).toHaveLength(4);
    expect(stage.accepted.length).toBeGreaterThan(0);
  });

  test("go on while one is revoked, and the stream it kept is still its own when it is mended", async () => {
    const stage = createStage(TOKENS);
    stage.write("eng", "xoxp-eng");
    stage.configure(list(`"\${file:${stage.folder}/eng}"`, "xoxp-ops"));
    await stage.follow(/connected/, [
      [60_000, () => stage.slack.tokens.revoke("xoxp-eng")],
      [
        600_000,
        () => {
          stage.slack.tokens.add({ token: "xoxp-eng-2", teamId: "T0ACMEENG01" });
          stage.write("eng", "xoxp-eng-2");
        },
      ],
      [720_000, () => undefined],
    ]);
    const halted = stage.lines.filter((line) => line.startsWith("stream_halted"));
    expect(halted.length).toBeGreaterThan(0);
    expect(halted.filter((line) => !line.startsWith("stream_halted eng"))).toEqual([]);
    expect(stage.lines).toContain("stream_resumed eng access_logs/T0ACMEENG01");
  });
});

describe("tokens in files", () => {
  async function follow(steps: (stage: ReturnType<typeof createStage>) => readonly [number, () => void][]) {
    const stage = createStage({
      tokens: [
        { token: "xoxp-eng", teamId: "T0ACMEENG01" },
        { token: "xoxp-ops", teamId: "T0ACMEOPS01" },
      ],
    });
    mkdirSync(join(stage.folder, "tokens"));
    stage.configure(`slack: { token_files: "${stage.folder}/tokens/*", ${URLS} }`);
    await stage.follow(/no_token_files|connected/, steps(stage));
    return stage;
  }

  test("become a connection each, named after the file, as they come and go", async () => {
    const stage = await follow((stage) => [
      [1_000, () => stage.write("tokens/eng", "xoxp-eng\n")],
      [30_000, () => stage.write("tokens/ops", "xoxp-ops")],
      [60_000, () => rmSync(join(stage.folder, "tokens/eng"))],
    ]);
    expect(stage.lines.filter((line) => /connection_|no_token|first_run .* access/.test(line))).toEqual([
      "no_token_files",
      "connection_added eng",
      "first_run eng access_logs/T0ACMEENG01",
      "connection_added ops",
      "first_run ops access_logs/T0ACMEOPS01",
      "connection_removed eng",
    ]);
    // What the first had kept of the organisation's logs is the other's now.
    const asked = stage.slack.calls.filter(({ method }) => method === "admin.apps.activities.list");
    expect(asked.filter(({ atMs }) => atMs > stage.clock.now() - 25_000).length).toBeGreaterThan(0);
    expect(stage.count("started")).toBe(1);
  });

  test("of which one holds no token are told of by path, and hold up no other", async () => {
    const stage = await follow((stage) => [
      [
        1_000,
        () => [
          stage.write("tokens/eng", ""),
          stage.write("tokens/.hidden", "x"),
          stage.write("tokens/ops", "xoxp-ops"),
        ],
      ],
      [40_000, () => stage.write("tokens/eng", "xoxp-eng")],
    ]);
    expect(stage.count("token_file_unreadable")).toBe(1);
    expect(stage.lines.filter((line) => line.startsWith("connection_added"))).toEqual([
      "connection_added ops",
      "connection_added eng",
    ]);
  });

  test("are read again when a link is swapped under them, as Kubernetes replaces a secret", async () => {
    const stage = await follow(({ folder, slack }) => {
      const volume = join(folder, "tokens");
      const put = (version: string, token: string) => {
        mkdirSync(join(volume, version));
        writeFileSync(join(volume, version, "eng"), token);
        symlinkSync(version, join(volume, "..data_tmp"));
        renameSync(join(volume, "..data_tmp"), join(volume, "..data"));
      };
      put("..v1", "xoxp-eng");
      symlinkSync("..data/eng", join(volume, "eng"));
      return [
        [
          60_000,
          () => {
            slack.tokens.replace("xoxp-eng", "xoxp-eng-2");
            put("..v2", "xoxp-eng-2");
          },
        ],
        [120_000, () => undefined],
      ];
    });
    expect(stage.count("connection_removed") + stage.count("stream_halted") + stage.count("token_refused")).toBe(0);
    expect(stage.slack.calls.filter(({ atMs }) => atMs > stage.clock.now() - 50_000).length).toBeGreaterThan(0);
  });
});

describe("the workspaces of an organisation (R16)", () => {
  test("are looked for again while it runs: new ones are read, those that are gone are not, and one that refuses stops no other", async () => {
    const stage = createStage();
    const { clock, slack } = stage;
    let removedAt = Number.NaN;
    await stage.follow(/connected/, [
      [
        60_000,
        () => {
          slack.tenant.addWorkspace({ id: "T0ACMENEW01" });
          slack.tenant.addWorkspace({ id: "T0ACMENEW02", ownerIsMember: false });
          slack.tenant.removeWorkspace("T0ACMEOPS01");
        },
      ],
      [700_000, () => void (removedAt = clock.now())],
      [1_900_000, () => undefined],
    ]);
    expect(stage.lines).toContain("workspaces_added T0ACMENEW01 T0ACMENEW02");
    expect(stage.lines).toContain("workspaces_gone T0ACMEOPS01");
    const asked = (team: string) =>
      slack.calls.filter(
        ({ method, workspace, atMs }) => method === "team.integrationLogs" && workspace === team && atMs > removedAt,
      );
    expect(asked("T0ACMENEW01").length).toBeGreaterThanOrEqual(3);
    expect(asked("T0ACMEENG01").length).toBeGreaterThanOrEqual(3);
    expect(asked("T0ACMEOPS01")).toEqual([]);
    const ofRefusing = stage.lines.filter(
      (line) => /^(?:stream|source|coverage)_/.test(line) && line.includes("T0ACMENEW02"),
    );
    expect(ofRefusing).toEqual([
      "stream_halted integration_logs/T0ACMENEW02",
      "coverage_hole integration_logs/T0ACMENEW02",
    ]);
  });

  test("that are listed in the configuration are those that are read, without a call to find them", async () => {
    const stage = createStage();
    stage.configure(`slack: { token: "\${file:${stage.folder}/token}", workspaces: [T0ACMEOPS01], ${URLS} }`);
    expect(await stage.runOnce()).toBe(0);
    const methods = new Set<string>(stage.slack.calls.map(({ method }) => method));
    expect(methods).not.toContain("auth.teams.list");
    expect(stage.lines.filter((line) => line.startsWith("first_run integration"))).toEqual([
      "first_run integration_logs/T0ACMEOPS01",
    ]);
  });
});

test("polls for which there is not quota enough are told of with the run's first calls", async () => {
  const stage = createStage();
  stage.configure(`slack: { token: "\${file:${stage.folder}/token}", ${URLS} }
sources: { integration_logs: { interval: 2s }, audit_logs: {} }`);
  const quotas: string[] = [];
  const look = () => {
    for (const { method, stretch } of stage.connections[0]?.[1].quota.methods() ?? [])
      quotas.push(`${method} ${stretch}`);
  };
  await stage.follow(/started/, [[60_000, look]]);
  expect(stage.count("intervals_stretched")).toBe(1);
  // Two workspaces, each asked thirty times a minute, and 20 calls.
  expect(quotas).toContain("team.integrationLogs 3");
});

test("a log that a token could not read is looked at again within a minute once the token is another", async () => {
  const stage = createStage({ tokens: [{ token: DEFAULT_TOKEN, scopes: ["admin"] }] });
  const { slack } = stage;
  await stage.follow(/connected/, [
    [
      300_000,
      () => {
        slack.tokens.add({ token: "xoxp-more" });
        stage.write("token", "xoxp-more");
      },
    ],
    // It ends half a minute later.
    [331_000, () => undefined],
  ]);
  expect(stage.lines.filter((line) => line.startsWith("stream_resumed")).toSorted()).toEqual([
    "stream_resumed app_activities/E0ACME00001",
    "stream_resumed audit_logs/E0ACME00001",
  ]);
});

test("tokens that rotate are renewed in time for days, and nothing stops", async () => {
  const rotation = { clientId: "id", clientSecret: "sesame", refreshToken: "xoxe-1-first" };
  const stage = createStage({ rotation });
  const key = Buffer.alloc(32, 5).toString("base64");
  stage.configure(
    `slack: { rotation: { client_id: id, client_secret: sesame, refresh_token: xoxe-1-first, encryption_key: "${key}" }, ${URLS} }
sources: { audit_logs: { interval: 30m } }`,
  );
  await stage.follow(/connected/, [[3 * 86_400_000, () => undefined]]);
  expect(stage.count("token_refreshed")).toBe(8);
  expect(stage.count("stream_halted") + stage.count("token_refused") + stage.count("slack_retry")).toBe(0);
  const polls = stage.slack.calls.filter(({ method }) => method === "audit.logs");
  expect(polls.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  expect(polls.length).toBeGreaterThan(140);
});

test("a token that Slack takes for expired early is renewed within the call, and no stream halts", async () => {
  const rotation = { clientId: "id", clientSecret: "sesame", refreshToken: "xoxe-1-first" };
  const stage = createStage({ rotation });
  const key = Buffer.alloc(32, 5).toString("hex");
  stage.configure(
    `slack: { rotation: { client_id: id, client_secret: sesame, refresh_token: xoxe-1-first, encryption_key: "${key}" }, ${URLS} }`,
  );
  await stage.follow(/started/, [
    [600_000, () => stage.slack.tokens.expire("xoxe.xoxp-1-simulated-1")],
    [900_000, () => undefined],
  ]);
  expect(stage.count("token_refreshed")).toBe(2);
  expect(stage.count("stream_halted") + stage.count("token_refused")).toBe(0);
  const expired = stage.slack.calls.filter(({ outcome }) => outcome === "token_expired");
  expect(expired.length).toBeGreaterThan(0);
  expect(stage.slack.calls.filter(({ atMs }) => atMs > stage.clock.now() - 60_000).length).toBeGreaterThan(0);
});
