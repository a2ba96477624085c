import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { StateError } from "../../src/model.ts";
import { createDeadLetterFile, probeDeadLetters, type DeadLetter } from "../../src/pipeline/dead-letters.ts";
import { temporaryFolder } from "../state/temporary-folder.ts";
import { recordNumber } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), "dead-letters");
});

const letterOf = (number: number): DeadLetter => ({
  record: recordNumber(number),
  reason: "rejected",
  cause: { message: "no", statusCode: 400 },
});
const make = (maxBytes = 1_000_000, folder = path) =>
  createDeadLetterFile({
    path: folder,
    maxBytes,
    stream: "audit_logs/E1",
    destination: "otlp",
    clock: createVirtualClock(1_700_000_000_000),
    encode: ({ uid }) => JSON.stringify({ uid }),
  });

test("a letter is a line with uid, stream, time, reason, status, destination and record, for its owner's eyes", async () => {
  await make().write([letterOf(1), letterOf(2)]);
  const file = join(path, "audit_logs_E1.jsonl");
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    [1, 2].map((number) => ({
      uid: recordNumber(number).uid,
      stream: "audit_logs/E1",
      time: "2023-11-14T22:13:20.000Z",
      reason: "rejected",
      status: 400,
      message: "no",
      destination: "otlp",
      record: { uid: recordNumber(number).uid },
    })),
  );
  expect([(await stat(path)).mode & 0o777, (await stat(file)).mode & 0o777]).toEqual([0o700, 0o600]);
});

test("the folder is full from its limit on, whatever files it is made of, and not before", async () => {
  const letters = make(400);
  expect(await letters.full()).toBeUndefined();
  await letters.write([letterOf(1)]);
  expect(await letters.full()).toBeUndefined();
  await writeFile(join(path, "of-another-stream.jsonl"), "x".repeat(400));
  expect((await letters.full())?.message).toMatch(
    / bytes of dead letters, the limit is 400: replay them, .*max_bytes$/,
  );
});

test("the folder is full to the byte, and one that is not made yet is empty", async () => {
  expect(await make(1).full()).toBeUndefined();
  await mkdir(path);
  await writeFile(join(path, "of-a-stream.jsonl"), "x".repeat(300));
  await writeFile(join(path, "of-another-stream.jsonl"), "x".repeat(100));
  expect(await make(401).full()).toBeUndefined();
  expect((await make(400).full())?.message).toContain(`${path} holds 400 bytes of dead letters, the limit is 400:`);
});

test("a folder that cannot be written is a matter of the state, with the remedy", async () => {
  const inTheWay = join(temporaryFolder(), "file");
  await writeFile(inTheWay, "");
  const letters = make(1_000, join(inTheWay, "folder"));
  await expect(letters.write([letterOf(1)])).rejects.toThrow(StateError);
  await expect(letters.full()).rejects.toThrow(/ENOTDIR\): make the folder writable/);
  await expect(probeDeadLetters(inTheWay)).rejects.toThrow(StateError);
});

test("many programs that share the folder may probe it at once, and leave nothing behind", async () => {
  await Promise.all(Array.from({ length: 20 }, async () => probeDeadLetters(path)));
  expect(await readdir(path)).toEqual([]);
});
