import { appendFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { decodeJson, uidOf } from "../support/otlp-decoder.ts";
import { createScene, FAST, shownBy, textsOf, type Scene } from "./scene.ts";

const FOLDER = "out";

async function recordsIn(scene: Scene) {
  const names = await readdir(join(scene.folder, FOLDER));
  const texts = await Promise.all(names.map((name) => scene.read(join(FOLDER, name))));
  return {
    names,
    records: texts.flatMap((text) => text.split("\n").filter(Boolean)).flatMap((line) => decodeJson(line)),
  };
}

test("killed while it writes to a file, it goes on with whole lines, and every entry is in one of the files", async () => {
  const destination = { file: { path: `${FOLDER}/slack.jsonl`, max_bytes: "100kB" } };
  await using scene = await createScene({
    history: { activities: 400 },
    settings: { destination, sources: FAST, batch: { max_records: 20 } },
  });
  await using command = await scene.start();
  await vi.waitFor(async () => expect((await recordsIn(scene)).records.length).toBeGreaterThan(20), {
    timeout: 45_000,
    interval: 10,
  });
  command.signal("SIGKILL");
  await command.ended;
  // As a power cut in mid-write leaves it.
  await appendFile(join(scene.folder, FOLDER, "slack.jsonl"), '{"resourceLogs":[{"resou');

  const ended = await scene.once();
  expect(ended).toMatchObject({ code: 0, stdout: "" });
  expect(ended.log.filter(({ event }) => event === "torn_line_cut")).toMatchObject([{ bytes: 24 }]);
  const { names, records } = await recordsIn(scene);
  expect(names.length).toBeGreaterThan(1);
  const once = [...new Map(records.map((record) => [uidOf(record), record])).values()];
  expect(textsOf(once)).toEqual(shownBy(scene.slack));
  // At most the batch in flight of each of the five streams.
  expect(records.length - once.length).toBeLessThanOrEqual(5 * 20);
}, 60_000);
