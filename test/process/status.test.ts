import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { runCommand } from "../support/command.ts";
import { createScene, FAST, type Scene } from "./scene.ts";

// Each test runs several commands.
vi.setConfig({ testTimeout: 60_000 });

const TEAM = "T0ACMEENG01";

/** `status` as somebody asks who has neither token nor destination, only the configuration file. */
async function status(scene: Scene, ...args: readonly string[]) {
  const { args: prepared } = await scene.prepare([]);
  const file = prepared[prepared.indexOf("--config") + 1] as string;
  return runCommand(["status", "--config", file, ...args], { folder: scene.folder, env: {} });
}

interface Stream {
  readonly stream: string;
  readonly reached: string | null;
  readonly age_seconds: number;
  readonly records: { readonly delivered: number; readonly last_hour: number; readonly dead_lettered: number };
  readonly last_error: { readonly error: string; readonly side: string; readonly over: string | null } | null;
  readonly next_turn: string;
  readonly covered: readonly { readonly from: string | null; readonly to: string }[];
  readonly holes: readonly {
    readonly from: string | null;
    readonly to: string | null;
    readonly reason: string;
    readonly records: number | null;
  }[];
  readonly verdict?: { readonly kind: string; readonly holes: readonly { readonly reason: string }[] };
}

async function streams(scene: Scene, ...args: readonly string[]): Promise<readonly Stream[]> {
  const ended = await status(scene, "--json", ...args);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return (JSON.parse(ended.stdout) as { streams: Stream[] }).streams;
}

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const HOUR_MS = 3_600_000;

test("status answers from the state alone, beside a running run, without token or destination", async () => {
  await using scene = await createScene({ settings: { sources: FAST } });
  await using command = await scene.start();
  await command.until("delivered");
  await expect
    .poll(async () => (await streams(scene)).filter(({ reached }) => reached !== null).length, { timeout: 45_000 })
    .toBe(5);
  const calls = scene.slack.calls.length;
  const found = await streams(scene, "--from", ago(3 * HOUR_MS), "--to", ago(2.5 * HOUR_MS));
  expect(found.map(({ stream }) => stream.slice(0, stream.indexOf("/")))).toEqual([
    "access_logs",
    "integration_logs",
    "integration_logs",
    "app_activities",
    "audit_logs",
  ]);
  for (const stream of found) {
    expect(stream.age_seconds).toBeLessThan(60);
    expect(stream.covered).toHaveLength(1);
    expect(stream.holes).toMatchObject([{ from: null, reason: "start" }]);
    expect(stream.verdict).toMatchObject({ kind: "complete", holes: [] });
    expect(stream.last_error).toBeNull();
  }
  expect(found.find(({ stream }) => stream === "audit_logs/E0ACME00001")?.records).toEqual({
    delivered: 150,
    last_hour: 150,
    dead_lettered: 0,
  });
  const older = await streams(scene, "--from", "30d", "--to", "25d");
  expect(new Set(older.map(({ verdict }) => verdict?.kind))).toEqual(new Set(["incomplete"]));
  expect(scene.slack.calls.length).toBeGreaterThanOrEqual(calls);
  command.signal("SIGTERM");
  expect((await command.ended).code).toBe(0);
});

test("what the destination refused and what Slack refuses are holes, reported once, and seen by status", async () => {
  const settings = { sources: { app_activities: {}, audit_logs: {} } };
  const seen = new Set<string>();
  let poison: string | undefined;
  await using scene = await createScene({
    settings,
    slack: { tokens: [{ token: DEFAULT_TOKEN, teamId: TEAM }] },
    receiver: {
      poison(uid) {
        // One from the middle of the activities.
        if (seen.add(uid).size === 50) poison ??= uid;
        return uid === poison;
      },
    },
  });
  for (let run = 0; run < 2; run++) expect((await scene.once()).code).toBe(1);
  const told = scene.receiver.accepted.filter(({ eventName }) => eventName === "slack.coverage.hole");
  const reasons = told.map(({ attributes }) => [
    attributes.get("slack.stream"),
    attributes.get("slack.coverage.reason"),
  ]);
  expect(Object.fromEntries(reasons)).toEqual({
    "app_activities/E0ACME00001": "dead_letters",
    "audit_logs/E0ACME00001": "not_permitted",
  });
  expect(reasons).toHaveLength(2);
  for (const { severityNumber, body } of told) {
    expect(severityNumber).toBe(13);
    expect(body).toMatch(/^\w+\/E0ACME00001: /);
  }
  const [activities, audit] = await streams(scene);
  expect(activities?.holes).toMatchObject([{ reason: "start" }, { reason: "dead_letters", records: 1 }]);
  expect(audit?.holes).toMatchObject([{ reason: "start" }, { reason: "not_permitted", to: null }]);
  expect(audit?.last_error).toMatchObject({ side: "slack", over: null });

  const { args, options } = await scene.prepare([]);
  const checked = await runCommand(["check", "--json", ...args.slice(1, 3)], options);
  const { findings } = JSON.parse(checked.stdout) as { findings: { id: string; level: string; subject: string }[] };
  expect(findings.filter(({ id }) => id === "state_holes")).toMatchObject([
    { level: "warn", subject: "app_activities/E0ACME00001" },
    { level: "warn", subject: "audit_logs/E0ACME00001" },
  ]);
});

test("status draws a timeline for a person, of the width of the terminal, without colours off one", async () => {
  await using scene = await createScene();
  expect((await scene.once()).code).toBe(0);
  const { stdout, code } = await status(scene);
  expect(code).toBe(0);
  expect(stdout).toMatch(/audit_logs\/E0ACME00001\n +complete to +\d{4}-\d\d-\d\dT[\d:]+Z, \d+ s ago/);
  expect(stdout).toMatch(/coverage +█{50,}/);
  expect(stdout).not.toContain("\u001B");
  for (const line of stdout.split("\n").filter((text) => text.includes("█"))) expect(line.length).toBeLessThan(120);
});

test("where there is no state yet, status says so and makes none", async () => {
  await using scene = await createScene();
  const ended = await status(scene);
  expect(ended.code).toBe(0);
  expect(ended.stdout).toContain("There is no state there");
  await expect(stat(join(scene.folder, "state.db"))).rejects.toThrow("ENOENT");
  expect(JSON.parse((await status(scene, "--json")).stdout)).toMatchObject({ state: { exists: false }, streams: [] });
});

test("a state that is damaged is exit code 3, a broken configuration 2", async () => {
  await using scene = await createScene({ settings: { sources: { audit_logs: {} } } });
  expect((await scene.once()).code).toBe(0);
  const path = join(scene.folder, "state.db");
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, bytes.length - 4096));
  expect((await status(scene)).code).toBe(3);
  const { args } = await scene.prepare([], { settings: { sources: { audit_log: {} } } });
  const broken = await runCommand(["status", ...args.slice(1, 3)], { folder: scene.folder, env: {} });
  expect(broken.code).toBe(2);
  expect(broken.stderr).toContain("audit_logs");
});

test.each([
  [["--to", "1h"], "--to goes with --from"],
  [["--from", "yesterday"], "--from is no time"],
  [["--from", "1h", "--to", "2h"], "--from has to be before --to"],
] as const)("status %j is a wrong usage", async (args, message) => {
  const { code, stderr } = await runCommand(["status", ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
