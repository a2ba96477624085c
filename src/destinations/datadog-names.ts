import { resourceFromAttributes } from "@opentelemetry/resources";
import { withLog, type Attempt, type LogRecord, type Send } from "../model.ts";
import type { DatadogLogOptions } from "./datadog-log.ts";

type Resource = LogRecord["log"]["resource"];

/**
 * Adds to the records what makes the OTLP intake set `ddsource`, `ddtags` and the host: attributes that Datadog's own
 * exporter has names for. https://docs.datadoghq.com/opentelemetry/mapping/semantic_mapping/
 */
export function withDatadogNames(send: Send<Attempt>, { source, tags, host }: DatadogLogOptions): Send<Attempt> {
  // One for each, because encoders group records by the identity of their resource.
  const named = new WeakMap<Resource, Resource>();
  const nameOf = (resource: Resource): Resource => {
    const known = named.get(resource);
    if (known !== undefined) return known;
    const made = resourceFromAttributes({
      "datadog.log.source": source,
      ...resource.attributes,
      ...(host === undefined ? {} : { "host.name": host }),
    });
    named.set(resource, made);
    return made;
  };
  return (records, signal) =>
    send(
      records.map((record) => {
        const { log } = record;
        const attributes = tags === "" ? log.attributes : { ...log.attributes, ddtags: tags };
        return withLog(record, { ...log, attributes, resource: nameOf(log.resource) });
      }),
      signal,
    );
}
