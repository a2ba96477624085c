import { z } from "zod";
import { duration, httpUrl, secret } from "../config/fields.ts";
import type { Clock, Log, LogRecord, Send } from "../model.ts";
import { createPost } from "../otlp/post.ts";
import { defineDestination } from "./destination-kind.ts";
import { readTls, tlsSettings } from "./tls.ts";

// The limits of the Logs API v2; those of the OTLP intake are documented nowhere.
// https://docs.datadoghq.com/api/latest/logs/#send-logs
const MAX_RECORDS = 1_000;
const MAX_BYTES = 5_000_000;
/** A longer log is cut, and answered with a yes. */
const MAX_RECORD_BYTES = 1_000_000;
/** Older logs may not be kept. */
const WINDOW_MS = 18 * 3_600_000;

const settings = z.strictObject({
  api_key: secret().describe("The API key"),
  site: z
    .string()
    .regex(/^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+$/, { error: "is not a host name" })
    .default("datadoghq.com")
    .meta({ examples: ["datadoghq.com", "datadoghq.eu", "us3.datadoghq.com"] })
    .describe("The Datadog site, as in the address of its web page without app."),
  endpoint: httpUrl({ tls: "optional" })
    .optional()
    .describe("Base URL of a proxy or private link instead of https://otlp.<site>; /v1/logs is appended"),
  timeout: duration({ atLeast: "1ms", atMost: "1h" }).prefault("30s").describe("Bound on one attempt"),
  ...tlsSettings,
});

export const datadog = defineDestination({
  summary: "Datadog's OTLP intake",
  settings,
  async create(settings, { clock, log, proxy, createHttp }) {
    const tls = await readTls(settings);
    const base = settings.endpoint ?? `https://otlp.${settings.site}`;
    const url = `${base.replace(/\/+$/, "")}/v1/logs`;
    const client = createHttp({ tls, ...(proxy === undefined ? {} : { proxy }) });
    const post = createPost({
      http: client.http,
      clock,
      url,
      headers: { "dd-api-key": settings.api_key },
      encoding: "protobuf",
      compression: "gzip",
      timeoutMs: settings.timeout,
      maxBytes: MAX_BYTES,
      isTooLarge,
    });
    return {
      name: "datadog",
      description: url,
      limits: { maxRecords: MAX_RECORDS, maxBytes: MAX_BYTES, maxAgeMs: WINDOW_MS },
      send: warningOfOld(post, clock, log),
      probe: (signal) => post([], signal),
      close: () => client.close(),
    };
  },
});

/** Datadog keeps the body as JSON text and the attributes beside it; an estimate far below the limit is enough. */
function isTooLarge({ log, sizeBytes }: LogRecord): boolean {
  if (sizeBytes < MAX_RECORD_BYTES / 8) return false;
  return Buffer.byteLength(JSON.stringify([log.body, log.attributes, log.resource.attributes])) > MAX_RECORD_BYTES;
}

/** Says how many accepted records Datadog may not keep for their age. Those without a time count as new. */
function warningOfOld<R extends { readonly status: string }>(send: Send<R>, clock: Clock, log: Log): Send<R> {
  return async (records, signal) => {
    const answer = await send(records, signal);
    if (answer.status !== "accepted") return answer;
    const oldest = (clock.now() - WINDOW_MS) / 1_000;
    const count = records.filter(({ log }) => log.hrTime[0] !== 0 && log.hrTime[0] < oldest).length;
    if (count > 0) {
      const remedy = "Datadog takes logs up to 18 hours old and may not keep older ones; a later start avoids them";
      log("warn", "records_older_than_window", { destination: "datadog", records: count, remedy });
    }
    return answer;
  };
}
