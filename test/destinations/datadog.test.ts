import { describe, expect, test } from "vitest";
import { datadog } from "../../src/destinations/datadog.ts";
import type { DestinationDependencies } from "../../src/destinations/destination-kind.ts";
import type { HttpRequest } from "../../src/http.ts";
import { SOURCE_NAMES, type LogRecord } from "../../src/model.ts";
import type { DeadLetter } from "../../src/pipeline/dead-letters.ts";
import { isolating, type Receipt } from "../../src/pipeline/isolate.ts";
import { withRetry } from "../../src/pipeline/retry.ts";
import { createServerClock } from "../../src/server-clock.ts";
import { makeDestination } from "../support/destination.ts";
import { fixtureRecords } from "../support/fixture-records.ts";
import { decodeRequest, inflateRequest, uidOf } from "../support/otlp-decoder.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const { signal } = new AbortController();

/** `aheadMs`: of Datadog's clock, where its answers tell the time. */
async function makeFake(
  written: Record<string, unknown> = {},
  status = 202,
  aheadMs?: number,
  given: Partial<DestinationDependencies> = {},
) {
  const requests: HttpRequest[] = [];
  const answers = { status, aheadMs };
  const clock = createVirtualClock(1_700_000_000_000);
  const made = await makeDestination(
    "datadog",
    { api_key: "k".repeat(32), ...written },
    {
      clock,
      createHttp: () => ({
        http: (request: HttpRequest) => {
          requests.push(request);
          const { status, aheadMs } = answers;
          const headers = aheadMs === undefined ? {} : { date: new Date(clock.now() + aheadMs).toUTCString() };
          return Promise.resolve({ kind: "answer" as const, status, headers, body: Buffer.alloc(0) });
        },
        close: () => Promise.resolve(),
      }),
      ...given,
    },
  );
  return { ...made, requests, answers, clock };
}

function withBody(number: number, body: string): LogRecord {
  const record = recordNumber(number, body.length);
  return { ...record, log: { ...record.log, body } };
}
function withTime(number: number, seconds: number, nanos = 0): LogRecord {
  const record = recordNumber(number);
  return { ...record, log: { ...record.log, hrTime: [seconds, nanos] } };
}

test.each([
  [{}, "https://otlp.datadoghq.com/v1/logs"],
  [{ site: "us3.datadoghq.com" }, "https://otlp.us3.datadoghq.com/v1/logs"],
  [{ site: "datadoghq.eu" }, "https://otlp.datadoghq.eu/v1/logs"],
  [{ endpoint: "http://localhost:4318/" }, "http://localhost:4318/v1/logs"],
])("with %j it sends protobuf and gzip to %s", async (written, url) => {
  const { destination, requests } = await makeFake(written);
  const records = recordNumbers(3);
  expect(await destination.send(records, signal)).toMatchObject({ status: "accepted" });
  const [request] = requests;
  expect(request).toMatchObject({
    method: "POST",
    url,
    headers: { "dd-api-key": "k".repeat(32), "content-type": "application/x-protobuf", "content-encoding": "gzip" },
  });
  const bytes = inflateRequest("gzip", request?.body as Uint8Array);
  expect(decodeRequest("application/x-protobuf", bytes).map(uidOf)).toEqual(records.map(({ uid }) => uid));
});

test.each(["datadoghq.com/path", "user@datadoghq.com", "datadoghq.com:99", "https://datadoghq.com", "localhost", ""])(
  "the site %j is refused",
  (site) => {
    expect(datadog.settings.safeParse({ api_key: "key", site }).success).toBe(false);
  },
);

test("its limits are those that Datadog publishes, the 18 hours among them", async () => {
  const { destination } = await makeFake();
  expect(destination.limits).toEqual({ maxRecords: 1_000, maxBytes: 5_000_000, maxAgeMs: 64_800_000 });
});

