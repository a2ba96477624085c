import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { CollectorConfig, Place } from "./collector.ts";

export const EXAMPLES = fileURLToPath(new URL("../../../config/collector/", import.meta.url));

/** A configuration of the Collector that we ship, on a test's ports and with this backend. */
export async function shipped(name: string, backend: string): Promise<(place: Place) => CollectorConfig> {
  const text = await readFile(EXAMPLES + name, "utf8");
  return ({ otlpPort, healthPort, folder }) =>
    parse(
      text
        .replaceAll("localhost:4318", `127.0.0.1:${otlpPort}`)
        .replaceAll("localhost:13133", `127.0.0.1:${healthPort}`)
        .replaceAll("${env:BACKEND_OTLP_ENDPOINT}", backend)
        .replaceAll("${env:QUEUE_DIRECTORY:-/var/lib/otelcol/queue}", `${folder}/queue`),
    ) as CollectorConfig;
}
