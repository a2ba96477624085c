import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { SOURCE_NAMES } from "../../src/model.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { uidOf, type DecodedRecord } from "../support/otlp-decoder.ts";
import { createScene, FAST, type Scene } from "./scene.ts";

// Each test runs several commands.
vi.setConfig({ testTimeout: 60_000 });

const HOUR_MS = 3_600_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

async function prepared(scene: Scene, args: readonly string[]) {
  const { args: run, options } = await scene.prepare([]);
  return { args: ["backfill", ...run.slice(1, 3), ...args], options };
}

async function backfill(scene: Scene, ...args: readonly string[]) {
  const { args: all, options } = await prepared(scene, args);
  return runCommand(all, options);
}

const isHole = ({ eventName }: DecodedRecord) => eventName === "slack.coverage.hole";
const millis = ({ timeUnixNano }: DecodedRecord) => Number(timeUnixNano / 1_000_000n);
const uids = (records: readonly DecodedRecord[]) => records.map(uidOf).toSorted();

/** What a second forwarder with another state delivers of the same Slack, from the beginning on. */
async function everything(scene: Scene): Promise<DecodedRecord[]> {
  const before = scene.receiver.accepted.length;
  const settings = { start: "earliest", state: { sqlite: { path: "./other.db" } } };
  expect((await scene.once([], { settings })).code).toBe(0);
  return scene.receiver.accepted.slice(before);
}

test("an older stretch of every source arrives with the uids of live reading, and nothing outside it", async () => {
  await using scene = await createScene({ settings: { sources: FAST, start: "30m" } });
  const all = await everything(scene);
  expect((await scene.once()).code).toBe(0);
  const before = scene.receiver.accepted.length;
  const [fromMs, toMs] = [Date.now() - 10 * HOUR_MS, Date.now() - 4 * HOUR_MS];
  const ended = await backfill(scene, "--from", new Date(fromMs).toISOString(), "--to", new Date(toMs).toISOString());
  expect(ended).toMatchObject({ code: 0, stdout: "" });
  const sent = scene.receiver.accepted.slice(before);
  const owed = all.filter((record) => millis(record) >= fromMs && millis(record) <= toMs);
  expect(new Set(owed.map(({ attributes }) => attributes.get("slack.method"))).size).toBe(4);
  expect(uids(sent)).toEqual(uids(owed));
  expect(sent.filter(({ attributes }) => attributes.has("slack.access.count_delta"))).toEqual([]);
  expect(ended.log.filter(({ event }) => event === "backfilled")).toHaveLength(5);

  // The live streams have not moved, and the stretch is no hole any more.
  const { args } = await prepared(scene, []);
  const status = await runCommand(["status", ...args.slice(1, 3), "--json"], { folder: scene.folder, env: {} });
  const { streams } = JSON.parse(status.stdout) as { streams: { covered: { from: string; to: string }[] }[] };
  for (const { covered } of streams) expect(Date.parse(covered[0]?.to ?? "")).toBe(toMs);
  const requests = scene.receiver.requests.length;
  expect((await scene.once()).code).toBe(0);
  expect(scene.receiver.requests.length).toBe(requests);
});

test("killed in the middle it goes on where it was, and repeats at most a batch", async () => {
  await using scene = await createScene({
    history: { activities: 600 },
    settings: { sources: { app_activities: { calls_per_minute: 100_000 } }, batch: { max_records: 20 } },
  });
  const args = ["--from", ago(20 * HOUR_MS), "--to", ago(HOUR_MS)];
  const gate = Promise.withResolvers<void>();
  let requests = 0;
  scene.receiver.script(...Array.from({ length: 12 }, () => ({ kind: "accept" }) as const), {
    kind: "slow",
    until: gate.promise,
  });
  {
    const { args: all, options } = await prepared(scene, args);
    await using command = startCommand(all, options);
    await expect.poll(() => (requests = scene.receiver.requests.length), { timeout: 45_000 }).toBe(13);
    command.signal("SIGKILL");
    await command.ended;
  }
  gate.resolve();
  const calls = scene.slack.calls.length;
  expect((await backfill(scene, ...args)).code).toBe(0);
  const counts = new Map<string, number>();
  for (const record of scene.receiver.accepted) counts.set(uidOf(record), (counts.get(uidOf(record)) ?? 0) + 1);
  const repeated = [...counts.values()].filter((count) => count > 1);
  expect(repeated.length).toBeLessThanOrEqual(20);
  expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
  const [fromMs, toMs] = [args[1], args[3]].map((text) => Date.parse(text as string)) as [number, number];
  const owed = scene.slack.ledger
    .distinct("app_activities")
    .map(({ text }) => (JSON.parse(text) as { created: number }).created / 1000)
    .filter((ms) => ms >= fromMs && ms <= toMs);
  expect(counts.size).toBe(owed.length);
  // It did not begin anew: fewer calls than the whole takes.
  const listed = scene.slack.calls.slice(calls).filter(({ method }) => method === "admin.apps.activities.list");
  expect(listed.length).toBeLessThan(owed.length / 20);
  expect(requests).toBe(13);
});

