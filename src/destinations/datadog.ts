import { z } from "zod";
import { duration, httpUrl, secret } from "../config/fields.ts";
import type { LogRecord } from "../model.ts";
import { createPost } from "../otlp/post.ts";
import { observing } from "../server-clock.ts";
import { LATE, minding } from "./datadog-late.ts";
import { withDatadogNames } from "./datadog-names.ts";
import { createDatadogV2Post } from "./datadog-v2.ts";
import { connectionSettings, openConnection } from "./connection.ts";
import { defineDestination } from "./destination-kind.ts";

// The limits of the Logs API v2; those of the OTLP intake are documented nowhere.
// https://docs.datadoghq.com/api/latest/logs/#send-logs
const MAX_RECORDS = 1_000;
const MAX_BYTES = 5_000_000;
/** A longer log is cut, and answered with a yes. */
const MAX_RECORD_BYTES = 1_000_000;
/** Older logs may not be kept. */
const WINDOW_MS = 18 * 3_600_000;
/** Sites for which Datadog documents no OTLP intake. */
const WITHOUT_OTLP = ["uk1.datadoghq.com", "ddog-gov.com", "us2.ddog-gov.com"];

const APIS = ["otlp", "v2"] as const;
const PATHS = { otlp: "/v1/logs", v2: "/api/v2/logs" };
const HOSTS = { otlp: "otlp", v2: "http-intake.logs" };

const settings = z.strictObject({
  api_key: secret().describe("The API key"),
  site: z
    .string()
    .regex(/^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+$/, { error: "is not a host name" })
    .default("datadoghq.com")
    .meta({ examples: ["datadoghq.com", "datadoghq.eu", "us3.datadoghq.com"] })
    .describe("The Datadog site, as in the address of its web page without app."),
  api: z.enum(APIS).default("otlp").describe("The OTLP intake, or the Logs API v2"),
  endpoint: httpUrl({ tls: "optional" })
    .optional()
    .describe("Base URL of a proxy or private link instead of the site's own; /v1/logs or /api/v2/logs is appended"),
  source: z.string().min(1).default("slack").describe("ddsource, by which Datadog picks a pipeline"),
  tags: z
    .array(z.string().regex(/^[^,\s]+$/, { error: "is not a tag: no comma and no space" }))
    .default([])
    .meta({ examples: [["env:prod", "team:security"]] })
    .describe("ddtags of every log"),
  host: z.string().min(1).optional().describe("Host of every log; without it, the resource's host.name or none"),
  late: z
    .enum(LATE)
    .default("dead_letter")
    .describe(
      "What becomes of records older than the 18 hours Datadog takes: restamp sends them with the present time",
    ),
  timeout: duration({ atLeast: "1ms", atMost: "1h" }).prefault("30s").describe("Bound on one attempt"),
  ...connectionSettings,
});

export const datadog = defineDestination({
  summary: "Datadog's OTLP intake, or its Logs API v2",
  settings,
  async create(settings, dependencies) {
    const { clock, serverClock, log } = dependencies;
    const { site, api, endpoint, source, host, late, api_key } = settings;
    const url = `${(endpoint ?? `https://${HOSTS[api]}.${site}`).replace(/\/+$/, "")}${PATHS[api]}`;
    const tags = settings.tags.join(",");
    if (api === "otlp" && endpoint === undefined && WITHOUT_OTLP.includes(site)) {
      const message = `Datadog documents no OTLP intake for ${site}; api: v2 is there for every site`;
      log("warn", "configuration", { message });
    }
    const client = await openConnection(settings, dependencies);
    const http = observing(client.http, serverClock);
    const exchange = { http, clock, url, timeoutMs: settings.timeout, maxBytes: MAX_BYTES };
    const post =
      api === "v2"
        ? createDatadogV2Post({
            ...exchange,
            apiKey: api_key,
            logs: { source, tags, host },
            maxLogBytes: MAX_RECORD_BYTES,
          })
        : withDatadogNames(
            createPost({
              ...exchange,
              headers: { "dd-api-key": api_key },
              encoding: "protobuf",
              compression: "gzip",
              isTooLarge,
            }),
            { source, tags, host },
          );
    const ask = (signal: AbortSignal) => post([], signal);
    return {
      name: "datadog",
      description: url,
      limits: {
        maxRecords: MAX_RECORDS,
        maxBytes: MAX_BYTES,
        // In the other cases old records are wanted there.
        ...(late === "dead_letter" ? { maxAgeMs: WINDOW_MS } : {}),
      },
      send: minding(post, { late, windowMs: WINDOW_MS, clock: serverClock, ask, log }),
      probe: ask,
      close: () => client.close(),
    };
  },
});

/** Datadog keeps the body as JSON text and the attributes beside it; an estimate far below the limit is enough. */
function isTooLarge({ log, sizeBytes }: LogRecord): boolean {
  if (sizeBytes < MAX_RECORD_BYTES / 8) return false;
  return Buffer.byteLength(JSON.stringify([log.body, log.attributes, log.resource.attributes])) > MAX_RECORD_BYTES;
}
