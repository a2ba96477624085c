/** Settings as written, before they are checked. Mappings have no prototype: any key is data. */
export interface Tree {
  [key: string]: unknown;
}

/** What one origin (the file, a variable, a flag) says, and where each key of it stands, for people. */
export interface Layer {
  readonly value: Tree;
  /** By `placeKey` of the path: `slack-otel.yaml:12`, `environment variable SLACK_TOKEN`. */
  readonly places: Map<string, string>;
}

/** One thing wrong with the configuration. No part shows a value that was written: it might be a secret. */
export interface ConfigurationError {
  /** `slack-otel.yaml:12`, `environment variable SLACK_TOKEN`, `--config`. */
  readonly where: string;
  /** The key's path, as in `sources.access_logs.interval`; empty for the whole. */
  readonly key: string;
  readonly problem: string;
  readonly remedy: string;
}

/** One line for people. */
export function describeConfigurationError({ where, key, problem, remedy }: ConfigurationError): string {
  return [where, key, `${problem}; ${remedy}`].filter((part) => part !== "").join(": ");
}

export function emptyTree(): Tree {
  return Object.create(null) as Tree;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}

/** A layer that says one thing, all of which stands in one place. */
export function layerOf(path: readonly string[], value: unknown, place: string): Layer {
  const layer: Layer = { value: emptyTree(), places: new Map() };
  let tree = layer.value;
  for (const [index, key] of path.entries()) {
    layer.places.set(placeKey(path.slice(0, index + 1)), place);
    if (index === path.length - 1) tree[key] = value;
    else tree = tree[key] = emptyTree();
  }
  const place_ = (inner: unknown, at: readonly string[]): void => {
    if (!isTree(inner)) return;
    for (const [key, below] of Object.entries(inner)) {
      layer.places.set(placeKey([...at, key]), place);
      place_(below, [...at, key]);
    }
  };
  place_(value, path);
  return layer;
}

export function placeKey(path: readonly PropertyKey[]): string {
  return path.map(String).join("\0");
}

/** The place of the path, or else of what is nearest above it. */
export function placeOf(layer: Layer, path: readonly PropertyKey[]): string | undefined {
  for (let length = path.length; length >= 0; length--) {
    const place = layer.places.get(placeKey(path.slice(0, length)));
    if (place !== undefined) return place;
  }
  return undefined;
}

export function valueAt(tree: Tree, path: readonly PropertyKey[]): unknown {
  let value: unknown = tree;
  for (const key of path) value = isTree(value) || Array.isArray(value) ? (value as Tree)[String(key)] : undefined;
  return value;
}

/**
 * `slack[1].token`, `resource."service.name"`: a key with dots of its own is quoted. One that may be a value in the wrong place is hidden:
 * `{ token:xoxb-1 }`, with no space after the colon, is a key for YAML.
 */
export function keyText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const key = String(part);
    const shown = !/^[\w.-]{1,30}$/.test(key) || /xox|xapp/i.test(key) ? "(hidden)" : key;
    return `${text}${text === "" ? "" : "."}${shown.includes(".") ? `"${shown}"` : shown}`;
  }, "");
}
