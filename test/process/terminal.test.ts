import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { MAIN } from "../support/command.ts";
import { createScene, type Scene } from "./scene.ts";

/** util-linux's: runs a command on a terminal of its own and prints what shows there. */
const SCRIPT = "script";
const hasScript = spawnSync(SCRIPT, ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false;

/** Runs the program on a terminal of 110 columns, and tells what shows there. */
async function onTerminal(scene: Scene, args: readonly string[]): Promise<{ code: number; shown: string }> {
  const quoted = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn(SCRIPT, ["--quiet", "--return", "--command", `stty cols 110 rows 30; ${quoted}`, "/dev/null"], {
    cwd: scene.folder,
    env: { PATH: process.env["PATH"], TERM: "xterm", SLACK_TOKEN: DEFAULT_TOKEN },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const [code] = (await once(child, "close")) as [number];
  return { code, shown };
}

test.skipIf(!hasScript)("on a terminal it shows readable lines, and a line of progress for each stream", async () => {
  await using scene = await createScene();
  const { args } = await scene.prepare(["--once"]);
  const { code, shown } = await onTerminal(scene, args);
  expect(code, shown).toBe(0);
  expect(shown).not.toContain('{"time"');
  expect(shown).toContain("\u001B[32minfo \u001B[39m");
  const lines = stripVTControlCharacters(shown).split(/\r*\n/);
  expect(lines).toContainEqual(
    expect.stringMatching(/^\d\d:\d\d:\d\d info {2}started {2}streams=5 {2}destination=otlp {2}to=http/),
  );
  // The block as it was drawn last.
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith("stream ")));
  expect(last[0]).toMatch(/^stream +records +rate +complete to +now$/);
  const streams = last.slice(1, 6);
  expect(streams.map((line) => line.split(" ")[0])).toEqual([
    "access_logs/E0ACME00001",
    "integration_logs/T0ACMEENG01",
    "integration_logs/T0ACMEOPS01",
    "app_activities/E0ACME00001",
    "audit_logs/E0ACME00001",
  ]);
  for (const line of streams) expect(line).toMatch(/ \d+ +[\d.]+\/s {2}\d+ s ago +up to date$/);
});

test.skipIf(!hasScript)(
  "on a terminal a backfill shows a bar for each stream, and status draws in colours",
  async () => {
    await using scene = await createScene({ settings: { sources: { audit_logs: {}, app_activities: {} } } });
    const { args } = await scene.prepare([]);
    const config = args.slice(1, 3);
    expect((await scene.once()).code).toBe(0);
    const backfill = await onTerminal(scene, ["backfill", ...config, "--from", "10h", "--to", "2h"]);
    expect(backfill.code, backfill.shown).toBe(0);
    const lines = stripVTControlCharacters(backfill.shown).split(/\r*\n/);
    for (const stream of ["app_activities", "audit_logs"]) {
      const last = lines.findLast((line) => line.startsWith(`${stream}/`));
      expect(last).toMatch(/E0ACME00001 +█{24} 100 % {2}\d+ records {2}\d+ calls {2}done$/);
    }
    const status = await onTerminal(scene, ["status", ...config]);
    expect(status.code).toBe(0);
    expect(status.shown).toContain("\u001B[32m█\u001B[39m");
    const drawn = stripVTControlCharacters(status.shown)
      .split(/\r*\n/)
      .filter((line) => line.includes("██"));
    expect(drawn.map(({ length }) => length)).toEqual([109, 109]);
  },
);

test("elsewhere every line is one JSON object, with time, level and event", async () => {
  await using scene = await createScene();
  const { stderr, code } = await scene.once([], { env: { TERM: "xterm", FORCE_COLOR: "1" } });
  expect(code).toBe(0);
  expect(stderr.endsWith("\n")).toBe(true);
  const lines = stderr.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) {
    expect(JSON.parse(line)).toEqual(
      expect.objectContaining({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
        level: expect.stringMatching(/^(debug|info|warn|error)$/) as unknown,
        event: expect.stringMatching(/^[a-z_]+$/) as unknown,
      }),
    );
  }
});
