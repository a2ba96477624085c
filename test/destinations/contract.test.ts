import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { destinations, type DestinationName } from "../../src/destinations/index.ts";
import type { Destination } from "../../src/model.ts";
import { createReadRecord } from "../../src/otlp/decode.ts";
import { toJsonLine } from "../../src/otlp/encode.ts";
import { makeDestination } from "../support/destination.ts";
import { inflateRequest } from "../support/otlp-decoder.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";
import { createScriptedServer, type ScriptedServer, type ServerAnswer } from "../support/scripted-server.ts";

const SECRET = "canary-c4n4ry-t0ken";

/** What the suite has to know of a destination that is reached by HTTP. */
interface Subject {
  readonly name: DestinationName;
  readonly settings: (url: string) => Readonly<Record<string, unknown>>;
  readonly accepted: ServerAnswer;
  /** What a good receiver answers to a request without records, where that is not the same. */
  readonly probed?: ServerAnswer;
}

const subjects: Readonly<Record<string, Subject>> = {
  otlp: {
    name: "otlp",
    settings: (endpoint) => ({ endpoint, headers: { authorization: `Bearer ${SECRET}` }, timeout: "2s" }),
    accepted: { status: 200, headers: { "content-type": "application/x-protobuf" } },
  },
  datadog: {
    name: "datadog",
    settings: (endpoint) => ({ endpoint, api_key: SECRET, timeout: "2s", late: "send" }),
    accepted: { status: 202, headers: { "content-type": "application/json" }, body: "{}" },
  },
  "datadog by its v2 API": {
    name: "datadog",
    settings: (endpoint) => ({ endpoint, api_key: SECRET, timeout: "2s", late: "send", api: "v2" }),
    accepted: { status: 202, headers: { "content-type": "application/json" }, body: "{}" },
  },
  splunk_hec: {
    name: "splunk_hec",
    settings: (endpoint) => ({ endpoint, token: SECRET, timeout: "2s" }),
    accepted: { status: 200, headers: { "content-type": "application/json" }, body: '{"text":"Success","code":0}' },
    probed: { status: 400, headers: { "content-type": "application/json" }, body: '{"text":"No data","code":5}' },
  },
};

test("every registered destination is in this suite, or writes lines without a receiver", () => {
  expect(Object.keys(destinations).toSorted()).toEqual(
    [...new Set([...Object.values(subjects).map(({ name }) => name), "file", "stdout"])].toSorted(),
  );
});

