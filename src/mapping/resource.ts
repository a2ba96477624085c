import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";

/** The resource of one stream: encoders group by the object itself, so it is made once. */
export function createResource({
  stream,
  resource,
}: {
  readonly stream: string;
  readonly resource: Readonly<Record<string, string>>;
}): Resource {
  const id = stream.slice(stream.indexOf("/") + 1);
  const idName = id.startsWith("E") ? "slack.enterprise.id" : "slack.team.id";
  return resourceFromAttributes({ "service.name": "slack", ...resource, [idName]: id });
}