test("beside a running run it works all the same; a second backfill at a time is exit code 3", async () => {
  await using scene = await createScene({ settings: { sources: FAST, start: "1h" } });
  await using live = await scene.start();
  await live.until("delivered");
  expect((await backfill(scene, "--from", "5h", "--source", "audit_logs")).code).toBe(0);
  scene.slack.setFaults(() => ({ kind: "silence" }));
  const { args, options } = await prepared(scene, ["--from", "5h"]);
  const asking = () => scene.slack.calls.filter(({ method }) => method === "auth.test").length;
  const before = asking();
  await using first = startCommand(args, options);
  await expect.poll(asking, { timeout: 45_000 }).toBeGreaterThan(before);
  const second = await backfill(scene, "--from", "5h");
  expect(second.code).toBe(3);
  expect(second.stderr).toContain("another instance is using it");
  first.signal("SIGTERM");
  expect((await first.ended).code).toBe(0);
  live.signal("SIGTERM");
  expect((await live.ended).code).toBe(0);
}, 40_000);

test("--holes fills what is missing and can be filled, and the holes are closed", async () => {
  let poison: string | undefined;
  await using scene = await createScene({
    settings: { sources: { audit_logs: { calls_per_minute: 100_000 } } },
    receiver: { poison: (uid) => (poison ??= uid) === uid },
  });
  expect((await scene.once()).code).toBe(0);
  const holes = async () => {
    const { args } = await prepared(scene, []);
    const { stdout } = await runCommand(["status", ...args.slice(1, 3), "--json"], { folder: scene.folder, env: {} });
    const [stream] = (JSON.parse(stdout) as { streams: { holes: { reason: string }[] }[] }).streams;
    return stream?.holes.map(({ reason }) => reason);
  };
  expect(await holes()).toEqual(["start", "dead_letters"]);
  const refused = poison as string;
  const taken = () => scene.receiver.accepted.map(uidOf).filter((uid) => uid === refused);
  // Refused again: it stays a hole.
  expect((await backfill(scene, "--holes")).code).toBe(0);
  expect(await holes()).toEqual(["start", "dead_letters"]);
  expect(taken()).toEqual([]);
  poison = "nothing";
  expect((await backfill(scene, "--holes")).code).toBe(0);
  expect(taken()).toEqual([refused]);
  expect(await holes()).toEqual(["start"]);
  // The live stream takes it into its own coverage when it begins next.
  expect((await scene.once()).code).toBe(0);
  await rm(join(scene.folder, "state.db.backfill"));
  expect(await holes()).toEqual(["start"]);
  const ended = await backfill(scene, "--holes");
  expect(ended.code).toBe(0);
  expect(ended.log.map(({ event }) => event)).toContain("nothing_to_backfill");
  expect(scene.receiver.accepted.filter(isHole)).toHaveLength(1);
}, 60_000);

test("a state of backfills that is damaged stops a backfill and no run", async () => {
  await using scene = await createScene({ settings: { sources: { audit_logs: {} } } });
  await writeFile(join(scene.folder, "state.db.backfill"), "no database");
  const ended = await scene.once();
  expect(ended.code).toBe(0);
  expect(ended.log.map(({ event }) => event)).toContain("backfills_unreadable");
  expect((await backfill(scene, "--from", "1h")).code).toBe(3);
});

test("what Slack shows no more is named, not called covered", async () => {
  await using scene = await createScene({ settings: { sources: FAST, start: "1h" } });
  expect((await scene.once()).code).toBe(0);
  expect((await backfill(scene, "--from", "10d")).code).toBe(0);
  const { args } = await prepared(scene, []);
  const { stdout } = await runCommand(["status", ...args.slice(1, 3), "--json"], { folder: scene.folder, env: {} });
  const { streams } = JSON.parse(stdout) as { streams: { stream: string; holes: { reason: string }[] }[] };
  const withEntries = streams.filter(({ stream }) => SOURCE_NAMES.some((name) => stream.startsWith(`${name}/`)));
  for (const { holes } of withEntries) expect(holes.map(({ reason }) => reason)).toEqual(["start", "retention"]);
});

test.each([
  [["backfill"], "--from or --holes"],
  [["backfill", "--from", "1h", "--source", "audit"], "is no source; did you mean audit_logs?"],
  [["backfill", "--from", "1h", "--to", "2h"], "--from has to be before --to"],
] as const)("%j is a wrong usage", async (args, message) => {
  const { code, stderr } = await runCommand([...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("a source that the configuration does not read is exit code 2", async () => {
  await using scene = await createScene({ settings: { sources: { audit_logs: {} } } });
  const ended = await backfill(scene, "--from", "1h", "--source", "access_logs");
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain("does not read access_logs");
});
