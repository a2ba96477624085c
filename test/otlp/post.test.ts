import { afterAll, beforeAll, expect, test } from "vitest";
import { createSecret } from "../../src/config/secret.ts";
import { createHttp } from "../../src/http.ts";
import type { Secret } from "../../src/model.ts";
import { COMPRESSIONS, ENCODINGS, serialize } from "../../src/otlp/encode.ts";
import { createPost, type PostOptions } from "../../src/otlp/post.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";

const client = createHttp();
afterAll(() => client.close());
let receiver: Receiver;
beforeAll(async () => {
  receiver = await createReceiver({ poison: (uid) => uid.endsWith("ff") });
});
afterAll(() => receiver.close());

const { signal } = new AbortController();
const secret = (text: string) => createSecret(() => text);

function post(options: Partial<PostOptions> = {}) {
  return createPost({
    http: client.http,
    clock: { now: () => 0 },
    url: `${receiver.url}/v1/logs`,
    headers: {},
    encoding: "protobuf",
    compression: "gzip",
    timeoutMs: 5_000,
    ...options,
  });
}

test.each(ENCODINGS.flatMap((encoding) => COMPRESSIONS.map((compression) => ({ encoding, compression }))))(
  "sends $encoding with compression $compression",
  async ({ encoding, compression }) => {
    const records = recordNumbers(30);
    const before = receiver.accepted.length;
    const answer = await post({ encoding, compression })(records, signal);

    expect(answer).toStrictEqual({ status: "accepted", rejected: 0 });
    expect(receiver.uids().slice(before)).toEqual(records.map(({ uid }) => uid));
    const request = receiver.requests.at(-1);
    expect(request?.encoding).toBe(encoding === "json" ? "application/json" : "application/x-protobuf");
    expect(request?.compression).toBe(compression === "none" ? undefined : compression);
    expect(request?.received.headers["content-length"]).toBe(String(request?.received.body.length));
    expect(request?.bytes).toBe(serialize(records, encoding).length);
  },
);

test("reads a header's value for each request, and keeps the content type for itself", async () => {
  let key = "old";
  const headers: Record<string, Secret> = { "X-Key": createSecret(() => key), "Content-Type": secret("text/plain") };
  const send = post({ headers });
  await send(recordNumbers(1), signal);
  key = "new";
  await send(recordNumbers(1), signal);

  const [first, second] = receiver.requests.slice(-2).map(({ received }) => received.headers);
  expect(first).toMatchObject({ "x-key": "old", "content-type": "application/x-protobuf" });
  expect(second).toMatchObject({ "x-key": "new", "content-type": "application/x-protobuf" });
});

test("a header whose value cannot be read is a matter of credentials, and nothing is sent", async () => {
  const before = receiver.requests.length;
  const unreadable = createSecret(() => {
    throw new Error("ENOENT: topsecret");
  });
  const answer = await post({ headers: { "x-key": unreadable } })(recordNumbers(1), signal);

  expect(answer).toMatchObject({ status: "refused", fault: "credentials", cause: { message: /x-key/ } });
  expect(JSON.stringify(answer)).not.toContain("topsecret");
  expect(receiver.requests).toHaveLength(before);
});

test("[D6] what is over the receiver's limit before compression is refused unsent, down to one record", async () => {
  const before = receiver.requests.length;
  const records = recordNumbers(10);
  const bytes = serialize(records, "protobuf").length;
  const tooLarge = { status: "refused", fault: "payload", reason: "too_large" };

  expect(await post({ maxBytes: bytes - 1 })(records, signal)).toMatchObject(tooLarge);
  expect(await post({ maxBytes: 10 })(recordNumbers(1), signal)).toMatchObject(tooLarge);
  expect(receiver.requests).toHaveLength(before);
  expect(await post({ maxBytes: bytes })(records, signal)).toMatchObject({ status: "accepted" });
});

test("a batch over the configured size is split, but a record alone may be larger", async () => {
  const before = receiver.requests.length;
  const send = post({ batchBytes: 10 });

  expect(await send(recordNumbers(2), signal)).toMatchObject({ status: "refused", reason: "too_large" });
  expect(receiver.requests).toHaveLength(before);
  expect(await send(recordNumbers(1), signal)).toMatchObject({ status: "accepted" });
});

test("a batch with a record that the receiver would spoil is refused unsent", async () => {
  const before = receiver.requests.length;
  const send = post({ isTooLarge: ({ uid }) => uid === recordNumber(3).uid });

  expect(await send(recordNumbers(5), signal)).toMatchObject({ status: "refused", reason: "too_large" });
  expect(receiver.requests).toHaveLength(before);
  expect(await send(recordNumbers(3), signal)).toMatchObject({ status: "accepted" });
});

test("a poisoned batch is refused with the receiver's words", async () => {
  for (const encoding of ENCODINGS) {
    const answer = await post({ encoding })([recordNumber(1), recordNumber(255)], signal);
    const cause = { message: "HTTP 400: a record cannot be read", statusCode: 400 };
    expect(answer).toStrictEqual({ status: "refused", fault: "payload", reason: "rejected", cause });
  }
});

test("a partial success is told with its count", async () => {
  for (const encoding of ENCODINGS) {
    receiver.script({ kind: "partial", rejected: 300, message: "too old" });
    const answer = await post({ encoding })(recordNumbers(400), signal);
    expect(answer).toStrictEqual({ status: "accepted", rejected: 300, message: "too old" });
  }
});

test("[P15] a Retry-After date counts from the receiver's clock, whatever ours says", async () => {
  receiver.script({ kind: "status", status: 503, retryAfter: new Date(Date.now() + 60_000).toUTCString() });
  const answer = await post({ clock: { now: () => 20_000 } })(recordNumbers(1), signal);
  expect(answer).toMatchObject({ status: "retry" });
  const { afterMs = 0 } = answer as { readonly afterMs?: number };
  expect(afterMs).toBeGreaterThan(50_000);
  expect(afterMs).toBeLessThanOrEqual(60_000);
});
