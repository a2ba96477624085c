import { expect, test } from "vitest";
import type { HttpRequest } from "../../src/http.ts";
import type { Attempt, Destination } from "../../src/model.ts";
import { isolating } from "../../src/pipeline/isolate.ts";
import { withRetry } from "../../src/pipeline/retry.ts";
import { makeDestination } from "../support/destination.ts";
import { recordNumbers } from "../support/records.ts";
import { createSimulatedSplunk, type SimulatedSplunkOptions } from "../support/simulated-splunk.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const { signal } = new AbortController();
const TOKEN = "0aa0aa00-1111-2222-3333-444444444444";

interface Scripted extends Partial<SimulatedSplunkOptions> {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Looks at each request first; an answer in place of Splunk's, or nothing. */
  readonly intercept?: (request: HttpRequest) => "cut" | { status: number; body?: string } | undefined | void;
}

/** The destination in front of a simulated Splunk, with no sockets and a clock that runs only when it is waited on. */
async function makeAcknowledged({ settings = {}, intercept = () => undefined, ...options }: Scripted = {}) {
  const splunk = createSimulatedSplunk({ token: TOKEN, useAck: true, ...options });
  const clock: VirtualClock = createVirtualClock();
  const requests: HttpRequest[] = [];
  const http = (request: HttpRequest, aborted: AbortSignal) => {
    aborted.throwIfAborted();
    requests.push(request);
    const { pathname, search } = new URL(request.url);
    const body = Buffer.from(request.body ?? "");
    const intercepted = intercept(request);
    if (intercepted === "cut") return Promise.resolve({ kind: "failed", reason: "network", message: "cut" } as const);
    const answer = intercepted ?? splunk.handle({ ...request, path: pathname + search, body });
    if (typeof answer === "string") throw new Error(answer);
    const headers: Record<string, string> = "headers" in answer ? { ...answer.headers } : {};
    const cookies = headers["set-cookie"] === undefined ? {} : { cookies: [headers["set-cookie"].split(";")[0] ?? ""] };
    const text = Buffer.from(answer.body ?? "");
    return Promise.resolve({ kind: "answer", status: answer.status, headers, ...cookies, body: text } as const);
  };
  const { destination } = await makeDestination(
    "splunk_hec",
    { endpoint: "https://splunk.test:8088", token: TOKEN, ack: true, ...settings },
    { clock, createHttp: () => ({ http, close: () => Promise.resolve() }) },
  );
  return { destination, splunk, clock, requests };
}

const send = (made: { destination: Destination; clock: VirtualClock }, count = 3): Promise<Attempt> =>
  made.clock.run(made.destination.send(recordNumbers(count), signal));

test("says yes only when the indexer has, asking ever more rarely", async () => {
  let polls = 0;
  const made = await makeAcknowledged({
    intercept: ({ url }) => {
      if (url.includes("/ack") && (polls += 1) === 5) made.splunk.index();
      return undefined;
    },
  });
  expect(await send(made)).toStrictEqual({ status: "accepted", rejected: 0 });
  expect(made.splunk.taken).toHaveLength(3);
  // One question beforehand, then after 1, 2, 4 and 8 seconds.
  expect(polls).toBe(5);
  expect(made.clock.monotonic()).toBe(15_000);
});

test("a channel is a GUID, named in header and query, and the same for all questions about a request", async () => {
  const made = await makeAcknowledged({ intercept: () => made.splunk.index() });
  await send(made);
  const [, event, question] = made.requests;
  const channel = event?.headers["x-splunk-request-channel"];
  expect(channel).toMatch(/^[0-9a-f-]{36}$/);
  expect(event?.url).toBe("https://splunk.test:8088/services/collector/event");
  expect(question?.url).toBe(`https://splunk.test:8088/services/collector/ack?channel=${channel}`);
  expect(JSON.parse(String(question?.body))).toEqual({ acks: [0] });
});

test("what is not acknowledged in time is sent again, on another channel, with the same uids", async () => {
  const made = await makeAcknowledged({ settings: { ack_timeout: "60s", ack_interval: "5s" } });
  expect(await send(made)).toStrictEqual({
    status: "retry",
    cause: { message: "Splunk took the events, but did not acknowledge them within 60 s" },
  });
  expect(made.clock.monotonic()).toBe(60_000);
  const before = made.requests.filter(({ url }) => url.endsWith("/event"));
  made.splunk.index();
  const again = made.clock.run(made.destination.send(recordNumbers(3), signal));
  await expect(again).resolves.toMatchObject({ status: "retry" });
  const [first, second] = made.requests.filter(({ url }) => url.endsWith("/event"));
  expect(before).toHaveLength(1);
  expect(second?.headers["x-splunk-request-channel"]).not.toBe(first?.headers["x-splunk-request-channel"]);
  expect(Buffer.from(second?.body ?? "").equals(Buffer.from(first?.body ?? ""))).toBe(true);
});

