import { appendFile, copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { configurationSchema } from "../src/config/schema.ts";
import { createHttp } from "../src/http.ts";
import type { Attempt, LogRecord } from "../src/model.ts";
import { serialize, toJsonLine } from "../src/otlp/encode.ts";
import { letterLine, type DeadLetterReason } from "../src/pipeline/dead-letters.ts";
import { replay } from "../src/replay.ts";
import { temporaryFolder } from "./state/temporary-folder.ts";
import type { LogLine } from "./support/destination.ts";
import { recordNumber, recordNumbers } from "./support/records.ts";
import { createVirtualClock } from "./support/virtual-clock.ts";

const never = new AbortController().signal;
const signals = { stop: never, abort: never };
const accepted: Attempt = { status: "accepted", rejected: 0 };
const rejected: Attempt = {
  status: "refused",
  fault: "payload",
  reason: "rejected",
  cause: { message: "still odd", statusCode: 400 },
};
const credentials: Attempt = {
  status: "refused",
  fault: "credentials",
  cause: { message: "HTTP 401", statusCode: 401 },
};

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, "audit_logs_E1.jsonl");
});

function lineOf(record: LogRecord, reason: DeadLetterReason = "rejected"): string {
  const facts = { stream: "audit_logs/E1", destination: "otlp", time: "2026-01-01T00:00:00.000Z", encode: toJsonLine };
  return letterLine({ record, reason, cause: { message: "odd", statusCode: 400 } }, facts);
}
const linesOf = (records: readonly LogRecord[]) => records.map((record) => lineOf(record)).join("");
const uidsIn = async (path: string) =>
  (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { uid: string }).uid);

interface Scripted {
  readonly answer?: (records: readonly LogRecord[], request: number) => Attempt | Promise<Attempt>;
  readonly files?: readonly string[];
  readonly maxRecords?: number;
  readonly stop?: AbortSignal;
}

/** Replays into memory. */
async function run({ answer = () => accepted, files = [file], maxRecords = 10, stop = never }: Scripted = {}) {
  const requests: (readonly LogRecord[])[] = [];
  const log: LogLine[] = [];
  const clock = createVirtualClock();
  const code = await clock.run(
    replay(
      {
        configuration: configurationSchema.parse({
          slack: { token: "t" },
          destination: { stdout: {} },
          batch: { max_records: maxRecords },
        }),
        files,
        once: true,
        version: "0.0.0",
        createHttp,
        stdout: process.stdout,
        clock,
        random: () => 0.5,
        log: (level, event, fields) => void log.push({ level, event, fields }),
        destination: {
          name: "memory",
          description: "memory",
          limits: {},
          send(records) {
            requests.push(records);
            return Promise.resolve(answer(records, requests.length));
          },
          probe: () => Promise.resolve(accepted),
          close: () => Promise.resolve(),
        },
      },
      { ...signals, stop },
    ),
  );
  return { code, requests, log, replayed: log.filter(({ event }) => event === "replayed").map(({ fields }) => fields) };
}

test("what is taken leaves the file, and went out as it would have the first time", async () => {
  const records = recordNumbers(25);
  await writeFile(file, linesOf(records));
  const { code, requests, replayed } = await run();
  expect(code).toBe(0);
  expect(requests.map((request) => request.length)).toEqual([10, 10, 5]);
  for (const encoding of ["protobuf", "json"] as const)
    expect(serialize(requests.flat(), encoding)).toEqual(serialize(records, encoding));
  expect(replayed).toEqual([{ file, sent: 25, kept: 0, left: 0, error: undefined }]);
  expect(await readdir(folder)).toEqual(["audit_logs_E1.jsonl.lock"]);
});

