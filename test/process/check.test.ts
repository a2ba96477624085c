import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Finding } from "../../src/check/finding.ts";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { toPlain, uidOf } from "../support/otlp-decoder.ts";
import { runCommand, startCommand, type CommandOptions } from "../support/command.ts";
import { arrived, createScene, FAST, type Scene, type Settings } from "./scene.ts";

interface Report {
  readonly exit_code: number;
  readonly findings: readonly Finding[];
}

async function checked(
  scene: Scene,
  { flags = [], settings, ...rest }: CommandOptions & { flags?: readonly string[]; settings?: Settings } = {},
) {
  const prepared = await scene.prepare([], settings === undefined ? rest : { settings, ...rest });
  const args = ["check", ...prepared.args.slice(1), "--json", ...flags];
  const ended = await runCommand(args, prepared.options);
  const report = JSON.parse(ended.stdout === "" ? "{}" : ended.stdout) as Report;
  return { ...ended, report, found: (id: Finding["id"]) => report.findings.filter((finding) => finding.id === id) };
}

const levels = (findings: readonly Finding[]) =>
  findings.filter(({ level }) => level !== "ok").map(({ id, level, subject }) => `${level} ${id} ${subject}`);

test("before the first run it says that it would work, moves nothing and makes nothing", async () => {
  await using scene = await createScene();
  const { code, stderr, report, found } = await checked(scene);
  expect({ code, stderr, worse: levels(report.findings) }).toEqual({ code: 0, stderr: "", worse: [] });
  expect(report.exit_code).toBe(0);
  expect(found("token")[0]?.what).toBe(
    "The user token of olivia.owner (W0OWNER0001), on the organisation Acme (E0ACME00001). Scopes: admin, admin.app_activities:read, auditlogs:read, admin.teams:read.",
  );
  expect(found("token")[0]?.remedy).toContain("The token is a person's");
  expect(found("source").map(({ subject, what }) => `${subject}: ${what}`)).toEqual([
    "access_logs: Read. 1.0 calls a minute at least, of 20 that Slack allows.",
    "integration_logs: Read of 2 of 2 workspaces. 0.4 calls a minute at least, of 20 that Slack allows.",
    "app_activities: Read. 4.0 calls a minute at least, of 50 that Slack allows.",
    "audit_logs: Read. 1.0 calls a minute at least, of 50 that Slack allows.",
  ]);
  expect(found("state")[0]?.what).toMatch(/^There is none yet/);
  expect(scene.receiver.accepted).toEqual([]);
  expect(await readdir(scene.folder)).toEqual(["slack-otel.yaml"]);
  const asked = scene.slack.calls.filter(({ method }) => method.startsWith("team.") || method === "audit.logs");
  expect(asked.map(({ params }) => params["limit"] ?? params["count"])).toEqual(asked.map(() => "1"));
});

test("with --send a marked record arrives, and its receipt names it", async () => {
  await using scene = await createScene();
  const { code, found } = await checked(scene, { flags: ["--send"] });
  expect(code).toBe(0);
  const [record, ...more] = scene.receiver.accepted;
  expect(more).toEqual([]);
  expect(record?.eventName).toBe("slack.check");
  expect(toPlain(record?.body)).toMatchObject({ test: true });
  expect(found("test_record")[0]?.what).toContain(`log.record.uid ${record === undefined ? "" : uidOf(record)}`);
});

test("with the destination stdout the test record has standard output, and the report standard error", async () => {
  await using scene = await createScene();
  const prepared = await scene.prepare([], { settings: { destination: { stdout: {} } } });
  const ended = await runCommand(["check", ...prepared.args.slice(1), "--send", "--json"], prepared.options);
  expect(ended.code).toBe(0);
  expect(
    ended.stdout
      .trim()
      .split("\n")
      .map((line) => Object.keys(JSON.parse(line) as object)),
  ).toEqual([["resourceLogs"]]);
  expect(JSON.parse(ended.stderr)).toMatchObject({ exit_code: 0 });
});

test("while run runs it says so, leaves its state alone and does not get in its way", async () => {
  await using scene = await createScene({ settings: { sources: FAST } });
  await using running = await scene.start();
  await arrived(scene, 1);
  const { code, found } = await checked(scene);
  expect(found("state")[0]?.what).toBe("In use by a running instance: 5 streams.");
  expect(found("state_age")[0]?.level).toBe("ok");
  expect(code).toBe(0);
  running.signal("SIGTERM");
  expect(await running.ended).toMatchObject({ code: 0 });
});

test("a state at rest is looked at and stays as it is, byte for byte", async () => {
  await using scene = await createScene();
  expect(await scene.once()).toMatchObject({ code: 0 });
  const file = join(scene.folder, "state.db");
  const before = await readFile(file);
  const { found } = await checked(scene);
  expect(found("state")[0]?.what).toBe("Sound, and can be written: 5 streams.");
  expect(await readFile(file)).toEqual(before);
});

test("a state that is damaged is exit code 3", async () => {
  await using scene = await createScene();
  await scene.write("state.db", "no database");
  const { code, found } = await checked(scene);
  expect(code).toBe(3);
  expect(found("state")).toEqual([expect.objectContaining({ level: "fail" })]);
  expect(await scene.read("state.db")).toBe("no database");
});

