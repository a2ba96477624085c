import { spawnSync } from "node:child_process";
import { request } from "undici";
import { expect, test } from "vitest";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { createReceiver } from "../support/receiver.ts";
import type { Command } from "../support/command.ts";
import { arrived, createScene, FAST } from "./scene.ts";

const SERVED = { sources: FAST, telemetry: { address: "127.0.0.1:0" } };
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

async function get(command: Command, path: string) {
  const { url } = await command.until("telemetry_served");
  const { statusCode, body } = await request(`${String(url)}${path}`);
  return { status: statusCode, text: await body.text() };
}

test("health and metrics tell of what has been done, in words that hold no secret", async (context) => {
  await using scene = await createScene();
  await using running = await scene.start([], { settings: SERVED });
  await arrived(scene, 1);
  expect(await get(running, "/livez")).toEqual({ status: 200, text: '{"live":true}\n' });
  expect(await get(running, "/readyz")).toEqual({ status: 200, text: '{"ready":true,"reasons":[]}\n' });
  const { status, text } = await get(running, "/metrics");
  expect(status).toBe(200);
  expect(text).not.toContain(DEFAULT_TOKEN);
  const delivered = [
    ...text.matchAll(/^slack_otel_records_delivered_total\{slack_stream="[a-z_]+\/[A-Z0-9]+"\} (\d+)$/gm),
  ];
  expect(delivered.length).toBe(5);
  expect(delivered.reduce((sum, [, value]) => sum + Number(value), 0)).toBe(scene.receiver.accepted.length);
  const calls = [...text.matchAll(/^slack_otel_slack_calls_total\{slack_method="([a-zA-Z.]+)"\} [1-9]/gm)];
  expect(calls.map(([, method]) => method)).toEqual(expect.arrayContaining(["auth.test", "audit.logs"]));
  expect(text).toMatch(/^slack_otel_state_size [1-9]\d+$/m);
  expect(text).toMatch(/^slack_otel_export_duration_count\{slack_otel_outcome="accepted"\} [1-9]/m);
  running.signal("SIGTERM");
  expect(await running.ended).toMatchObject({ code: 0 });
  context.skip(!hasPromtool, "promtool is not there (Debian: apt-get install prometheus)");
  const checked = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  expect(checked.stderr.split("\n").filter((line) => /error/i.test(line))).toEqual([]);
});

test("a token that Slack refuses is a reason not to be ready, until it is mended", async () => {
  await using scene = await createScene();
  scene.slack.tokens.revoke(DEFAULT_TOKEN);
  await using running = await scene.start([], { settings: SERVED });
  await running.until("token_refused");
  const { status, text } = await get(running, "/readyz");
  expect(status).toBe(503);
  expect(JSON.parse(text)).toEqual({
    ready: false,
    reasons: [{ reason: "token_revoked", message: expect.stringContaining("create a new token") }],
  });
  expect((await get(running, "/metrics")).text).toContain(
    'slack_otel_credentials_failing{slack_otel_side="slack"} 1\n',
  );
  expect((await get(running, "/livez")).status).toBe(200);
});

test("a destination that refuses the key is a reason with its remedy", async () => {
  await using scene = await createScene({ receiver: { credentials: { name: "x-key", value: "good" } } });
  await using running = await scene.start([], { settings: SERVED });
  await running.until("destination_refuses");
  const { status, text } = await get(running, "/readyz");
  expect(status).toBe(503);
  expect(JSON.parse(text)).toMatchObject({
    reasons: expect.arrayContaining([
      expect.objectContaining({
        reason: "credentials",
        message: expect.stringContaining("Mend the destination's secret"),
      }),
    ]),
  });
});

test("an address that is taken is wrong configuration", async () => {
  await using scene = await createScene();
  const address = new URL(scene.receiver.url).host;
  const ended = await scene.once([], { settings: { telemetry: { address } } });
  expect(ended.code).toBe(2);
  expect(ended.log.at(-1)?.["message"]).toMatch(
    /^telemetry\.address: 127\.0\.0\.1:\d+ cannot be listened on \(EADDRINUSE\)/,
  );
});

test("its own log goes by OTLP too, the last line included, and beside Slack's entries", async () => {
  await using scene = await createScene();
  const own = await createReceiver();
  const telemetry = { logs: "otlp", otlp: { endpoint: own.url } };
  const ended = await scene.once([], { settings: { telemetry } });
  await own.close();
  expect(ended.code).toBe(0);
  expect(own.accepted.map(({ eventName }) => eventName)).toEqual(ended.log.map(({ event }) => `slack_otel.${event}`));
  expect(own.accepted.at(-1)?.resource.get("service.name")).toBe("slack-otel");
  expect(scene.receiver.accepted.filter(({ eventName }) => eventName.startsWith("slack_otel."))).toEqual([]);
});

test("a receiver of its own log that is down holds nothing up", async () => {
  await using scene = await createScene();
  const telemetry = { logs: "otlp", metrics: "otlp", otlp: { endpoint: "http://127.0.0.1:9" } };
  expect(await scene.once([], { settings: { telemetry } })).toMatchObject({ code: 0 });
});
