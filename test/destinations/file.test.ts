import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../state/temporary-folder.ts";
import { makeDestination } from "../support/destination.ts";
import { decodeJson, uidOf } from "../support/otlp-decoder.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const { signal } = new AbortController();
const accepted = { status: "accepted", rejected: 0 };

let folder: string;
let path: string;
beforeEach(() => {
  folder = join(temporaryFolder(), "out");
  path = join(folder, "slack.jsonl");
});
const make = (settings: object = {}, clock = createVirtualClock(Date.now())) =>
  makeDestination("file", { path, ...settings }, { clock });
const linesOf = async (file: string) => (await readFile(file, "utf8")).split("\n").slice(0, -1);
const uidsIn = async (file: string) => (await linesOf(file)).flatMap((line) => decodeJson(line).map(uidOf));
/** Every file, the oldest first. */
const files = async () => (await readdir(folder)).toSorted((a, b) => (a === "slack.jsonl" ? 1 : a.localeCompare(b)));

test("writes one OTLP/JSON request a line, for its owner's eyes, and goes on with the file that is there", async () => {
  {
    await using made = await make();
    expect(await made.destination.send(recordNumbers(3), signal)).toStrictEqual(accepted);
    // On the disk by then, with no close.
    expect(await uidsIn(path)).toEqual(recordNumbers(3).map(({ uid }) => uid));
  }
  await using again = await make();
  await again.destination.send([recordNumber(7)], signal);
  expect(await linesOf(path)).toHaveLength(2);
  expect([(await stat(folder)).mode & 0o777, (await stat(path)).mode & 0o777]).toEqual([0o700, 0o600]);
});

test("a new file is begun before one grows over its size, and none is ever overwritten", async () => {
  await using made = await make({ max_bytes: 1_000 });
  const records = recordNumbers(40);
  for (const record of records) expect(await made.destination.send([record], signal)).toStrictEqual(accepted);
  const names = await readdir(folder);
  expect(names.length).toBeGreaterThan(10);
  const texts = await Promise.all(names.map((name) => uidsIn(join(folder, name))));
  expect(texts.flat().toSorted()).toEqual(records.map(({ uid }) => uid));
  for (const name of names) expect((await stat(join(folder, name))).size).toBeLessThanOrEqual(1_000);
  expect(names.filter((name) => !/^slack(-\d{8}T\d{6}\.\d{3}Z(-\d+)?)?\.jsonl$/.test(name))).toEqual([]);
});

test("a new file is begun when one has reached its age", async () => {
  const clock = createVirtualClock(Date.now());
  await using made = await make({ max_age: "1h" }, clock);
  const at = async (number: number, ms: number) => {
    await clock.run(clock.sleep(ms, signal));
    await made.destination.send([recordNumber(number)], signal);
  };
  await at(1, 0);
  await at(2, 30 * 60_000);
  await at(3, 31 * 60_000);
  await at(4, 1_000);
  expect(await Promise.all((await files()).map((name) => uidsIn(join(folder, name))))).toEqual([
    [1, 2].map((number) => recordNumber(number).uid),
    [3, 4].map((number) => recordNumber(number).uid),
  ]);
});

test("a line that a crash tore is cut off at the start, and told", async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(path, '{"resourceLogs":[]}\n{"resourceLo');
  await using made = await make();
  await made.destination.send([recordNumber(1)], signal);
  expect((await linesOf(path))[0]).toBe('{"resourceLogs":[]}');
  expect(await linesOf(path)).toHaveLength(2);
  expect(made.log).toMatchObject([{ event: "torn_line_cut", fields: { bytes: 12 } }]);
});

test.each([0, 1, 64 * 1024 - 1, 64 * 1024, 200_000])(
  "a file of one torn line of %d bytes is empty then",
  async (size) => {
    await mkdir(folder, { recursive: true });
    await writeFile(path, "x".repeat(size));
    await using made = await make();
    expect((await stat(path)).size).toBe(0);
    expect(made.log).toHaveLength(size === 0 ? 0 : 1);
  },
);

test("streams that write at the same time do not mix their lines", async () => {
  await using made = await make({ max_bytes: 20_000 });
  const batches = Array.from({ length: 30 }, (_, batch) => [recordNumber(batch * 2), recordNumber(batch * 2 + 1)]);
  await Promise.all(batches.map((batch) => made.destination.send(batch, signal)));
  const uids = (await Promise.all((await files()).map((name) => uidsIn(join(folder, name))))).flat();
  expect(uids.toSorted()).toEqual(batches.flat().map(({ uid }) => uid));
});

test("a file that was moved away is begun anew", async () => {
  await using made = await make();
  await made.destination.send([recordNumber(1)], signal);
  await rename(path, `${path}.1`);
  expect(await made.destination.send([recordNumber(2)], signal)).toStrictEqual(accepted);
  expect([await uidsIn(`${path}.1`), await uidsIn(path)]).toEqual([[recordNumber(1).uid], [recordNumber(2).uid]]);
});

test("a path that cannot be written is wrong configuration, at the start and later", async () => {
  await mkdir(join(folder, "folder"), { recursive: true });
  await expect(makeDestination("file", { path: join(folder, "folder") })).rejects.toMatchObject({
    name: "SettingsError",
    key: "path",
    message: expect.stringContaining("EISDIR"),
  });
  await using made = await make();
  await rm(path);
  await mkdir(path);
  expect(await made.destination.send([recordNumber(1)], signal)).toMatchObject({
    status: "refused",
    fault: "configuration",
    cause: { message: expect.stringContaining("EISDIR") },
  });
});

test("a probe writes nothing", async () => {
  await using made = await make();
  expect(await made.destination.probe(signal)).toStrictEqual(accepted);
  expect((await stat(path)).size).toBe(0);
  const reason = new Error("stop");
  await expect(made.destination.send(recordNumbers(1), AbortSignal.abort(reason))).rejects.toBe(reason);
});
