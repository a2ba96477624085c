import { expect, test } from "vitest";
import { datadog } from "../../src/destinations/datadog.ts";
import type { HttpRequest } from "../../src/http.ts";
import type { LogRecord } from "../../src/model.ts";
import { makeDestination } from "../support/destination.ts";
import { decodeRequest, inflateRequest, uidOf } from "../support/otlp-decoder.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const { signal } = new AbortController();

async function makeFake(written: Record<string, unknown> = {}, status = 202) {
  const requests: HttpRequest[] = [];
  const clock = createVirtualClock(1_700_000_000_000);
  const made = await makeDestination(
    "datadog",
    { api_key: "k".repeat(32), ...written },
    {
      clock,
      createHttp: () => ({
        http: (request: HttpRequest) => {
          requests.push(request);
          return Promise.resolve({ kind: "answer" as const, status, headers: {}, body: Buffer.alloc(0) });
        },
        close: () => Promise.resolve(),
      }),
    },
  );
  return { ...made, requests };
}

function withBody(number: number, body: string): LogRecord {
  const record = recordNumber(number, body.length);
  return { ...record, log: { ...record.log, body } };
}
function withTime(number: number, seconds: number): LogRecord {
  const record = recordNumber(number);
  return { ...record, log: { ...record.log, hrTime: [seconds, 0] } };
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

test("records that Datadog may not keep are counted aloud, once they are accepted", async () => {
  const day = 86_400;
  const records = [
    withTime(1, 1_700_000_000 - day),
    withTime(2, 1_700_000_000 - (3 * day) / 4 - 1),
    withTime(3, 1_700_000_000 - (3 * day) / 4 + 1),
    withTime(4, 0),
    recordNumber(5),
  ];
  const { destination, log } = await makeFake();
  await destination.send(records, signal);
  expect(log).toMatchObject([{ level: "warn", event: "records_older_than_window", fields: { records: 2 } }]);
  await destination.send([recordNumber(5)], signal);
  expect(log).toHaveLength(1);

  const refusing = await makeFake({}, 503);
  await refusing.destination.send(records, signal);
  expect(refusing.log).toHaveLength(0);
});
