import { secretFromFile, type Fault, type ReferenceSources } from "./references.ts";
import {
  emptyTree,
  isTree,
  layerOf,
  type ConfigurationError,
  keyText,
  type Layer,
  type Tree,
  valueAt,
} from "./layer.ts";

/** A variable that stands for a key of the file. */
interface Variable {
  readonly name: string;
  readonly path: readonly string[];
  /** What the key would be in the file. Without it: the text as it is. */
  readonly read?: (text: string, sources: ReferenceSources) => { readonly value: unknown } | Fault;
  /** Spaces around it are a fault, not to be overlooked. */
  readonly verbatim?: boolean;
  /** Applies only where something else has put this block there: headers alone are no destination. */
  readonly within?: readonly string[];
}

const otlp = ["destination", "otlp"];

/**
 * Every variable, the first beats the second. The OTLP ones are those of the OpenTelemetry specification (OTLP
 * Exporter Configuration): the one for logs beats the general one.
 */
const variables: readonly Variable[] = [
  { name: "SLACK_TOKEN", path: ["slack", "token"], verbatim: true },
  { name: "SLACK_TOKEN_FILE", path: ["slack", "token"], read: tokenFile },
  { name: "SLACK_API_URL", path: ["slack", "api_url"] },
  { name: "SLACK_AUDIT_URL", path: ["slack", "audit_url"] },
  { name: "SLACK_OTEL_SOURCES", path: ["sources"], read: sourceList },
  { name: "SLACK_OTEL_START", path: ["start"] },
  { name: "SLACK_OTEL_STATE", path: ["state", "sqlite", "path"] },
  { name: "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", path: [...otlp, "logs_endpoint"] },
  { name: "OTEL_EXPORTER_OTLP_ENDPOINT", path: [...otlp, "endpoint"] },
  ...otlpVariables("HEADERS", "headers", pairs),
  ...otlpVariables("PROTOCOL", "encoding", protocol),
  ...otlpVariables("COMPRESSION", "compression"),
  ...otlpVariables("TIMEOUT", "timeout", milliseconds),
  ...otlpVariables("CERTIFICATE", "certificate"),
  ...otlpVariables("CLIENT_CERTIFICATE", "client_certificate"),
  ...otlpVariables("CLIENT_KEY", "client_key"),
  { name: "OTEL_SERVICE_NAME", path: ["resource", "service.name"] },
  { name: "OTEL_RESOURCE_ATTRIBUTES", path: ["resource"], read: pairs },
];

/** The variables that can give a key, for messages. */
export function variablesFor(path: readonly PropertyKey[]): readonly string[] {
  return variables.filter((variable) => keyText(variable.path) === keyText(path)).map(({ name }) => name);
}

/**
 * The environment as layers, each of which is read only where the key is still open: a variable that is beaten is not
 * looked at. An empty variable is one that is not set, as the OpenTelemetry specification has it.
 */
export function environmentLayers(
  sources: ReferenceSources,
  errors: ConfigurationError[],
): readonly ((soFar: Tree) => Layer | undefined)[] {
  return variables.map((variable) => (soFar) => {
    const whole = sources.env[variable.name] ?? "";
    const text = variable.verbatim === true && whole.trim() !== "" ? whole : whole.trim();
    if (Array.isArray(soFar["slack"]) && variable.path[0] === "slack")
      return forEachConnection(variable, text, soFar["slack"]);
    const present = valueAt(soFar, variable.path);
    if (text === "" || (present !== undefined && !isTree(present))) return undefined;
    if (variable.within !== undefined && valueAt(soFar, variable.within) === undefined) return undefined;
    const place = `environment variable ${variable.name}`;
    const read = variable.read?.(text, sources) ?? { value: text };
    if ("value" in read) return layerOf(variable.path, read.value, place);
    errors.push({ where: place, key: keyText(variable.path), ...read });
    return layerOf(variable.path, undefined, place);
  });
}

/** The URLs go for every connection of the file's list that has none of its own; each has its own token. */
function forEachConnection({ name, path }: Variable, text: string, connections: readonly unknown[]): Layer | undefined {
  const key = path[1] as string;
  if (text === "" || key === "token") return undefined;
  const value = emptyTree();
  for (const [index, connection] of connections.entries()) {
    if (!isTree(connection) || key in connection) continue;
    value[index] = Object.assign(emptyTree(), { [key]: text });
  }
  return layerOf(["slack"], value, `environment variable ${name}`);
}

function otlpVariables(suffix: string, key: string, read?: Variable["read"]): readonly Variable[] {
  return ["OTEL_EXPORTER_OTLP_LOGS_", "OTEL_EXPORTER_OTLP_"].map((prefix) => ({
    name: prefix + suffix,
    path: [...otlp, key],
    within: otlp,
    ...(read === undefined ? {} : { read }),
  }));
}

function tokenFile(path: string, { files }: ReferenceSources): { value: unknown } | Fault {
  const secret = secretFromFile(path, files);
  return "problem" in secret ? secret : { value: secret };
}

function sourceList(text: string): { value: unknown } {
  const value = emptyTree();
  for (const name of text.split(",")) if (name.trim() !== "") value[name.trim()] = emptyTree();
  return { value };
}

/** `key=value,key=value`, values percent-encoded (W3C Baggage without its metadata). */
function pairs(text: string): { value: unknown } | Fault {
  const value = emptyTree();
  for (const [index, pair] of text.split(",").entries()) {
    if (pair.trim() === "") continue;
    const [, key = "", encoded = ""] = /^\s*([^=]*?)\s*=(.*)$/s.exec(pair) ?? [];
    const decoded = key === "" ? undefined : decode(encoded.trim());
    if (decoded === undefined)
      return {
        problem: `pair ${index + 1} cannot be read`,
        remedy: "write key=value,key=value, values percent-encoded",
      };
    value[key] = decoded;
  }
  return { value };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function protocol(text: string): { value: unknown } | Fault {
  if (text === "http/protobuf") return { value: "protobuf" };
  if (text === "http/json") return { value: "json" };
  const remedy = "use http/protobuf (the default) or http/json, with the receiver's HTTP port, commonly 4318";
  return { problem: text === "grpc" ? "grpc is not spoken here" : "is not a protocol that is known", remedy };
}

/** The specification's unit for this variable, where the file has durations. */
function milliseconds(text: string): { value: unknown } | Fault {
  return /^\d+$/.test(text)
    ? { value: `${text}ms` }
    : { problem: "is not a number of milliseconds", remedy: "write digits only, such as 30000 for 30 s" };
}
