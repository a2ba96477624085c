/** The keys and values of an entry, or of an object in it. */
export type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = Object.freeze({});

/** No fields for what is not an object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : NONE;
}

/** What stands at the end of the path; `undefined` where it leads nowhere. */
export function valueAt(entry: Fields, path: readonly string[]): unknown {
  let value: unknown = entry;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Fields)[key];
  }
  return value;
}