test("errors in the configuration are findings with place and remedy, and exit code 2", async () => {
  await using scene = await createScene();
  const { code, report } = await checked(scene, { settings: { sources: { acces_logs: {} }, start: "soon" } });
  expect(code).toBe(2);
  expect(report.findings.map(({ id, level, subject }) => [id, level, subject.replace(/^.*yaml:\d+: /, "")])).toEqual([
    ["configuration", "fail", "sources.acces_logs"],
    ["configuration", "fail", "start"],
  ]);
  expect(report.findings[0]?.remedy).toMatch(/access_logs/);
});

test("a bot's token, a missing scope, a smaller plan: each is named with its remedy", async () => {
  await using scene = await createScene({
    slack: {
      clock: { now: Date.now },
      tenant: { organisation: null, plan: "free" },
      tokens: [
        { token: DEFAULT_TOKEN, scopes: ["admin"] },
        { token: "xoxb-bot", kind: "bot" },
      ],
    },
  });
  const free = await checked(scene, { settings: { sources: { access_logs: {}, audit_logs: {} } } });
  expect(free.code).toBe(1);
  expect(free.found("source").map(({ subject, level, what }) => `${level} ${subject}: ${what}`)).toEqual([
    "fail access_logs: Slack refuses it with paid_only. It needs the scope admin and the plan paid.",
    "fail audit_logs: Slack refuses it with missing_scope. The token lacks the scope auditlogs:read.",
  ]);
  const unlisted = await checked(scene);
  expect(levels(unlisted.report.findings)).toEqual([
    "warn source access_logs",
    "warn source app_activities",
    "warn source audit_logs",
  ]);
  expect(unlisted.code).toBe(0);
  const bot = await checked(scene, { env: { SLACK_TOKEN: "xoxb-bot" } });
  expect(bot.code).toBe(1);
  expect(bot.found("token")[0]).toMatchObject({ level: "fail", remedy: expect.stringContaining("user token") });
});

test("a token that is refused is told with its remedy, and the other end is looked at all the same", async () => {
  await using scene = await createScene();
  scene.slack.tokens.revoke(DEFAULT_TOKEN);
  const { code, found } = await checked(scene);
  expect(code).toBe(1);
  expect(found("token")[0]?.what).toMatch(/^Slack refuses auth\.test with token_revoked: create a new token/);
  expect(found("destination")[0]?.level).toBe("ok");
});

test("two clocks that differ are told apart, and so is a token that ends soon", async () => {
  await using scene = await createScene({
    slack: {
      clock: { now: Date.now },
      clockOffsetMs: 600_000,
      tokens: [{ token: DEFAULT_TOKEN, expiresAtMs: Date.now() + 5 * 3_600_000 }],
    },
  });
  const { found } = await checked(scene);
  expect(found("clock")[0]).toMatchObject({
    level: "warn",
    what: expect.stringMatching(/^(599|600) s behind Slack's\.$/),
  });
  expect(found("token_expiry")[0]?.what).toMatch(/^The token ends in 4\.8 hours\.$/);
});

test("a destination that refuses the key, one that is not there, and one that would drop what is old", async () => {
  await using scene = await createScene({ receiver: { credentials: { name: "x-key", value: "good" } } });
  const refused = await checked(scene);
  expect(refused.code).toBe(1);
  expect(refused.found("destination")[0]?.what).toMatch(/^It refuses the credentials: HTTP 401/);
  const gone = await checked(scene, { settings: { destination: { otlp: { endpoint: "http://127.0.0.1:9" } } } });
  expect(gone.found("destination")[0]?.what).toBe("No answer that counts: connection failed: ECONNREFUSED.");
});

test("dead letters that wait are counted, and what to do with them is told", async () => {
  await using scene = await createScene({ receiver: { poison: () => true } });
  await scene.once([], { settings: { sources: { audit_logs: {} }, start: "1h" } });
  const { found } = await checked(scene);
  const [letters] = found("dead_letters");
  expect(letters).toMatchObject({ level: "warn" });
  expect(letters?.remedy).toContain("slack-otel replay");
});

test("a screen for a person, and no token in it", async () => {
  await using scene = await createScene();
  const prepared = await scene.prepare([]);
  const { stdout, code } = await runCommand(["check", ...prepared.args.slice(1)], prepared.options);
  expect(code).toBe(0);
  expect(stdout.split("\n").length).toBeLessThan(30);
  expect(stdout.split("\n").filter((line) => line.length >= 100)).toEqual([]);
  expect(stdout).toContain("\nIt would work.\n");
  expect(stdout).not.toContain(DEFAULT_TOKEN);
});

test("SIGTERM ends it, and no answer is no yes", async () => {
  await using scene = await createScene({ slack: { clock: { now: Date.now }, faults: () => ({ kind: "silence" }) } });
  const prepared = await scene.prepare([]);
  await using command = startCommand(["check", ...prepared.args.slice(1)], prepared.options);
  await expect.poll(() => scene.slack.calls.length, { timeout: 10_000 }).toBeGreaterThan(0);
  command.signal("SIGTERM");
  const { code, stdout, log } = await command.ended;
  expect({ code, stdout, events: log.map(({ event }) => event) }).toEqual({ code: 1, stdout: "", events: ["stopped"] });
});
