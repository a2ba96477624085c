import type { Resource } from "@opentelemetry/resources";

/** The resource of a stream's records. `configured` adds to it and may name the service. */
export function resourceOf(stream: string, configured: Readonly<Record<string, string>>): Resource {
  const id = stream.slice(stream.indexOf("/") + 1);
  const name = id.startsWith("E") ? "slack.enterprise.id" : "slack.team.id";
  // Encoders read nothing but the attributes, and the package that makes whole resources takes long to load.
  const resource: Pick<Resource, "attributes"> = { attributes: { "service.name": "slack", ...configured, [name]: id } };
  return resource as Resource;
}
