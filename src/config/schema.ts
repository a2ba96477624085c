/**
 * The whole configuration, once: parsing, defaults, the messages for people and the JSON Schema all come from here.
 * Keys are as written; durations become milliseconds, sizes bytes, secrets `Secret`.
 */
import { z } from "zod";
import { type DestinationName, destinations } from "../destinations/index.ts";
import { byteSize, filePath, secret } from "./fields.ts";
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

/** PostgreSQL has its place in the contract, and is refused here until it is there. */
function state() {
  const choices = {
    sqlite: z
      .strictObject({ path: filePath().prefault("./slack-otel.db").describe("The database file") })
      .describe("A file, for one instance"),
    postgres: z
      .strictObject({ url: secret().describe("postgres://…") })
      .describe("Not available in this version")
      .refine(() => false, {
        error: "is not available in this version",
        params: { remedy: "keep positions in a file: sqlite: { path: ./slack-otel.db }" },
        when: () => true,
      }),
  };
  return oneOf(choices, "name exactly one: sqlite").transform(
    (chosen) => chosen as Extract<typeof chosen, { name: "sqlite" }>,
  );
}
