import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { nodeFiles } from "../../src/config/files.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { otlp } from "../../src/destinations/otlp.ts";
import type { HttpRequest } from "../../src/http.ts";
import { createServerClock } from "../../src/server-clock.ts";
import { recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const FOLDER = fileURLToPath(new URL("../../config/otlp/", import.meta.url));

/** Where each place takes logs, and the header that it knows the sender by, as its documentation says. */
const places: Readonly<Record<string, readonly [url: string, header: string, value: string]>> = {
  "aws-cloudwatch": ["https://logs.us-east-1.amazonaws.com/v1/logs", "authorization", "Bearer value"],
  axiom: ["https://api.axiom.co/v1/logs", "authorization", "Bearer value"],
  dynatrace: ["https://abc12345.live.dynatrace.com/api/v2/otlp/v1/logs", "authorization", "Api-Token value"],
  elastic: ["https://id.ingest.us-east-1.aws.elastic.cloud/v1/logs", "authorization", "ApiKey value"],
  "google-cloud": ["https://telemetry.googleapis.com/v1/logs", "authorization", "Bearer value"],
  "grafana-cloud": ["https://otlp-gateway-prod-eu-west-0.grafana.net/otlp/v1/logs", "authorization", "Basic value"],
  honeycomb: ["https://api.honeycomb.io/v1/logs", "x-honeycomb-team", "value"],
  logscale: ["https://cloud.community.humio.com/api/v1/ingest/otlp/v1/logs", "authorization", "Bearer value"],
  loki: ["http://loki:3100/otlp/v1/logs", "x-scope-orgid", "value"],
  "new-relic": ["https://otlp.nr-data.net/v1/logs", "api-key", "value"],
  openobserve: ["https://api.openobserve.ai/api/default/v1/logs", "authorization", "Basic value"],
  "splunk-connect-for-otlp": ["https://splunk:4318/v1/logs", "authorization", "Splunk value"],
  "victoria-logs": [
    "http://victoria-logs:9428/insert/opentelemetry/v1/logs",
    "vl-stream-fields",
    "service.name,slack.method",
  ],
};

test("each place has its example, and each example its place", () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(Object.keys(places).map((name) => `${name}.yaml`));
});

test.each(Object.entries(places))(
  "the example for %s sends protobuf and gzip to the right place",
  async (name, place) => {
    const [url, header, value] = place;
    const names = [...nodeFiles.read(`${FOLDER}${name}.yaml`).matchAll(/\$\{env:(\w+)/g)].map(
      ([, variable]) => variable ?? "",
    );
    const env = Object.fromEntries([...names, "SLACK_TOKEN"].map((variable) => [variable, "value"]));
    const files = {
      read: (path: string) => (path.startsWith(FOLDER) ? nodeFiles.read(path) : "value\n"),
      stamp: () => "always the same",
    };
    const loaded = loadConfiguration({ file: `${FOLDER}${name}.yaml`, env, files });
    if (!loaded.ok || loaded.configuration.destination.name !== "otlp") throw new Error("it does not load");
    const requests: HttpRequest[] = [];
    const destination = await otlp.create(loaded.configuration.destination.settings, {
      createHttp: () => ({
        http: (request: HttpRequest) => {
          requests.push(request);
          return Promise.resolve({ kind: "answer" as const, status: 200, headers: {}, body: Buffer.alloc(0) });
        },
        close: () => Promise.resolve(),
      }),
      serverClock: createServerClock(createVirtualClock()),
      clock: createVirtualClock(),
      log: () => undefined,
      stdout: process.stdout,
      batchBytes: loaded.configuration.batch.max_bytes,
    });
    await destination.send(recordNumbers(1), new AbortController().signal);
    expect(requests).toMatchObject([
      { url, headers: { [header]: value, "content-type": "application/x-protobuf", "content-encoding": "gzip" } },
    ]);
  },
);