test("a record that Datadog would cut is refused unsent, with its neighbours until it is alone", async () => {
  const { destination, requests } = await makeFake();
  const large = withBody(2, "x".repeat(1_000_001));
  const tooLarge = { status: "refused", fault: "payload", reason: "too_large" };
  expect(await destination.send([recordNumber(1), large], signal)).toMatchObject(tooLarge);
  expect(await destination.send([large], signal)).toMatchObject(tooLarge);
  expect(requests).toHaveLength(0);
  expect(await destination.send([withBody(3, "x".repeat(990_000))], signal)).toMatchObject({ status: "accepted" });
});

const HOUR = 3_600;
const NOW = 1_700_000_000;
const ageing = [
  withTime(1, NOW - 24 * HOUR),
  withTime(2, NOW - 18 * HOUR - 1),
  withTime(3, NOW - 18 * HOUR + 61),
  withTime(4, 0),
  recordNumber(5),
];
const numbersOf = (request: HttpRequest | undefined) =>
  decodeRequest("application/x-protobuf", inflateRequest("gzip", request?.body as Uint8Array)).map((record) =>
    Number(`0x${uidOf(record)}`),
  );

/** The records of each request, but for those that only ask for the time. */
const sentOf = ({ requests }: { readonly requests: readonly HttpRequest[] }) =>
  requests.map(numbersOf).filter((numbers) => numbers.length > 0);

