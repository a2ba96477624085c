/**
 * The whole configuration, once: parsing, defaults, the messages for people and the JSON Schema all come from here.
 * Keys are as written; durations become milliseconds, sizes bytes, secrets `Secret`.
 */
import { z } from "zod";
import { type DestinationName, destinations } from "../destinations/index.ts";
import { byteSize, duration, filePath, secret } from "./fields.ts";
import { oneOf } from "./one-of.ts";
import { slack } from "./slack-settings.ts";
import { sources } from "./sources-settings.ts";
import { start } from "./start.ts";
import { telemetry } from "./telemetry-settings.ts";

export const configurationSchema = z
  .strictObject({
    slack: slack(),
    sources: sources(),
    start: start()
      .prefault("24h")
      .describe("Where the first run begins: a duration back, an RFC 3339 time, `now` or `earliest`"),
    destination: oneOf(
      destinationSettings(),
      `name exactly one: ${Object.keys(destinations).join(", ")}; or set OTEL_EXPORTER_OTLP_ENDPOINT`,
    )
      .prefault({})
      .describe("Where records go: exactly one"),
    batch: z
      .strictObject({
        max_records: z.int().min(1).max(50_000).default(1_000).describe("Records in one request at most"),
        max_bytes: byteSize({ atLeast: 1_000, atMost: 64 * 2 ** 20 })
          .prefault("4MiB")
          .describe("Bytes of one request at most, before compression; a single record may be larger"),
      })
      .prefault({})
      .describe("How much one request may hold; a destination with smaller limits keeps its own"),
    dead_letters: z
      .strictObject({
        path: filePath().prefault("./dead-letters").describe("Folder of JSON lines, one a record"),
        max_bytes: byteSize({ atLeast: 1_000 })
          .prefault("1GiB")
          .describe("Size of the folder from which on a stream that needs a dead letter halts, and drops nothing"),
      })
      .prefault({})
      .describe("Where records are kept that the destination will never take"),
    state: state().prefault({ sqlite: {} }).describe("Where positions are kept"),
    telemetry: telemetry(),
    resource: z
      .record(z.string().min(1), z.string())
      .prefault({})
      .transform((given): Readonly<Record<string, string>> => ({ "service.name": "slack", ...given }))
      .describe("Attributes of the OpenTelemetry resource, service.name among them"),
  })
  .describe("Configuration of slack-otel");

/** What the program works with. */
export type Configuration = z.output<typeof configurationSchema>;

function destinationSettings() {
  type Settings = { readonly [Name in DestinationName]: (typeof destinations)[Name]["settings"] };
  const described = Object.entries(destinations).map(([name, { settings, summary }]) => [
    name,
    settings.describe(summary),
  ]);
  return Object.fromEntries(described) as Settings;
}

function state() {
  return oneOf(
    {
      sqlite: z
        .strictObject({ path: filePath().prefault("./slack-otel.db").describe("The database file") })
        .describe("A file, for one instance"),
      postgres: z
        .strictObject({
          url: secret()
            .refine((url) => /^postgres(?:ql)?:$/.test(URL.parse(url.reveal())?.protocol ?? ""), {
              error: "is not a URL that begins with postgres://",
            })
            .describe("postgres://user:password@host:5432/database, with PostgreSQL's own parameters"),
          lease: duration({ atLeast: "1s", atMost: "10m" })
            .prefault("30s")
            .describe("After this long without a sign of life another replica reads on"),
        })
        .describe("A database, for any number of replicas"),
    },
    "name exactly one: sqlite, postgres",
  );
}
