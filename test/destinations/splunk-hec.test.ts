import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Destination, LogRecord } from "../../src/model.ts";
import { makeDestination } from "../support/destination.ts";
import { inflateRequest } from "../support/otlp-decoder.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";
import {
  createScriptedServer,
  type ReceivedRequest,
  type ScriptedServer,
  type ServerAnswer,
} from "../support/scripted-server.ts";

const { signal } = new AbortController();
const TOKEN = "0aa0aa00-1111-2222-3333-444444444444";
let server: ScriptedServer;
let script: ServerAnswer[];
let destination: Destination;

beforeAll(async () => {
  server = await createScriptedServer(() => script.shift() ?? hec(200, 0, "Success"));
  ({ destination } = await makeDestination("splunk_hec", { endpoint: server.url, token: TOKEN }));
});
afterAll(async () => {
  await destination.close();
  await server.close();
});
beforeEach(() => {
  script = [];
});

function hec(status: number, code: number, text: string, more: object = {}, headers: object = {}): ServerAnswer {
  return {
    status,
    headers: { "content-type": "application/json; charset=UTF-8", ...headers },
    body: JSON.stringify({ text, code, ...more }),
  };
}
/** The numbers of the records in a request. */
function sent(request: ReceivedRequest | undefined): number[] {
  const text = Buffer.from(inflateRequest(request?.headers["content-encoding"], request?.body ?? Buffer.alloc(0)));
  return text
    .toString()
    .split("\n")
    .map((line) => (JSON.parse(line) as { event: { number: number } }).event.number);
}
function send(records: readonly LogRecord[], ...answers: ServerAnswer[]) {
  script = answers;
  return destination.send(records, signal);
}

test("a request is what HEC wants", async () => {
  expect(await send(recordNumbers(3))).toStrictEqual({ status: "accepted", rejected: 0 });
  await send([recordNumber(9)]);
  const [first, second] = server.requests.slice(-2);
  expect(first).toMatchObject({ method: "POST", path: "/services/collector/event" });
  expect(first?.headers).toMatchObject({
    authorization: `Splunk ${TOKEN}`,
    "content-encoding": "gzip",
    "x-splunk-request-channel": expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  });
  expect(second?.headers["x-splunk-request-channel"]).toBe(first?.headers["x-splunk-request-channel"]);
  expect(sent(first)).toEqual([0, 1, 2]);
  expect(sent(second)).toEqual([9]);
});

test.each(["", "/", "/services/collector", "/services/collector/", "/services/collector/event"])(
  "the endpoint may end in %j",
  async (path) => {
    await using made = await makeDestination("splunk_hec", { endpoint: server.url + path, token: TOKEN });
    await made.destination.send(recordNumbers(1), signal);
    expect(server.requests.at(-1)?.path).toBe("/services/collector/event");
  },
);

test("settings reach the events", async () => {
  const settings = { index: "slack", source: "s", sourcetype: "t", host: "h", compression: "none" };
  await using made = await makeDestination("splunk_hec", { endpoint: server.url, token: TOKEN, ...settings });
  await made.destination.send(recordNumbers(1), signal);
  const request = server.requests.at(-1);
  expect(request?.headers).not.toHaveProperty("content-encoding");
  expect(JSON.parse(request?.body.toString() ?? "")).toMatchObject({
    index: "slack",
    source: "s",
    sourcetype: "t",
    host: "h",
  });
});

test("a request stays below 900 kB, and the limit can be set", async () => {
  const record = recordNumber(1);
  const large = { ...record, log: { ...record.log, body: { number: 1, text: "x".repeat(500_000) } } };
  expect(destination.limits).toEqual({ maxBytes: 900_000 });
  expect(await send([large, large])).toMatchObject({ status: "refused", reason: "too_large" });
  expect(await send([large])).toMatchObject({ status: "accepted" });

  await using made = await makeDestination("splunk_hec", { endpoint: server.url, token: TOKEN, max_bytes: "2MB" });
  expect(made.destination.limits).toEqual({ maxBytes: 2_000_000 });
  expect(await made.destination.send([large, large], signal)).toMatchObject({ status: "accepted" });
});

