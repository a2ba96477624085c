import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { request } from "undici";
import { expect, inject, test } from "vitest";
import { uidOf } from "../../support/otlp-decoder.ts";
import { makeDestination } from "../../support/destination.ts";
import { createReceiver } from "../../support/receiver.ts";
import { recordNumbers } from "../../support/records.ts";
import { createStillSlack, expectedRecords, runOnce } from "../whole-run.ts";
import { collectorTest } from "./collector-test.ts";
import { toFile, type CollectorConfig, type Place } from "./collector.ts";
import { EXAMPLES, shipped } from "./shipped.ts";

const PATIENCE = { timeout: 20_000, interval: 100 };

test.for(["collector.yaml", "durable.yaml"])(
  "the Collector finds nothing wrong with the %s we ship",
  async (name, { skip }) => {
    const found = inject("collector");
    if (found.status === "absent") throw skip(found.reason);
    const env = { ...process.env, BACKEND_OTLP_ENDPOINT: "http://localhost:1", QUEUE_DIRECTORY: "/tmp" };
    const validated = promisify(execFile)(found.path, ["validate", "--config", EXAMPLES + name], { env });
    await expect(validated).resolves.toBeDefined();
  },
);

collectorTest("bodies limited to 64 KiB are split, and every entry arrives once", async ({ start }) => {
  const collector = await start({
    config: (place) => ({
      ...toFile(place),
      receivers: {
        otlp: { protocols: { http: { endpoint: `127.0.0.1:${place.otlpPort}`, max_request_body_size: 65_536 } } },
      },
    }),
  });
  const slack = createStillSlack();
  const expected = await expectedRecords(slack);
  const { code, stderr } = await runOnce(slack, { destination: { otlp: { endpoint: collector.endpoint } } });
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain("dead_lettered");
  await collector.stop();
  expect((await collector.records()).map(uidOf).toSorted()).toEqual([...expected.keys()].toSorted());
});

collectorTest("a memory limiter that refuses is waited out", async ({ start }) => {
  const refusing = (place: Place): CollectorConfig => ({
    ...toFile(place),
    processors: { memory_limiter: { check_interval: "100ms", limit_mib: 1 } },
    service: {
      extensions: ["health_check"],
      telemetry: { metrics: { level: "none" } },
      pipelines: { logs: { receivers: ["otlp"], processors: ["memory_limiter"], exporters: ["file"] } },
    },
  });
  const collector = await start({ config: refusing });
  await using made = await makeDestination("otlp", { endpoint: collector.endpoint });
  const send = () => made.destination.send(recordNumbers(3), new AbortController().signal);
  await expect.poll(send, PATIENCE).toMatchObject({ status: "retry", cause: { statusCode: 503 } });
  await collector.stop();
  await start({ place: collector.place });
  expect(await send()).toMatchObject({ status: "accepted" });
});

collectorTest(
  "what a Collector with a queue that is waited for says yes to is with its backend, kills included",
  async ({ start }) => {
    await using backend = await createReceiver();
    const config = await shipped("collector.yaml", backend.url);
    const first = await start({ config });
    const slack = createStillSlack();
    const expected = await expectedRecords(slack);
    const settings = { destination: { otlp: { endpoint: first.endpoint } }, batch: { max_records: 100 } };
    const running = runOnce(slack, settings);
    await expect.poll(() => backend.requests.length, PATIENCE).toBeGreaterThan(3);
    await first.kill();
    await start({ place: first.place, config });
    const { code, stderr } = await running;
    expect(code, stderr).toBe(0);
    expect([...new Set(backend.uids())].toSorted()).toEqual([...expected.keys()].toSorted());
    // At most the batch in flight of each of the five streams.
    expect(backend.uids().length - expected.size).toBeLessThanOrEqual(5 * 100);
  },
);

collectorTest(
  "what a Collector with a durable queue says yes to survives it, while its backend is away",
  async ({ start }) => {
    const away = await createReceiver({ respond: () => ({ kind: "status", status: 503 }) });
    const config = await shipped("durable.yaml", away.url);
    const first = await start({ config });
    const slack = createStillSlack();
    const expected = await expectedRecords(slack);
    const { code, stderr } = await runOnce(slack, { destination: { otlp: { endpoint: first.endpoint } } });
    expect(code, stderr).toBe(0);
    await first.kill();
    await away.close();
    await using backend = await createReceiver();
    await start({ place: first.place, config: await shipped("durable.yaml", backend.url) });
    await expect.poll(() => new Set(backend.uids()).size, PATIENCE).toBe(expected.size);
  },
);

collectorTest("each line of standard output is a request that the Collector takes", async ({ collector }) => {
  const slack = createStillSlack();
  const expected = await expectedRecords(slack);
  const { code, stdout, stderr } = await runOnce(slack, { destination: { stdout: {} } });
  expect(code, stderr).toBe(0);
  const lines = stdout.toString().split("\n");
  expect(lines.pop()).toBe("");
  for (const body of lines) {
    const options = { method: "POST", headers: { "content-type": "application/json" }, body } as const;
    const { statusCode, body: answer } = await request(`${collector.endpoint}/v1/logs`, options);
    expect(statusCode, await answer.text()).toBe(200);
  }
  await collector.stop();
  expect((await collector.records()).map(uidOf).toSorted()).toEqual([...expected.keys()].toSorted());
});
