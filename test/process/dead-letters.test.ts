import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeJson, uidOf, type DecodedRecord } from "../support/otlp-decoder.ts";
import { createScene, shownBy, textsOf, type Scene } from "./scene.ts";

interface Letter {
  readonly uid: string;
  readonly stream: string;
  readonly reason: string;
  readonly status?: number;
  readonly message: string;
  readonly record: DecodedRecord;
}

const FOLDER = "dead-letters";
const activitiesOnly = { sources: { app_activities: {} } };

/** Every letter of every file, in order. */
async function lettersOf(scene: Scene): Promise<Letter[]> {
  const files = await readdir(join(scene.folder, FOLDER));
  const texts = await Promise.all(files.map((file) => scene.read(join(FOLDER, file))));
  return texts
    .flatMap((text) => text.trimEnd().split("\n"))
    .map((line) => {
      const letter = JSON.parse(line) as Letter;
      const [record] = decodeJson(JSON.stringify(letter.record));
      return { ...letter, record: record as DecodedRecord };
    });
}

const isHole = ({ eventName }: DecodedRecord) => eventName === "slack.coverage.hole";
const entriesOf = ({ receiver }: Scene) => receiver.accepted.filter((record) => !isHole(record));

/** What was told of holes: why, and how many records are missing. */
function holesOf({ receiver }: Scene) {
  return receiver.accepted
    .filter(isHole)
    .map(({ attributes }) => [attributes.get("slack.coverage.reason"), attributes.get("slack.coverage.records")]);
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

test("[D4] three records among a thousand that the destination refuses become dead letters, and no other", async () => {
  const seen = new Map<string, number>();
  const poison = (uid: string) => {
    if (!seen.has(uid)) seen.set(uid, seen.size);
    return [17, 500, 998].includes(seen.get(uid) ?? -1);
  };
  await using scene = await createScene({
    history: { activities: 1_000 },
    settings: activitiesOnly,
    receiver: { poison },
  });
  const ended = await scene.once();
  expect(ended).toMatchObject({ code: 0, stdout: "" });
  const letters = await lettersOf(scene);
  expect(letters.map(({ uid }) => uid).toSorted()).toEqual([...seen.keys()].filter(poison).toSorted());
  expect(letters).toHaveLength(3);
  for (const { uid, record, ...letter } of letters) {
    expect(letter).toMatchObject({ stream: "app_activities/E0ACME00001", reason: "rejected", status: 400 });
    expect(letter.message).toContain("a record cannot be read");
    expect(uidOf(record)).toBe(uid);
  }
  expect(textsOf([...scene.receiver.accepted, ...letters.map(({ record }) => record)])).toEqual(shownBy(scene.slack));
  expect(scene.receiver.requests.length).toBeLessThanOrEqual(2 * 3 * Math.log2(1_000));
  const holes = holesOf(scene);
  expect(new Set(holes.map(([reason]) => reason))).toEqual(new Set(["dead_letters"]));
  expect(holes.reduce((sum, [, records]) => sum + (records as bigint), 0n)).toBe(3n);
  expect(ended.log.filter(({ event }) => event === "coverage_hole")).toHaveLength(holes.length);
  expect(ended.log.filter(({ event }) => event === "dead_lettered").map((line) => line["uid"])).toEqual(
    letters.map(({ uid }) => uid),
  );

  expect(await readdir(join(scene.folder, FOLDER))).toEqual(["app_activities_E0ACME00001.jsonl"]);
  expect(await modeOf(join(scene.folder, FOLDER))).toBe("700");
  expect(await modeOf(join(scene.folder, FOLDER, "app_activities_E0ACME00001.jsonl"))).toBe("600");

  const requests = scene.receiver.requests.length;
  expect((await scene.once()).code).toBe(0);
  expect(scene.receiver.requests.length).toBe(requests);
});

test("[D6] a record that is too large for the destination becomes a dead letter, and its neighbours are delivered", async () => {
  const receiver = { bodyLimit: { bytes: 100_000, answer: "413" } } as const;
  await using scene = await createScene({ history: { activities: 200 }, settings: activitiesOnly, receiver });
  const created = (scene.slack.now() - 3_600_000) * 1_000;
  scene.slack.world.activities.add({
    created,
    level: "info",
    event_type: "function_execution_output",
    payload: { text: "x".repeat(120_000) },
  });
  const ended = await scene.once();
  expect(ended.code).toBe(0);
  const letters = await lettersOf(scene);
  expect(letters).toMatchObject([{ reason: "too_large", status: 413 }]);
  expect(textsOf([...scene.receiver.accepted, ...letters.map(({ record }) => record)])).toEqual(shownBy(scene.slack));
  // No dead letter in the program's own words: they hold what was said.
  expect(ended.stderr).not.toContain("xxxx");
});

test("[D7] of a partial success the whole batch is kept as dead letters, marked so, and not sent again", async () => {
  const receiver = { script: [{ kind: "partial", rejected: 2, message: "two were odd" }] } as const;
  await using scene = await createScene({ history: { activities: 50 }, settings: activitiesOnly, receiver });
  const ended = await scene.once();
  expect(ended.code).toBe(0);
  const shown = shownBy(scene.slack);
  const letters = await lettersOf(scene);
  expect(new Set(letters.map(({ reason, message }) => `${reason}: ${message}`))).toEqual(
    new Set(["partial: two were odd"]),
  );
  expect(textsOf(letters.map(({ record }) => record))).toEqual(shown);
  expect(entriesOf(scene).length).toBe(shown.length - 2);
  expect(holesOf(scene)).toEqual([["partial", 2n]]);
  expect(ended.log.filter(({ event }) => event === "partial_success")).toMatchObject([
    { rejected: 2, records: shown.length },
  ]);

  const requests = scene.receiver.requests.length;
  expect((await scene.once()).code).toBe(0);
  expect(scene.receiver.requests.length).toBe(requests);
});

test("where nothing is refused there is no letter, and an empty folder", async () => {
  await using scene = await createScene({ history: { activities: 50 }, settings: activitiesOnly });
  expect((await scene.once()).code).toBe(0);
  expect(await readdir(join(scene.folder, FOLDER))).toEqual([]);
});
