import { expect, test, vi } from "vitest";
import { SOURCE_NAMES } from "../../src/model.ts";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { createScene, shownBy, textsOf } from "./scene.ts";

// Several processes one after the other, beside other tests that start theirs.
vi.setConfig({ testTimeout: 120_000 });

/** What hangs would take 30 s, and a destination that is down for ever: that a deadline is kept shows on any machine. */
const LATEST_MS = 10_000;

/** A deadline that leaves a run time to begin with on this machine, however busy it is: four times what a whole one takes. */
async function roomyDeadlineMs(): Promise<number> {
  await using scene = await createScene();
  const begun = performance.now();
  await scene.once();
  return Math.max(3_500, Math.ceil(4 * (performance.now() - begun)));
}

test.concurrent("a first run delivers every entry of all four sources once, and a second one nothing", async () => {
  await using scene = await createScene();
  const first = await scene.once();
  expect(first).toMatchObject({ code: 0, stdout: "" });
  const shown = shownBy(scene.slack);
  expect(shown.length).toBeGreaterThan(300);
  expect(new Set(shown.map((text) => text.split("/")[0]))).toEqual(new Set(SOURCE_NAMES));
  expect(textsOf(scene.receiver.accepted)).toEqual(shown);
  expect(new Set(scene.receiver.uids()).size).toBe(shown.length);

  const requests = scene.receiver.requests.length;
  const second = await scene.once();
  expect(second).toMatchObject({ code: 0, stdout: "" });
  expect(scene.receiver.requests.length).toBe(requests);
  expect(second.log.map(({ event }) => event)).toEqual(["connected", "started", "stopped"]);
});

test.concurrent("[P17] --deadline ends a run in good time when the destination is down, tells how far behind it is, and loses nothing", async () => {
  const deadlineMs = await roomyDeadlineMs();
  await using scene = await createScene();
  const down = { settings: { destination: { otlp: { endpoint: "http://127.0.0.1:9" } } } };
  const begun = performance.now();
  const first = await scene.once(["--deadline", `${deadlineMs}ms`], down);
  expect(performance.now() - begun).toBeLessThan(deadlineMs + LATEST_MS);
  expect(first).toMatchObject({ code: 0, stdout: "" });
  const streams = first.log.filter(({ event }) => event === "first_run").map(({ stream }) => stream);
  expect(streams).toHaveLength(5);
  const behind = first.log.filter(({ event }) => event === "behind");
  expect(new Set(behind.map(({ stream }) => stream))).toEqual(new Set(streams));
  expect(behind).toHaveLength(5);
  for (const { level, message } of behind) {
    expect(level).toBe("warn");
    expect(message).toMatch(/the next run goes on from here/);
  }

  expect(await scene.once(["--deadline", "1h"])).toMatchObject({ code: 0 });
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
  expect(new Set(scene.receiver.uids()).size).toBe(scene.receiver.accepted.length);

  // Slack itself is down: how far the runs before came is known all the same.
  scene.slack.setFaults(() => ({ kind: "reset" }));
  const second = await scene.once(["--deadline", `${deadlineMs}ms`]);
  expect(second.code).toBe(0);
  expect(second.log.filter(({ event }) => event === "nothing_read")).toHaveLength(1);
  const late = second.log.filter(({ event }) => event === "behind");
  expect(new Set(late.map(({ stream }) => stream))).toEqual(new Set(streams));
  expect(late).toHaveLength(5);
  const sinceSeconds = (performance.now() - begun) / 1_000;
  for (const { behind_seconds } of late) expect(behind_seconds).toBeLessThan(sinceSeconds + 1);
});

test.concurrent("a destination that hangs is given up before the deadline", async () => {
  const deadlineMs = await roomyDeadlineMs();
  await using scene = await createScene({ receiver: { respond: () => ({ kind: "hang" }) } });
  const begun = performance.now();
  const ended = await scene.once(["--deadline", `${deadlineMs}ms`]);
  expect(performance.now() - begun).toBeLessThan(deadlineMs + LATEST_MS);
  expect(ended.code).toBe(0);
  expect(ended.log.filter(({ event }) => event === "behind")).toHaveLength(5);
});

test.concurrent("[D10] a key that the destination refuses ends run --once with 1 and the remedy, and the next run with a good key loses nothing", async () => {
  await using scene = await createScene({ receiver: { credentials: { name: "x-api-key", value: "good" } } });
  const withKey = (key: string) => ({
    env: { KEY: key },
    settings: { destination: { otlp: { endpoint: scene.receiver.url, headers: { "x-api-key": "${env:KEY}" } } } },
  });
  const refused = await scene.once([], withKey("bad"));
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  const told = refused.log.filter(({ event }) => event === "destination_refuses");
  expect(told).toHaveLength(5);
  expect(told[0]).toMatchObject({ level: "error", fault: "credentials", status: 401 });
  expect(told[0]?.["message"]).toMatch(/Mend the destination's secret/);
  expect(scene.receiver.accepted).toEqual([]);

  expect((await scene.once([], withKey("good"))).code).toBe(0);
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
});

test.concurrent("a token that Slack has revoked ends run --once with 1 and the remedy", async () => {
  await using scene = await createScene();
  scene.slack.tokens.revoke(DEFAULT_TOKEN);
  const ended = await scene.once();
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.log.find(({ level }) => level === "error")).toMatchObject({
    event: "token_refused",
    error: "token_revoked",
  });
  expect(ended.log.find(({ level }) => level === "error")?.["message"]).toMatch(/create a new token/);
  expect(scene.receiver.requests).toEqual([]);
});

test.concurrent("a source whose scope is missing is named with the remedy: left out where nobody asked for it, an error where it is listed", async () => {
  const scopes = ["admin", "auditlogs:read"];
  await using scene = await createScene({ slack: { tokens: [{ token: DEFAULT_TOKEN, scopes }] } });
  const leftOut = await scene.once();
  expect(leftOut.code).toBe(0);
  const named = leftOut.log.filter(({ event }) => event === "source_not_available");
  expect(named).toMatchObject([{ level: "warn", stream: "app_activities/E0ACME00001", error: "missing_scope" }]);
  expect(named[0]?.["message"]).toMatch(/scope/);
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
  expect(scene.receiver.accepted.length).toBeGreaterThan(190);

  const listed = await scene.once([], { settings: { sources: { app_activities: {}, audit_logs: {} } } });
  expect(listed.code).toBe(1);
  expect(listed.log.filter(({ level }) => level === "error")).toMatchObject([
    { event: "stream_halted", error: "missing_scope" },
  ]);
});

test.concurrent("a token that can read nothing at all ends with 1", async () => {
  await using scene = await createScene({ slack: { tokens: [{ token: DEFAULT_TOKEN, scopes: [] }] } });
  const ended = await scene.once();
  expect(ended.code).toBe(1);
  expect(ended.log.filter(({ level }) => level === "error")).toMatchObject([{ event: "nothing_to_read" }]);
});
