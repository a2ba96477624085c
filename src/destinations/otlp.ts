import { z } from "zod";
import { duration, headers, httpUrl } from "../config/fields.ts";
import { COMPRESSIONS, ENCODINGS } from "../otlp/encode.ts";
import { createPost } from "../otlp/post.ts";
import { connectionSettings, openConnection } from "./connection.ts";
import { defineDestination } from "./destination-kind.ts";

/** Where the OTLP specification has a Collector listen. */
const DEFAULT_ENDPOINT = "http://localhost:4318";

const settings = z.strictObject({
  endpoint: httpUrl({ tls: "optional" })
    .optional()
    .describe(`Base URL; /v1/logs is appended. Default: ${DEFAULT_ENDPOINT}`),
  logs_endpoint: httpUrl({ tls: "optional" }).optional().describe("URL used as it is, instead of endpoint"),
  encoding: z.enum(ENCODINGS).default("protobuf").describe("How records are written"),
  compression: z.enum(COMPRESSIONS).default("gzip").describe("How requests are compressed"),
  headers: headers().prefault({}).describe("Headers of every request; values are secrets"),
  timeout: duration({ atLeast: "1ms", atMost: "1h" }).prefault("30s").describe("Bound on one attempt"),
  ...connectionSettings,
});

export const otlp = defineDestination({
  summary: "anything that takes OTLP over HTTP, a Collector first of all",
  settings,
  async create(settings, dependencies) {
    const { clock, batchBytes } = dependencies;
    const url = settings.logs_endpoint ?? `${(settings.endpoint ?? DEFAULT_ENDPOINT).replace(/\/+$/, "")}/v1/logs`;
    const client = await openConnection(settings, dependencies);
    const post = createPost({
      http: client.http,
      clock,
      url,
      headers: settings.headers,
      encoding: settings.encoding,
      compression: settings.compression,
      timeoutMs: settings.timeout,
      batchBytes,
    });
    return {
      name: "otlp",
      // The path of a URL that is used as it is may be a secret, as Sumo Logic's is.
      description: settings.logs_endpoint === undefined ? url : new URL(url).origin,
      limits: {},
      send: post,
      // A receiver should say yes to a request without records (OTLP 1.11, "OTLP/HTTP Response").
      probe: (signal) => post([], signal),
      close: () => client.close(),
    };
  },
});
