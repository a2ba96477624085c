import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { expect, test } from "vitest";
import { inflateRequest } from "../support/otlp-decoder.ts";
import { createReceiver, type ReceiverOptions } from "../support/receiver.ts";
import { asked, createScene, FAST, shownBy, type Scene } from "./scene.ts";

const SLACK_TOKEN = "xoxp-4711-CANARY-slack0815";
const OTLP_KEY = "Bearer CANARY-otlp/4711+cd==";

/** The secret in every form that something on its way may give it. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // In the middle of other bytes it has three forms, of which the ends depend on the neighbours.
  const aligned = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    return text.slice(4, -4);
  });
  return [
    secret,
    secret.replace(/^(Bearer |xoxp-)/, ""),
    encodeURIComponent(secret),
    bytes.toString("hex"),
    ...aligned,
    ...aligned.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ];
}

/** What the destination says where it is in trouble. */
const ECHO = `your key is ${OTLP_KEY}`;

/** Slack and a destination that know the secrets; the destination is down first, and echoes the key in what it says. */
function secretive(script: NonNullable<ReceiverOptions["script"]>) {
  return {
    slack: { tokens: [{ token: SLACK_TOKEN }] },
    receiver: {
      credentials: { name: "authorization", value: OTLP_KEY },
      script: [{ kind: "status", status: 503, message: ECHO, retryAfter: "0" } as const, ...script],
    },
  };
}

async function filesOf({ folder }: Scene): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, "latin1")] as const)));
}

test("no secret shows in what it says at any level, in the state or in dead letters, whatever the other side echoes", async () => {
  await using scene = await createScene({
    ...secretive([
      { kind: "partial", rejected: 1, message: ECHO },
      ...Array.from({ length: 12 }, () => ({ kind: "status", status: 400, message: ECHO }) as const),
    ]),
    history: { logins: 10, integrationChanges: 10, activities: 40, auditEntries: 40 },
  });
  const { slack } = scene;
  slack.setFaults([
    { method: "auth.test", nth: 1, fault: { kind: "error", error: SLACK_TOKEN } },
    { method: "team.accessLogs", nth: 1, fault: { kind: "html", status: 502 } },
    { method: "audit.logs", nth: 1, fault: { kind: "body", status: 500, body: `<p>${SLACK_TOKEN}</p>` } },
    {
      method: "team.integrationLogs",
      nth: 1,
      fault: { kind: "redirect", location: `https://other.example/?t=${SLACK_TOKEN}` },
    },
  ]);
  const settings = {
    destination: { otlp: { endpoint: scene.receiver.url, headers: { authorization: "${env:OTLP_KEY}" } } },
  };
  const changes = { settings, env: { SLACK_TOKEN, OTLP_KEY, OTEL_LOG_LEVEL: "debug" } };
  const first = await scene.once([], changes);
  // One workspace's integration logs were redirected.
  expect(first.code).toBe(1);
  const second = await scene.once([], { ...changes, env: { ...changes.env, OTLP_KEY: `${OTLP_KEY}x` } });
  slack.tokens.revoke(SLACK_TOKEN);
  const third = await scene.once([], changes);
  expect(third.code).toBe(1);

  const said = [first, second, third].map(({ stdout, stderr }) => stdout + stderr);
  expect(said.join("")).toContain("slack_retry");
  const files = await filesOf(scene);
  const names = [...files.keys()].join(" ");
  expect(names).toContain("state.db");
  expect(names).toContain("dead-letters");
  expect(shownBy(slack).length).toBeGreaterThan(50);
  for (const form of [...formsOf(SLACK_TOKEN), ...formsOf(OTLP_KEY)]) {
    for (const text of said) expect(text).not.toContain(form);
    for (const [file, text] of files) expect(text.includes(form), `${file} holds ${form}`).toBe(false);
  }
}, 60_000);

test("no secret shows in metrics, in what it says of its health or in its own log by OTLP", async () => {
  await using scene = await createScene(
    secretive([
      { kind: "status", status: 400, message: ECHO },
      ...Array.from({ length: 40 }, () => ({ kind: "status", status: 401, message: ECHO }) as const),
    ]),
  );
  await using own = await createReceiver();
  scene.slack.setFaults([
    { method: "auth.test", nth: 1, fault: { kind: "error", error: SLACK_TOKEN } },
    { method: "audit.logs", nth: 1, fault: { kind: "error", error: `not_${SLACK_TOKEN}`, status: 403 } },
    { method: "team.accessLogs", nth: 1, fault: { kind: "body", status: 500, body: SLACK_TOKEN } },
  ]);
  const headers = { authorization: "${env:OTLP_KEY}" };
  const otlp = { endpoint: own.url, headers };
  const settings = {
    sources: FAST,
    destination: { otlp: { endpoint: scene.receiver.url, headers } },
    telemetry: { address: "127.0.0.1:0", logs: "otlp", metrics: "otlp", otlp },
  };
  const env = { SLACK_TOKEN, OTLP_KEY, OTEL_LOG_LEVEL: "debug" };
  await using running = await scene.start([], { settings, env });
  await running.until("destination_refuses");
  const { url } = await running.until("telemetry_served");
  const pages = await Promise.all(
    ["/metrics", "/readyz", "/livez"].map(async (path) => (await request(`${String(url)}${path}`)).body.text()),
  );
  expect(pages[0]).toContain('slack_otel_credentials_failing{slack_otel_side="destination"} 1');
  running.signal("SIGTERM");
  await running.ended;
  const sent = own.requests.map(
    ({
      received: {
        headers: { "content-encoding": encoding },
        body,
      },
    }) => Buffer.from(inflateRequest(encoding, body)).toString("latin1"),
  );
  expect(sent.join("")).toContain("slack_retry");
  expect(sent.join("")).toContain("slack_otel.slack.calls");
  for (const form of [...formsOf(SLACK_TOKEN), ...formsOf(OTLP_KEY)])
    for (const text of [...pages, ...sent]) expect(text.includes(form), `${form} in ${text.slice(0, 200)}`).toBe(false);
});

test.skipIf(process.platform !== "linux")("no secret shows in the list of processes", async () => {
  await using scene = await createScene({
    slack: { tokens: [{ token: SLACK_TOKEN }] },
    receiver: { credentials: { name: "authorization", value: OTLP_KEY }, script: [{ kind: "hang" }] },
  });
  const settings = {
    destination: { otlp: { endpoint: scene.receiver.url, headers: { authorization: "${env:OTLP_KEY}" } } },
  };
  await using command = await scene.start([], { settings, env: { SLACK_TOKEN, OTLP_KEY } });
  await asked(scene);
  const listed = await Promise.all(
    ["cmdline", "comm", "status"].map((name) => readFile(`/proc/${command.pid}/${name}`, "latin1")),
  );
  expect(listed[0]).toContain("run");
  for (const form of [...formsOf(SLACK_TOKEN), ...formsOf(OTLP_KEY)])
    for (const text of listed) expect(text).not.toContain(form);
});