describe("records older than 18 hours", () => {
  /** Settles records as a run does. */
  async function deliver({ destination, clock }: Awaited<ReturnType<typeof makeFake>>, records: readonly LogRecord[]) {
    const letters: DeadLetter[] = [];
    const deadLetters = {
      full: () => Promise.resolve(undefined),
      write: (written: readonly DeadLetter[]) => Promise.resolve(void letters.push(...written)),
    };
    const options = { clock, random: () => 0.5 };
    const send = withRetry(destination.send, { ...options, attemptSignal: signal });
    const delivery = isolating(send, deadLetters, options)(records, signal);
    return clock.run(
      (async () => {
        const receipts: Receipt[] = [];
        for (;;) {
          const step = await delivery.next();
          if (step.done === true) return { letters, receipts, end: step.value };
          receipts.push(step.value);
        }
      })(),
    );
  }

  test("[D2] are dead letters by default, each with its reason, and their neighbours arrive", async () => {
    const made = await makeFake();
    const { letters, receipts, end } = await deliver(made, ageing);
    expect(end).toEqual({ kind: "settled" });
    expect(letters.map(({ record, reason }) => [Number(`0x${record.uid}`), reason])).toEqual([
      [1, "too_old"],
      [2, "too_old"],
    ]);
    expect(letters[0]?.cause.message).toContain("older than the 18 hours that Datadog takes");
    expect(sentOf(made)).toEqual([[3, 4, 5]]);
    expect(Object.fromEntries(receipts.map(({ outcome, records }) => [outcome, records.length]))).toEqual({
      accepted: 3,
      dead_lettered: 2,
    });
  });

  test("are so by the fraction of a second, less a minute that a request may be on its way", async () => {
    const made = await makeFake();
    const edge = [withTime(1, NOW - 18 * HOUR + 59, 999_000_000), withTime(2, NOW - 18 * HOUR + 60, 1_000_000)];
    await made.clock.advance(1);
    const { letters } = await deliver(made, edge);
    expect(letters.map(({ record }) => Number(`0x${record.uid}`))).toEqual([1]);
    expect(sentOf(made)).toEqual([[2]]);
  });

  test("are dead letters however many they are, in one receipt, with no request for them and no halt", async () => {
    const made = await makeFake();
    const records = Array.from({ length: 1_000 }, (_, number) =>
      withTime(number, NOW - (number < 700 ? 24 : 1) * HOUR),
    );
    const { letters, receipts, end } = await deliver(made, records);
    expect([end.kind, letters.length, sentOf(made).length, receipts.length]).toEqual(["settled", 700, 1, 2]);
    const onlyOld = await makeFake();
    expect((await deliver(onlyOld, records.slice(0, 700))).letters).toHaveLength(700);
    expect(sentOf(onlyOld)).toEqual([]);
  });

  test("are found between others and behind them", async () => {
    const made = await makeFake();
    const records = Array.from({ length: 64 }, (_, number) =>
      withTime(number, NOW - (number % 9 === 4 ? 24 : 1) * HOUR),
    );
    const { letters, end } = await deliver(made, records);
    expect([end.kind, letters.length]).toEqual(["settled", 7]);
    expect(made.requests.flatMap(numbersOf).toSorted((a, b) => a - b)).toEqual(
      records.flatMap((_, number) => (number % 9 === 4 ? [] : [number])),
    );
  });

  describe("[P15] by Datadog's clock, where the host's is a day off", () => {
    const DAY_MS = 24 * HOUR * 1_000;
    const fresh = [withTime(1, NOW - DAY_MS / 1_000 - HOUR), withTime(2, NOW - DAY_MS / 1_000)];

    test("a host ahead of it sets nothing aside that is new", async () => {
      const made = await makeFake({}, 202, -DAY_MS);
      const { letters } = await deliver(made, fresh);
      expect(letters).toEqual([]);
      expect(made.requests.map(numbersOf)).toEqual([[], [1, 2]]);
      // It is known from now on.
      await deliver(made, fresh);
      expect(made.requests.map(numbersOf)).toEqual([[], [1, 2], [1, 2]]);
    });

    test("nor does it send with a time that is a day ahead", async () => {
      const made = await makeFake({ late: "restamp" }, 202, -DAY_MS);
      await deliver(made, [withTime(1, NOW - 3 * (DAY_MS / 1_000)), ...fresh]);
      const [old, ...others] = decodeRequest(
        "application/x-protobuf",
        inflateRequest("gzip", made.requests[1]?.body as Uint8Array),
      );
      expect(old?.timeUnixNano).toBe(BigInt(NOW - DAY_MS / 1_000) * 1_000_000_000n);
      expect(others.map(({ attributes }) => attributes.has("slack.time.original"))).toEqual([false, false]);
    });

    test("a host behind it sets aside what Datadog would not keep", async () => {
      const made = await makeFake({}, 202, DAY_MS);
      const { letters } = await deliver(made, [withTime(1, NOW + 4 * HOUR), withTime(2, NOW + 23 * HOUR)]);
      expect(letters.map(({ record }) => Number(`0x${record.uid}`))).toEqual([1]);
      expect(sentOf(made)).toEqual([[2]]);
    });

    test("nothing is set aside before Datadog has answered, and the date of an error is not believed", async () => {
      const { destination, answers, requests } = await makeFake({}, 503, -DAY_MS);
      expect(await destination.send(fresh, signal)).toMatchObject({ status: "retry" });
      answers.status = 403;
      expect(await destination.send(fresh, signal)).toMatchObject({ status: "refused", fault: "credentials" });
      Object.assign(answers, { status: 202, aheadMs: 0 });
      expect(await destination.send(fresh, signal)).toMatchObject({ status: "refused", reason: "too_old" });
      expect(sentOf({ requests })).toEqual([]);
    });

    test("it is not asked for where Slack's answers have told the time", async () => {
      const clock = createVirtualClock(NOW * 1_000);
      const serverClock = createServerClock(clock);
      serverClock.ask()(new Date((NOW - DAY_MS / 1_000) * 1_000).toUTCString());
      const made = await makeFake({}, 202, undefined, { clock, serverClock });
      const { letters } = await deliver({ ...made, clock }, fresh);
      expect([letters.length, made.requests.map(numbersOf)]).toEqual([0, [[1, 2]]]);
    });

    test("it is not asked for what is within an hour of the host's", async () => {
      const made = await makeFake({}, 202, 0);
      await deliver(made, [withTime(1, NOW - HOUR), withTime(2, NOW + HOUR), withTime(3, 0)]);
      expect(made.requests).toHaveLength(1);
    });
  });

  test("late: restamp sends them with the present time, and keeps their own beside", async () => {
    const { destination, requests, log } = await makeFake({ late: "restamp" });
    expect(destination.limits).not.toHaveProperty("maxAgeMs");
    expect(await destination.send(ageing, signal)).toMatchObject({ status: "accepted" });
    const [old, , fresh] = decodeRequest(
      "application/x-protobuf",
      inflateRequest("gzip", requests.at(-1)?.body as Uint8Array),
    );
    expect(old?.timeUnixNano).toBe(BigInt(NOW) * 1_000_000_000n);
    expect(old?.attributes.get("slack.time.original")).toBe("2023-11-13T22:13:20.000000000Z");
    expect(old?.attributes.get("log.record.uid")).toBe(ageing[0]?.uid);
    expect(fresh?.attributes.has("slack.time.original")).toBe(false);
    expect(log).toMatchObject([{ level: "warn", event: "records_older_than_window", fields: { records: 2 } }]);
  });

  test("[D2] late: send sends them as they are, and counts them aloud once they are accepted", async () => {
    const { destination, requests, log } = await makeFake({ late: "send" });
    await destination.send(ageing, signal);
    expect(numbersOf(requests[0])).toEqual([1, 2, 3, 4, 5]);
    expect(log).toMatchObject([{ level: "warn", event: "records_older_than_window", fields: { records: 2 } }]);
    await destination.send([recordNumber(5)], signal);
    expect(log).toHaveLength(1);

    const refusing = await makeFake({ late: "send" }, 503);
    await refusing.destination.send(ageing, signal);
    expect(refusing.log).toHaveLength(0);
  });
});

