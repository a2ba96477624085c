import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test, vi } from "vitest";
import { decodeJson, uidOf } from "../support/otlp-decoder.ts";
import { createScene, shownBy, textsOf } from "./scene.ts";

const settings = { destination: { stdout: {} } };

function decoded(stdout: string) {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .flatMap(decodeJson);
}

test("the records, and nothing else, go to stdout; everything else goes to stderr", async () => {
  await using scene = await createScene({ settings });
  const ended = await scene.once();
  expect(ended.code).toBe(0);
  expect(ended.stdout.endsWith("\n")).toBe(true);
  expect(textsOf(decoded(ended.stdout))).toEqual(shownBy(scene.slack));
  for (const line of ended.stderr.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("event");
});

test("[D17] a reader that goes away after one line ends the run with 1; the position stands at what was written", async () => {
  await using scene = await createScene({
    settings: { ...settings, batch: { max_records: 50 }, sources: { app_activities: { calls_per_minute: 100_000 } } },
    history: { activities: 2_000 },
  });
  await using command = await scene.start(["--once"], { stdout: "held" });
  const lines = createInterface(command.stdout);
  const [first] = (await once(lines, "line")) as [string];
  command.stdout.destroy();
  const ended = await command.ended;
  expect(ended).toMatchObject({ code: 1, signal: null });
  expect(ended.log.at(-1)).toMatchObject({ level: "error", event: "failed", exit_code: 1 });
  expect(ended.log.at(-1)?.["message"]).toMatch(/^standard output cannot be written: EPIPE\. The position is kept/);

  const rest = await scene.once();
  expect(rest.code).toBe(0);
  // What the pipe took is written: that its reader died with it, nobody can tell. It is a pipe's and a reader's worth.
  const shown = shownBy(scene.slack);
  const delivered = textsOf([...decodeJson(first), ...decoded(rest.stdout)]);
  const recordBytes = Buffer.byteLength(first) / 50;
  expect(shown.length - delivered.length).toBeLessThan((2 * 65_536) / recordBytes + 50);
  const known = new Set(shown);
  expect(delivered.filter((text) => !known.has(text))).toEqual([]);
  expect(new Set(decoded(rest.stdout).map(uidOf)).size).toBe(decoded(rest.stdout).length);
});

test("a slow reader slows the source, SIGTERM ends it all the same, and nothing is lost over the next run", async () => {
  await using scene = await createScene({
    settings: { ...settings, batch: { max_records: 100 }, sources: { app_activities: { calls_per_minute: 100_000 } } },
    history: { activities: 3_000 },
  });
  await using command = await scene.start([], { stdout: "held" });
  const calls = () => scene.slack.calls.filter(({ method }) => method === "admin.apps.activities.list").length;
  await command.until("first_run");
  // Until the pipe is full: then nothing more is asked for.
  let before = -1;
  await vi.waitFor(
    () => {
      const now = calls();
      const isStill = now > 0 && now === before;
      before = now;
      expect(isStill).toBe(true);
    },
    { timeout: 45_000, interval: 300 },
  );
  expect(calls()).toBeLessThan(10);

  command.signal("SIGTERM");
  await command.until("stopping");
  let text = "";
  command.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const ended = await command.ended;
  expect(ended).toMatchObject({ code: 0, signal: null });
  if (!command.stdout.readableEnded) await once(command.stdout, "end");

  const rest = await scene.once();
  expect(rest.code).toBe(0);
  expect(textsOf([...decoded(text), ...decoded(rest.stdout)])).toEqual(shownBy(scene.slack));
});
