import { expect } from "vitest";
import { request } from "undici";
import { collectorTest } from "./collector-test.ts";
import { toFile } from "./collector.ts";

const UID = "0123456789abcdef0123456789abcdef";

async function post(endpoint: string, body: unknown): Promise<{ status: number; answer: unknown }> {
  const { statusCode, body: answer } = await request(`${endpoint}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: statusCode, answer: await answer.json() };
}

function requestOf(...texts: readonly string[]) {
  return {
    resourceLogs: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "slack" } }] },
        scopeLogs: [
          {
            scope: { name: "slack-otel", version: "0.0.0" },
            logRecords: texts.map((text) => ({
              timeUnixNano: "1700000000123456000",
              observedTimeUnixNano: "1700000001000000000",
              severityNumber: 9,
              eventName: "slack.access",
              traceId: "5b8efff798038103d269b633813fc60c",
              attributes: [{ key: "log.record.uid", value: { stringValue: UID } }],
              body: {
                kvlistValue: {
                  values: [
                    { key: "text", value: { stringValue: text } },
                    { key: "count", value: { intValue: "9007199254740993" } },
                    { key: "nothing", value: {} },
                  ],
                },
              },
            })),
          },
        ],
      },
    ],
  };
}

collectorTest("a request sent to the Collector is read back from its file, field by field", async ({ collector }) => {
  expect(await post(collector.endpoint, requestOf("grüße"))).toEqual({ status: 200, answer: { partialSuccess: {} } });
  await collector.stop();
  expect(await collector.records()).toEqual([
    {
      timeUnixNano: 1700000000123456000n,
      observedTimeUnixNano: 1700000001000000000n,
      severityNumber: 9,
      severityText: "",
      eventName: "slack.access",
      traceId: "5b8efff798038103d269b633813fc60c",
      spanId: "",
      flags: 0,
      attributes: new Map([["log.record.uid", UID]]),
      droppedAttributesCount: 0,
      body: new Map<string, unknown>([
        ["text", "grüße"],
        ["count", 9007199254740993n],
        ["nothing", null],
      ]),
      resource: new Map([["service.name", "slack"]]),
      scope: { name: "slack-otel", version: "0.0.0", attributes: new Map() },
      schemaUrl: "",
      resourceSchemaUrl: "",
    },
  ]);
});

collectorTest("each request stays one, and is there before the Collector stops", async ({ collector }) => {
  await post(collector.endpoint, requestOf("a", "b"));
  await post(collector.endpoint, requestOf("c"));
  await expect.poll(async () => (await collector.requests()).map((records) => records.length)).toEqual([2, 1]);
});

collectorTest("one that was killed is replaced by one at the same address and file", async ({ start }) => {
  const first = await start();
  await post(first.endpoint, requestOf("a"));
  await expect.poll(() => first.records()).toHaveLength(1);
  await first.kill();
  await expect(post(first.endpoint, requestOf("b"))).rejects.toThrow("ECONNREFUSED");
  const second = await start({ place: first.place });
  await post(second.endpoint, requestOf("b"));
  await expect.poll(() => second.records()).toHaveLength(2);
});

collectorTest("one with another configuration refuses what that one limits", async ({ start }) => {
  const { endpoint } = await start({
    config: (place) => ({
      ...toFile(place),
      receivers: {
        otlp: { protocols: { http: { endpoint: `127.0.0.1:${place.otlpPort}`, max_request_body_size: 1024 } } },
      },
    }),
  });
  const { status, answer } = await post(endpoint, requestOf("x".repeat(2048)));
  expect(status).toBe(400);
  expect(answer).toMatchObject({ message: expect.stringContaining("request body too large") });
});

collectorTest("a Collector that cannot start says why", async ({ start }) => {
  const broken = start({ config: (place) => ({ ...toFile(place), exporters: { nonexistent: {} } }) });
  await expect(broken).rejects.toThrow("nonexistent");
});