describe("in Datadog's terms", () => {
  const record = (): LogRecord => {
    const plain = recordNumber(1);
    return {
      ...plain,
      log: {
        ...plain.log,
        hrTime: [NOW, 123_456_789],
        body: { action: "user_login", status: "odd", message: "entry's own", date: "1999", level: "nope" },
        attributes: { ...plain.log.attributes, "slack.integration.scopes": ["a", "b"] },
        eventName: "slack.audit.user_login",
        severityNumber: 13,
        spanContext: { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", traceFlags: 0 },
      },
    };
  };
  const logsOf = (request: HttpRequest | undefined) =>
    JSON.parse(Buffer.from(inflateRequest("gzip", request?.body as Uint8Array)).toString()) as Record<
      string,
      unknown
    >[];

  test("a log of the v2 API has service, source, tags, host, status and trace, and nothing that overrides it", async () => {
    const settings = { api: "v2", tags: ["env:prod", "team:sec"], host: "slack", site: "us5.datadoghq.com" };
    const { destination, requests } = await makeFake(settings);
    expect(await destination.send([record()], signal)).toStrictEqual({ status: "accepted", rejected: 0 });
    expect(requests[0]).toMatchObject({
      url: "https://http-intake.logs.us5.datadoghq.com/api/v2/logs",
      headers: { "dd-api-key": "k".repeat(32), "content-type": "application/json", "content-encoding": "gzip" },
    });
    expect(logsOf(requests[0])).toEqual([
      {
        ddsource: "slack",
        ddtags: "env:prod,team:sec",
        hostname: "slack",
        service: "slack",
        status: "warn",
        timestamp: NOW * 1_000 + 123,
        message: JSON.stringify({ slack: { entry: record().log.body } }),
        "log.record.uid": record().uid,
        "slack.integration.scopes": '["a","b"]',
        "otel.timestamp": "1700000000123456789",
        "otel.event_name": "slack.audit.user_login",
        "otel.severity_number": "13",
        "otel.trace_id": "5b8efff798038103d269b633813fc60c",
        "otel.span_id": "eee19b7ec3c1b174",
        "dd.trace_id": "15161849952847513100",
        "dd.span_id": "17213210219539181940",
      },
    ]);
  });

  test.each([
    [1, undefined, "trace"],
    [5, undefined, "debug"],
    [9, undefined, "info"],
    [17, "error", "error"],
    [21, "fatal", "fatal"],
    [undefined, "peculiar", "peculiar"],
    [undefined, undefined, "info"],
  ])("severity %s %s is status %s", async (severityNumber, severityText, status) => {
    const { destination, requests } = await makeFake({ api: "v2" });
    const { log, ...rest } = recordNumber(1);
    const severity = {
      ...(severityNumber === undefined ? {} : { severityNumber }),
      ...(severityText === undefined ? {} : { severityText }),
    };
    await destination.send([{ ...rest, log: { ...log, ...severity } }], signal);
    expect(logsOf(requests[0])).toMatchObject([{ status }]);
  });

  test("no attribute of any source has a name that Datadog reads as a part of the log", () => {
    const reserved = [
      "date host hostname log level message msg service severity status syslog.severity timestamp trace_id traceid",
      "contextMap.traceID named_tags.traceid span_id spanid ddtags ddsource source @timestamp",
    ].flatMap((names) => names.split(" "));
    const names = SOURCE_NAMES.flatMap(fixtureRecords).flatMap(({ log }) => Object.keys(log.attributes));
    expect(new Set(names).size).toBeGreaterThan(30);
    expect(names.filter((name) => reserved.includes(name))).toEqual([]);
  });

  test("the OTLP intake gets source, tags and host by the attributes it has names for", async () => {
    const { destination, requests } = await makeFake({ tags: ["env:prod"], host: "slack" });
    const records = [recordNumber(1), recordNumber(2)];
    await destination.send(records, signal);
    const decoded = decodeRequest("application/x-protobuf", inflateRequest("gzip", requests[0]?.body as Uint8Array));
    for (const { resource, attributes } of decoded) {
      expect(Object.fromEntries(resource)).toEqual({
        "service.name": "slack",
        "datadog.log.source": "slack",
        "host.name": "slack",
      });
      expect(attributes.get("ddtags")).toBe("env:prod");
    }
    // One resource for both, as it was.
    expect(
      Buffer.from(inflateRequest("gzip", requests[0]?.body as Uint8Array))
        .toString()
        .split("datadog.log.source"),
    ).toHaveLength(2);
  });
});

test("the v2 API refuses unsent what is over its limits: a log of 1 MB, a request of 5 MB", async () => {
  const { destination, requests } = await makeFake({ api: "v2" });
  const tooLarge = { status: "refused", fault: "payload", reason: "too_large" };
  expect(await destination.send([withBody(1, "x".repeat(1_000_001))], signal)).toMatchObject(tooLarge);
  const six = Array.from({ length: 6 }, (_, number) => withBody(number, "x".repeat(900_000)));
  expect(await destination.send(six, signal)).toMatchObject(tooLarge);
  expect(requests).toHaveLength(0);
  expect(await destination.send(six.slice(1), signal)).toMatchObject({ status: "accepted" });
});

test.each(["uk1.datadoghq.com", "ddog-gov.com", "us2.ddog-gov.com"])(
  "for %s, which has no OTLP intake by the documentation, it says so, and the v2 API is there",
  async (site) => {
    const { log } = await makeFake({ site });
    expect(log).toMatchObject([
      { level: "warn", event: "configuration", fields: { message: expect.stringContaining("api: v2") } },
    ]);
    const v2 = await makeFake({ site, api: "v2" });
    expect(v2.log).toEqual([]);
    expect(v2.destination.description).toBe(`https://http-intake.logs.${site}/api/v2/logs`);
  },
);