test("questions that fail are asked again; a restart of the indexer means sending again", async () => {
  const answers = [undefined, undefined, "cut", { status: 503 }, { status: 500 }] as const;
  let asked = 0;
  const made = await makeAcknowledged({
    intercept: () => {
      made.splunk.index();
      return answers[asked++];
    },
  });
  expect(await send(made)).toMatchObject({ status: "accepted" });
  expect(made.splunk.taken).toHaveLength(3);

  const restarted = await makeAcknowledged({
    settings: { ack_timeout: "10s" },
    intercept: ({ url }) => {
      if (url.includes("/ack")) restarted.splunk.restart();
      return undefined;
    },
  });
  expect(await send(restarted)).toMatchObject({ status: "retry" });
});

test("behind a balancer the questions reach the indexer that has the events", async () => {
  const made = await makeAcknowledged({ indexers: 3, intercept: () => made.splunk.index() });
  for (let batch = 0; batch < 5; batch++) expect(await send(made)).toMatchObject({ status: "accepted" });
  expect(made.splunk.taken).toHaveLength(15);
  expect(new Set(made.requests.slice(1).map(({ headers }) => headers["cookie"]))).toEqual(new Set(["indexer=0"]));
});

test("a token that does not acknowledge is told before the first event is sent", async () => {
  const made = await makeAcknowledged({ useAck: false });
  expect(await send(made)).toMatchObject({
    status: "refused",
    fault: "configuration",
    cause: { message: "HTTP 400: ACK is disabled (code 14)" },
  });
  expect(made.splunk.taken).toEqual([]);
  expect(await made.clock.run(made.destination.probe(signal))).toMatchObject({ fault: "configuration" });
});

test("a token that stops acknowledging is told, and gets no event after that", async () => {
  let isOn = true;
  const taken: string[] = [];
  const made = await makeAcknowledged({
    intercept: ({ url }) => {
      made.splunk.index();
      if (isOn) return undefined;
      taken.push(url);
      if (url.endsWith("/event")) return { status: 200, body: '{"text":"Success","code":0}' };
      return { status: 400, body: '{"text":"ACK is disabled","code":14}' };
    },
  });
  expect(await send(made)).toMatchObject({ status: "accepted" });
  isOn = false;
  for (let time = 0; time < 3; time++) expect(await send(made)).toMatchObject({ fault: "configuration" });
  expect(taken.filter((url) => url.endsWith("/event"))).toHaveLength(1);
});

test.each([401, 403])(
  "a token refused by HTTP %d while it is waited for is a matter of credentials",
  async (status) => {
    const made = await makeAcknowledged({
      intercept: ({ url }) => (made.requests.length > 2 && url.includes("/ack") ? { status } : undefined),
    });
    expect(await send(made)).toMatchObject({ status: "refused", fault: "credentials" });
  },
);

test("an abort ends the wait with its reason", async () => {
  const made = await makeAcknowledged();
  const controller = new AbortController();
  const reason = new Error("stop");
  const sending = made.destination.send(recordNumbers(1), controller.signal);
  controller.abort(reason);
  await expect(sending).rejects.toBe(reason);
});

test("a probe asks for both: whether the token is good, and whether it acknowledges", async () => {
  const made = await makeAcknowledged();
  expect(await made.clock.run(made.destination.probe(signal))).toStrictEqual({ status: "accepted", rejected: 0 });
  expect(made.splunk.questions).toBe(1);
  expect(made.splunk.taken).toEqual([]);
});

test.each([
  { ack: false, repeats: 0 },
  // Nothing but its own yes settles an event: those before a culprit are sent once more to have it.
  { ack: true, repeats: 17 + (500 - 18) + (998 - 501) },
])("three events at fault among a thousand are dead letters, all others arrive: $ack", async ({ ack, repeats }) => {
  const culprits = new Set([17, 500, 998]);
  const made = await makeAcknowledged({
    useAck: ack,
    settings: { ack },
    poison: ({ event }) => culprits.has((event as { number: number }).number),
    intercept: () => made.splunk.index(),
  });
  const { clock, destination } = made;
  const random = () => 0.5;
  const letters: string[] = [];
  const deadLetters = {
    full: () => Promise.resolve(undefined),
    write: (written: readonly { record: { uid: string } }[]) => {
      letters.push(...written.map(({ record }) => record.uid));
      return Promise.resolve();
    },
  };
  const deliver = isolating(withRetry(destination.send, { clock, random, attemptSignal: signal }), deadLetters, {
    clock,
    random,
  });
  const records = recordNumbers(1_000);
  const settled = await clock.run(
    (async () => {
      const receipts = [];
      for await (const receipt of deliver(records, signal)) receipts.push(...receipt.records);
      return receipts;
    })(),
  );
  expect(settled).toHaveLength(1_000);
  expect(letters).toEqual([...culprits].map((number) => records[number]?.uid));
  const numbers = made.splunk.taken.map(({ event }) => (event as { number: number }).number);
  expect(new Set(numbers).size).toBe(997);
  expect(numbers.length - 997).toBe(repeats);
  expect(made.requests.filter(({ url }) => url.endsWith("/event")).length).toBe(ack ? 7 : 4);
});
