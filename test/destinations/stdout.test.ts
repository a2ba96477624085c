import { PassThrough, Writable } from "node:stream";
import { expect, test } from "vitest";
import { ClosedPipeError } from "../../src/destinations/stdout.ts";
import type { LogRecord } from "../../src/model.ts";
import { makeDestination } from "../support/destination.ts";
import { decodeJson, uidOf } from "../support/otlp-decoder.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";

const { signal } = new AbortController();

/** A stream that keeps what it got, and takes the next write only when told to. */
function createOutput(options: { readonly takes?: "at once" | "when told" } = {}) {
  const chunks: Buffer[] = [];
  const waiting: ((error?: Error | null) => void)[] = [];
  const output = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, done) {
      chunks.push(chunk as Buffer);
      if (options.takes === "when told") waiting.push(done);
      else done();
    },
  });
  return { output, waiting, text: () => Buffer.concat(chunks).toString() };
}

function withBody(number: number, body: string): LogRecord {
  const record = recordNumber(number);
  return { ...record, log: { ...record.log, body } };
}

test("writes one OTLP/JSON request a line for each batch", async () => {
  const { output, text } = createOutput();
  await using made = await makeDestination("stdout", {}, { stdout: output });
  const accepted = { status: "accepted", rejected: 0 };
  expect(await made.destination.send(recordNumbers(3), signal)).toStrictEqual(accepted);
  expect(await made.destination.send([recordNumber(7)], signal)).toStrictEqual(accepted);

  const lines = text().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines.pop()).toBe("");
  expect(lines.map((line) => decodeJson(line).map(uidOf))).toEqual([
    recordNumbers(3).map(({ uid }) => uid),
    [recordNumber(7).uid],
  ]);
});

test("keeps lines below 1 MiB where it can, in order", async () => {
  const { output, text } = createOutput();
  await using made = await makeDestination("stdout", {}, { stdout: output });
  const records = [
    withBody(1, "x".repeat(600_000)),
    withBody(2, "x".repeat(600_000)),
    withBody(3, "x".repeat(2_000_000)),
    recordNumber(4),
    recordNumber(5),
  ];
  expect(await made.destination.send(records, signal)).toMatchObject({ status: "accepted" });

  const lines = text().trimEnd().split("\n");
  expect(lines.flatMap((line) => decodeJson(line).map(uidOf))).toEqual(records.map(({ uid }) => uid));
  const long = lines.filter((line) => line.length >= 1024 * 1024);
  expect(long.map((line) => decodeJson(line).length)).toEqual([1]);
});

test("says yes only when the write has come back", async () => {
  const { output, waiting } = createOutput({ takes: "when told" });
  await using made = await makeDestination("stdout", {}, { stdout: output });
  let accepted = false;
  const sending = made.destination.send(recordNumbers(1), signal).then((answer) => {
    accepted = true;
    return answer;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(accepted).toBe(false);
  waiting.shift()?.();
  expect(await sending).toMatchObject({ status: "accepted" });
});

test("a slow reader does not keep an abort waiting", async () => {
  const { output } = createOutput({ takes: "when told" });
  await using made = await makeDestination("stdout", {}, { stdout: output });
  const controller = new AbortController();
  const reason = new Error("stop");
  const sending = made.destination.send(recordNumbers(1), controller.signal);
  controller.abort(reason);
  await expect(sending).rejects.toBe(reason);
  await expect(made.destination.send(recordNumbers(1), controller.signal)).rejects.toBe(reason);
});

test("a closed pipe is thrown, then and ever after, and kills nothing else", async () => {
  const output = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
  });
  await using made = await makeDestination("stdout", {}, { stdout: output });
  const first = made.destination.send(recordNumbers(1), signal);
  await expect(first).rejects.toThrow(ClosedPipeError);
  await expect(first).rejects.toThrow("standard output cannot be written: EPIPE");
  await expect(made.destination.send(recordNumbers(1), signal)).rejects.toThrow(ClosedPipeError);
});

test("a probe writes nothing, and tells a closed pipe", async () => {
  const { output, text } = createOutput();
  await using made = await makeDestination("stdout", {}, { stdout: output });
  expect(await made.destination.probe(signal)).toStrictEqual({ status: "accepted", rejected: 0 });
  output.destroy();
  expect(await made.destination.probe(signal)).toMatchObject({ status: "refused", fault: "configuration" });
  expect(text()).toBe("");
});

test("leaves no listener behind", async () => {
  const output = new PassThrough();
  const listeners = output.listenerCount("error");
  const made = await makeDestination("stdout", {}, { stdout: output });
  await made.destination.send(recordNumbers(1), signal);
  await made.destination.close();
  expect(output.listenerCount("error")).toBe(listeners);
});