const rejected = { status: "refused", fault: "payload", reason: "rejected" };
const configuration = { status: "refused", fault: "configuration" };
const credentials = { status: "refused", fault: "credentials" };
const retry = { status: "retry" };

describe("codes", () => {
  test.each<[number, number, string, object]>([
    [403, 1, "Token disabled", credentials],
    [401, 2, "Token is required", credentials],
    [401, 3, "Invalid authorization", credentials],
    [403, 4, "Invalid token", credentials],
    [400, 5, "No data", rejected],
    [400, 6, "Invalid data format", rejected],
    [400, 7, "Incorrect index", configuration],
    [500, 8, "Internal server error", retry],
    [503, 9, "Server is busy", retry],
    [400, 10, "Data channel is missing", configuration],
    [400, 11, "Invalid data channel", configuration],
    [400, 12, "Event field is required", rejected],
    [400, 13, "Event field cannot be blank", rejected],
    [400, 14, "ACK is disabled", configuration],
    [400, 15, "Error in handling indexed fields", rejected],
    [400, 16, "Query string authorization is not enabled", configuration],
    [503, 18, "HEC is unhealthy, queues are full", retry],
    [503, 19, "HEC is unhealthy, ack service unavailable", retry],
    [503, 20, "HEC is unhealthy, queues are full, ack service unavailable", retry],
    [400, 21, "Invalid token", configuration],
    [400, 22, "Token disabled", configuration],
    [503, 23, "Server is shutting down", retry],
    [429, 26, "Queue is full", retry],
    [429, 27, "Ack channel is full", retry],
    [400, 999, "Something new", rejected],
  ])("%d with code %d, %s", async (status, code, text, expected) => {
    expect(await send(recordNumbers(3), hec(status, code, text))).toStrictEqual({
      ...expected,
      cause: { message: `HTTP ${status}: ${text} (code ${code})`, statusCode: status },
    });
  });

  test.each([
    [24, "Queue is approaching capacity"],
    [25, "Ack channel is approaching capacity"],
  ])("200 with code %d has taken the data", async (code, text) => {
    expect(await send(recordNumbers(3), hec(200, code, text))).toStrictEqual({
      status: "accepted",
      rejected: 0,
      message: `${text} (code ${code})`,
    });
  });

  test("200 with a code that is no success is no yes", async () => {
    expect(await send(recordNumbers(3), hec(200, 17, "HEC is healthy"))).toMatchObject({ escalate: "configuration" });
  });

  test("an internal error is waited out, never blamed on the records", async () => {
    expect(await send(recordNumbers(3), { status: 500, body: "oops" })).not.toHaveProperty("escalate");
  });
});

describe("a batch of which a part was taken", () => {
  test.each([6, 12, 13, 15])("[D15] code %d names the event at fault, counted from 0", async (code) => {
    const answer = await send(recordNumbers(5), hec(400, code, "bad", { "invalid-event-number": 2 }));
    expect(answer).toMatchObject({ ...rejected, at: 2 });
  });

  test.each([-1, 5, 1.5, "2", null])("the event number %j is none", async (number) => {
    const answer = await send(recordNumbers(5), hec(400, 6, "bad", { "invalid-event-number": number }));
    expect(answer).toMatchObject(rejected);
    expect(answer).not.toHaveProperty("at");
  });

  test("a busy answer at event 3 says that the two before it are in", async () => {
    const busy = hec(503, 9, "Server is busy", { "invalid-event-number": 3 }, { "retry-after": "2" });
    expect(await send(recordNumbers(6), busy)).toMatchObject({ status: "retry", taken: 2, afterMs: 2_000 });
  });

  test.each([0, 1, 6])("a busy answer at event %d of 6 says nothing of the kind", async (number) => {
    const answer = await send(recordNumbers(6), hec(503, 9, "Server is busy", { "invalid-event-number": number }));
    expect(answer).toMatchObject({ status: "retry" });
    expect(answer).not.toHaveProperty("taken");
  });
});

test("a 413 in HTML is a matter of size", async () => {
  const answer: ServerAnswer = { status: 413, headers: { "content-type": "text/html" }, body: "<h1>too large</h1>" };
  expect(await send(recordNumbers(2), answer)).toMatchObject({ status: "refused", reason: "too_large" });
});