test("what is refused again stays, with the new reason, and its neighbours are gone", async () => {
  const records = recordNumbers(25);
  await writeFile(file, linesOf(records));
  const culprit = records[17]?.uid;
  const { code, replayed } = await run({
    answer: (request) => (request.some(({ uid }) => uid === culprit) ? rejected : accepted),
  });
  expect(code).toBe(1);
  expect(replayed).toMatchObject([{ sent: 24, kept: 1, left: 0 }]);
  expect(await uidsIn(file)).toEqual([culprit]);
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({
    stream: "audit_logs/E1",
    reason: "rejected",
    status: 400,
    message: "still odd",
    destination: "memory",
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  // Once the receiver is mended, it goes out as it would have the first time.
  const mended = await run();
  expect(mended.code).toBe(0);
  expect(mended.requests.flat().map(toJsonLine)).toEqual([toJsonLine(records[17] as LogRecord)]);
});

test("a receiver that refuses everything ends it, and every letter that was not taken stays", async () => {
  const records = recordNumbers(25);
  await writeFile(file, linesOf(records));
  const { code, requests, replayed } = await run({ answer: (_, request) => (request === 1 ? accepted : credentials) });
  expect(code).toBe(1);
  expect(requests).toHaveLength(2);
  expect(replayed).toEqual([{ file, sent: 10, kept: 0, left: 15, error: "HTTP 401" }]);
  expect(await uidsIn(file)).toEqual(records.slice(10).map(({ uid }) => uid));
  expect(await readFile(file, "utf8")).toBe(linesOf(records.slice(10)));
});

test("a file in which nothing is taken is left as it was", async () => {
  const records = recordNumbers(50);
  await writeFile(file, linesOf(records));
  const { code, replayed } = await run({ answer: () => rejected, maxRecords: 100 });
  expect(code).toBe(1);
  expect(replayed).toMatchObject([{ sent: 0, kept: 0, left: 50, error: expect.stringContaining("20 records") }]);
  expect(await readFile(file, "utf8")).toBe(linesOf(records));
});

test("letters of a partial success go alone, so that those at fault are known", async () => {
  const records = recordNumbers(3);
  await writeFile(file, records.map((record) => lineOf(record, "partial")).join(""));
  const { code, requests } = await run({
    answer: (_, request) => ({ status: "accepted", rejected: request === 2 ? 1 : 0 }),
  });
  expect(requests.map((request) => request.length)).toEqual([1, 1, 1]);
  expect(code).toBe(1);
  expect(await uidsIn(file)).toEqual([records[1]?.uid]);
});

test("a server that fails for all of them is no reason to wait for ever", async () => {
  await writeFile(file, linesOf(recordNumbers(3)));
  const outage: Attempt = { status: "retry", escalate: "payload", cause: { message: "HTTP 500", statusCode: 500 } };
  const { code, replayed } = await run({ answer: () => outage });
  expect(code).toBe(1);
  expect(replayed).toMatchObject([{ left: 3, error: "HTTP 500" }]);
});

test("a torn line is refused before anything is sent, by its number, and nothing is touched", async () => {
  const whole = linesOf(recordNumbers(3));
  const other = join(folder, "other.jsonl");
  await writeFile(other, lineOf(recordNumber(9)));
  for (const text of [whole.slice(0, -40), `${whole}{"uid":"1"}\n`, `${whole.slice(0, 100)}\n${whole}`]) {
    await writeFile(file, text);
    const replaying = run({ files: [other, file], answer: () => expect.unreachable() });
    await expect(replaying).rejects.toMatchObject({
      name: "StateError",
      message: expect.stringMatching(/line [134]:/),
    });
    expect(await readFile(file, "utf8")).toBe(text);
    expect(await uidsIn(other)).toHaveLength(1);
  }
});

test("a file that is not there, or is none, is wrong usage", async () => {
  await expect(run()).rejects.toMatchObject({ name: "SettingsError", key: file });
  await mkdir(file);
  await expect(run()).rejects.toMatchObject({ name: "SettingsError", message: "is no file" });
});

test("letters that come meanwhile are safe", async () => {
  await writeFile(file, linesOf(recordNumbers(5)));
  const late = recordNumber(77);
  const { code } = await run({
    answer: async () => {
      await appendFile(file, lineOf(late));
      return accepted;
    },
  });
  expect(code).toBe(0);
  expect(await uidsIn(file)).toEqual([late.uid]);
});

test("a stop leaves what is not settled, and is no failure", async () => {
  const records = recordNumbers(25);
  await writeFile(file, linesOf(records));
  const controller = new AbortController();
  const { code, requests } = await run({
    stop: controller.signal,
    answer: (_, request) => {
      if (request === 2) controller.abort(new Error("stop"));
      return accepted;
    },
  });
  expect([code, requests.length]).toEqual([0, 2]);
  expect(await uidsIn(file)).toEqual(records.slice(20).map(({ uid }) => uid));
});

test("what a killed replay left is sent by the next, at most one batch of it again", async () => {
  const records = recordNumbers(25);
  await writeFile(file, linesOf(records));
  const killed = join(temporaryFolder(), "audit_logs_E1.jsonl");
  // The folder as it is in the middle of the second batch.
  const first = await run({
    answer: async (_, request) => {
      if (request === 2)
        for (const name of await readdir(folder)) await copyFile(join(folder, name), join(killed, "..", name));
      return accepted;
    },
  });
  expect(first.code).toBe(0);
  expect((await readdir(join(killed, ".."))).some((name) => /\.replaying-\d+$/.test(name))).toBe(true);
  // A running program has set another aside by then.
  await writeFile(killed, lineOf(recordNumber(99)));
  const second = await run({ files: [killed] });
  expect(second.code).toBe(0);
  const sent = second.requests.flat().map(({ uid }) => uid);
  expect(sent.toSorted()).toEqual([...records.slice(10), recordNumber(99)].map(({ uid }) => uid).toSorted());
  expect(await readdir(join(killed, ".."))).toEqual(["audit_logs_E1.jsonl.lock"]);
});

test("two replays of one file do not get in each other's way", async () => {
  await writeFile(file, linesOf(recordNumbers(3)));
  const { code } = await run({
    answer: async () => {
      await writeFile(file, lineOf(recordNumber(5)));
      await expect(run()).rejects.toThrow("another replay is sending them");
      return accepted;
    },
  });
  expect(code).toBe(0);
});

test("characters that some take for line breaks are none", async () => {
  const record = recordNumber(1);
  const odd = { ...record, log: { ...record.log, body: "a\u2028b\u2029c\u0085d\re" } };
  await writeFile(file, lineOf(odd));
  const { requests } = await run();
  expect(requests.flat()[0]?.log.body).toBe("a\u2028b\u2029c\u0085d\re");
});
