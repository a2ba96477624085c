import { environmentLayers } from "./environment.ts";
import { isLoopback } from "./fields.ts";
import { type Files, nodeFiles, unreadable } from "./files.ts";
import { type ConfigurationError, emptyTree, keyText, type Layer, layerOf, placeOf, valueAt } from "./layer.ts";
import { inOrderOfPrecedence } from "./precedence.ts";
import { asWritten, problemsOf } from "./problems.ts";
import type { ReferenceSources } from "./references.ts";
import { type Configuration, configurationSchema } from "./schema.ts";
import { yamlLayer } from "./yaml-layer.ts";

export interface ConfigurationOrigins {
  /** The file given by `--config`. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Settings given by flags, as they would be written in the file. */
  readonly flags?: readonly { readonly flag: string; readonly path: readonly string[]; readonly value: unknown }[];
  /** Default: the file system. */
  readonly files?: Files;
  /** Only what reads the state: neither a token nor a destination is needed, and what is said of them is not looked at. */
  readonly stateOnly?: boolean;
}

export type LoadedConfiguration =
  | { readonly ok: true; readonly configuration: Configuration; readonly warnings: readonly string[] }
  /** Everything that is wrong, by place; never empty. */
  | { readonly ok: false; readonly errors: readonly ConfigurationError[] };

/** Puts the configuration together from flags, file, environment and defaults, and checks it. */
export function loadConfiguration(origins: ConfigurationOrigins): LoadedConfiguration {
  const sources: ReferenceSources = { env: origins.env, files: origins.files ?? nodeFiles };
  const errors: ConfigurationError[] = [];
  const flags = (origins.flags ?? []).map(({ flag, path, value }) => layerOf(path, value, `flag ${flag}`));
  const file = origins.file === undefined ? undefined : readFile(origins.file, sources, errors);
  if (origins.file !== undefined && file === undefined) return { ok: false, errors };

  const layers = [...flags, file ?? nothing("environment"), ...environmentLayers(sources, errors)];
  const merged = inOrderOfPrecedence(layers);
  if (origins.stateOnly) withoutEnds(merged, errors);
  errors.push(...environmentFaults(origins.env, merged));
  const parsed = configurationSchema.safeParse(merged.value);
  if (!parsed.success) {
    // What could not be read is there as `undefined`, and was told already.
    const told = new Set(errors.map(({ key }) => key));
    const fresh = asWritten(parsed.error.issues).filter(
      ({ path }) => !told.has(keyText(path)) || valueAt(merged.value, path) !== undefined,
    );
    errors.push(...problemsOf(fresh, merged, configurationSchema));
  }
  if (!parsed.success || errors.length > 0) return { ok: false, errors: inReadingOrder(errors) };
  return { ok: true, configuration: parsed.data, warnings: warningsAbout(parsed.data, merged) };
}

/** Puts harmless ends in place of those that are written, and forgets what is wrong with them. */
function withoutEnds({ value }: Layer, errors: ConfigurationError[]): void {
  const isEnd = ({ key }: ConfigurationError) => /^(?:slack|destination)\b/.test(key);
  errors.splice(0, errors.length, ...errors.filter((error) => !isEnd(error)));
  Object.assign(value, { slack: { token: "not needed" }, destination: { stdout: {} } });
}

/** `undefined` when nothing of it can be used, so that no error about what it lacks is to be believed. */
function readFile(file: string, sources: ReferenceSources, errors: ConfigurationError[]): Layer | undefined {
  try {
    const { layer, errors: found } = yamlLayer(sources.files.read(file), {
      ...sources,
      file,
      schema: configurationSchema,
    });
    errors.push(...found);
    return found.some(({ key }) => key === "") ? undefined : layer;
  } catch (error) {
    errors.push({ where: file, key: "", problem: unreadable(error), remedy: "name a file that this user may read" });
    return undefined;
  }
}

function inReadingOrder(errors: readonly ConfigurationError[]): readonly ConfigurationError[] {
  return errors.toSorted((a, b) => a.where.localeCompare(b.where, "en", { numeric: true }));
}

function nothing(place: string): Layer {
  return { value: emptyTree(), places: new Map([["", place]]) };
}

function environmentFaults(env: ConfigurationOrigins["env"], merged: Layer): readonly ConfigurationError[] {
  const faults: ConfigurationError[] = [];
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0")
    faults.push({
      where: "environment variable NODE_TLS_REJECT_UNAUTHORIZED",
      key: "",
      problem: "0 switches off the check of every certificate",
      remedy: "unset it, and trust a private authority by the destination's certificate or by NODE_EXTRA_CA_CERTS",
    });
  const isFromVariable = placeOf(merged, ["slack", "token"]) === "environment variable SLACK_TOKEN";
  if (isFromVariable && (env["SLACK_TOKEN_FILE"]?.trim() ?? "") !== "")
    faults.push({
      where: "environment variables SLACK_TOKEN and SLACK_TOKEN_FILE",
      key: "slack.token",
      problem: "both are set",
      remedy: "unset one of them",
    });
  return faults;
}

function warningsAbout({ destination }: Configuration, merged: Layer): readonly string[] {
  return Object.entries(destination.settings).flatMap(([key, value]) => {
    const url = typeof value === "string" && value.startsWith("http:") ? URL.parse(value) : null;
    if (url === null || isLoopback(url)) return [];
    const path = ["destination", destination.name, key];
    if (valueAt(merged.value, path) === undefined) return [];
    return [
      `${placeOf(merged, path)}: ${keyText(path)}: plain http to another host: ` +
        "entries and keys travel unencrypted; use https:, or a Collector on this host",
    ];
  });
}