describe.each(Object.entries(subjects))("%s", (_, { name, settings, accepted, probed }) => {
  const { signal } = new AbortController();
  let server: ScriptedServer;
  let elsewhere: ScriptedServer;
  let handle: () => ServerAnswer | Promise<ServerAnswer>;
  let destination: Destination;
  const make = (changes: object = {}) => makeDestination(name, { ...settings(server.url), ...changes });

  beforeAll(async () => {
    server = await createScriptedServer(() => handle());
    elsewhere = await createScriptedServer(() => accepted);
    ({ destination } = await make());
  });
  afterAll(async () => {
    await destination.close();
    await server.close();
    await elsewhere.close();
  });
  beforeEach(() => {
    handle = () => accepted;
  });

  const send = (answer: ServerAnswer, records = recordNumbers(3)) => {
    handle = () => answer;
    return destination.send(records, signal);
  };
  const lastRequest = () => server.requests.at(-1);

  test("has its name, and says where it sends to without a secret", () => {
    expect(destination.name).toBe(name);
    expect(destination.description).toContain(server.url);
    expect(destination.description).not.toContain(SECRET);
  });

  test("accepted, with the secret in a header and nowhere else", async () => {
    expect(await send(accepted)).toStrictEqual({ status: "accepted", rejected: 0 });
    const request = lastRequest();
    expect(request?.method).toBe("POST");
    expect(request?.headers["content-encoding"]).toBe("gzip");
    expect(Object.values(request?.headers ?? {}).filter((value) => value?.includes(SECRET))).toHaveLength(1);
    expect(request?.path).not.toContain(SECRET);
  });

  test("accepted with an empty body", async () => {
    expect(await send({ status: 200 })).toStrictEqual({ status: "accepted", rejected: 0 });
  });

  test.each([408, 425, 429, 500, 502, 503, 504])(
    "[D12] HTTP %d is tried again, when the server wishes",
    async (status) => {
      expect(await send({ status, headers: { "retry-after": "7" } })).toMatchObject({
        status: "retry",
        afterMs: 7_000,
        cause: { statusCode: status },
      });
    },
  );

  test.each([
    [401, "credentials"],
    [403, "credentials"],
    [407, "credentials"],
    [404, "configuration"],
    [405, "configuration"],
    [415, "configuration"],
    [501, "configuration"],
    [505, "configuration"],
  ])("[D11] HTTP %d is a matter of %s", async (status, fault) => {
    expect(await send({ status, body: "no" })).toMatchObject({
      status: "refused",
      fault,
      cause: { statusCode: status },
    });
  });

  test.each([
    [400, "rejected"],
    [409, "rejected"],
    [422, "rejected"],
    [413, "too_large"],
  ])("HTTP %d is the payload's fault: %s", async (status, reason) => {
    const answer = await send({ status, headers: { "content-type": "text/html" }, body: "<h1>no</h1>" });
    expect(answer).toMatchObject({ status: "refused", fault: "payload", reason });
    expect(answer).not.toHaveProperty("at");
  });

  test.each([301, 302, 303, 307, 308])("[D11] a redirect by HTTP %d is not followed", async (status) => {
    const before = server.requests.length;
    for (const location of [`${elsewhere.url}/v1/logs`, "/elsewhere"]) {
      expect(await send({ status, headers: { location } })).toMatchObject({
        status: "refused",
        fault: "configuration",
      });
    }
    expect(server.requests).toHaveLength(before + 2);
    expect(elsewhere.requests).toHaveLength(0);
  });

  test.each<[string, ServerAnswer]>([
    ["an HTML page", { status: 200, headers: { "content-type": "text/html" }, body: "<html>Log in</html>" }],
    ["a text", { status: 200, headers: { "content-type": "text/plain" }, body: "hello" }],
    ["cut JSON", { status: 200, headers: { "content-type": "application/json" }, body: '{"text":"Succ' }],
    ["JSON of another kind", { status: 200, headers: { "content-type": "application/json" }, body: "null" }],
    ["an endless body", { status: 200, headers: { "content-type": "application/json" }, body: " ".repeat(4_300_000) }],
    ["an encoding that is none", { status: 200, headers: { "content-encoding": "gzip" }, body: "{}" }],
  ])("a 200 with %s is no yes", async (_name, answer) => {
    expect(await send(answer)).toMatchObject({ status: "retry", escalate: "configuration" });
  });

  test.each<ServerAnswer>(["reset", "cut"])("[D9] a lost answer (%s) is tried again", async (answer) => {
    const outcome = await send(answer);
    expect(outcome).toStrictEqual({
      status: "retry",
      cause: { message: expect.stringContaining("connection failed") },
    });
  });

  test("a receiver that is not there is tried again", async () => {
    const gone = await createScriptedServer(() => accepted);
    await gone.close();
    await using made = await makeDestination(name, settings(gone.url));
    expect(await made.destination.send(recordNumbers(1), signal)).toMatchObject({
      status: "retry",
      cause: { message: "connection failed: ECONNREFUSED" },
    });
  });

  test.each<ServerAnswer>(["hang", "stall"])(
    "a receiver without an answer in time (%s) is tried again",
    async (answer) => {
      await using made = await make({ timeout: "50ms" });
      handle = () => answer;
      expect(await made.destination.send(recordNumbers(1), signal)).toStrictEqual({
        status: "retry",
        cause: { message: "no complete answer within 0.05 s" },
      });
    },
  );

  test("[D3] a slow receiver is waited for", async () => {
    const { promise, resolve } = Promise.withResolvers<ServerAnswer>();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    handle = () => {
      arrive();
      return promise;
    };
    const sending = destination.send(recordNumbers(1), signal);
    await arrived;
    resolve(accepted);
    expect(await sending).toMatchObject({ status: "accepted" });
  });

  test("an abort before sending, while the answer is waited for and within its body ends with its reason", async () => {
    const reason = new Error("stop");
    const before = server.requests.length;
    await expect(destination.send(recordNumbers(1), AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.requests).toHaveLength(before);

    for (const answer of ["hang", "stall"] as const) {
      const controller = new AbortController();
      handle = () => {
        setImmediate(() => controller.abort(reason));
        return answer;
      };
      await expect(destination.send(recordNumbers(1), controller.signal)).rejects.toBe(reason);
    }
    handle = () => accepted;
    expect(await destination.send(recordNumbers(1), signal)).toMatchObject({ status: "accepted" });
  });

  test("[D9] the same records make the same request", async () => {
    const records = recordNumbers(5);
    await send("reset", records);
    const first = lastRequest();
    await send(accepted, records);
    expect(lastRequest()?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
  });

  test("records read back from dead letters make the same request", async () => {
    const records = recordNumbers(5);
    const readRecord = createReadRecord();
    await send(accepted, records);
    const first = lastRequest();
    await send(
      accepted,
      records.map((record) => readRecord(JSON.parse(toJsonLine(record)))),
    );
    expect(lastRequest()?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
  });

  test("a batch over its limits is refused unsent", async () => {
    const { maxBytes } = destination.limits;
    if (maxBytes === undefined) return;
    const before = server.requests.length;
    const record = recordNumber(1);
    const large = { ...record, log: { ...record.log, body: "x".repeat(maxBytes) }, sizeBytes: maxBytes };
    expect(await destination.send([large], signal)).toMatchObject({ status: "refused", reason: "too_large" });
    expect(server.requests).toHaveLength(before);
  });

  describe("a probe", () => {
    const probe = (answer: ServerAnswer) => {
      handle = () => answer;
      return destination.probe(signal);
    };

    test("is one request without a record, and yes is yes", async () => {
      const before = server.requests.length;
      expect(await probe(probed ?? accepted)).toStrictEqual({ status: "accepted", rejected: 0 });
      expect(server.requests.length - before).toBe(1);
      const request = lastRequest();
      expect(request?.method).toBe("POST");
      const inflated = inflateRequest(request?.headers["content-encoding"], request?.body ?? Buffer.alloc(0));
      expect(Buffer.from(inflated).toString()).not.toMatch(/log\.record\.uid|number/);
      expect(Object.values(request?.headers ?? {}).filter((value) => value?.includes(SECRET))).toHaveLength(1);
    });

    test.each([401, 403])("tells refused credentials by HTTP %d", async (status) => {
      const answer = await probe({ status, body: `no ${SECRET}` });
      expect(answer).toMatchObject({ status: "refused", fault: "credentials", cause: { statusCode: status } });
      expect(JSON.stringify(answer)).not.toContain(SECRET);
    });

    test.each([404, 308])("tells a wrong address by HTTP %d", async (status) => {
      expect(await probe({ status, headers: { location: `${elsewhere.url}/` } })).toMatchObject({
        status: "refused",
        fault: "configuration",
      });
      expect(elsewhere.requests).toHaveLength(0);
    });

    test("tells a receiver that is there and cannot, and one that is not there", async () => {
      expect(await probe({ status: 503 })).toMatchObject({ status: "retry", cause: { statusCode: 503 } });
      expect(await probe("reset")).toMatchObject({ status: "retry" });
      expect(await probe({ status: 200, headers: { "content-type": "text/html" }, body: "<html>" })).toMatchObject({
        escalate: "configuration",
      });
    });

    test("ends with the reason of its signal", async () => {
      const reason = new Error("stop");
      await expect(destination.probe(AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });

  test("no answer gets the secret or the payload into a cause", async () => {
    const echo = { status: 403, headers: { "content-type": "text/plain" }, body: `invalid key ${SECRET}` };
    expect(JSON.stringify(await send(echo))).not.toContain(SECRET);
    expect(JSON.stringify(await send({ ...echo, status: 503 }))).not.toContain(SECRET);
  });
});
