/**
 * An OTLP AnyValue whose kinds can be told apart: integers are bigint, doubles are number, maps are Map, and null is
 * the value that is set to nothing.
 */
export type DecodedValue =
  | string
  | boolean
  | bigint
  | number
  | Uint8Array
  | null
  | readonly DecodedValue[]
  | ReadonlyMap<string, DecodedValue>;

export type DecodedAttributes = ReadonlyMap<string, DecodedValue>;

/** One log record with everything around it. What is absent on the wire has the default that proto3 gives it. */
export interface DecodedRecord {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  /** Lower-case hex, or empty. */
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly attributes: DecodedAttributes;
  readonly droppedAttributesCount: number;
  /** `undefined`: there is none; null: there is one, set to nothing. */
  readonly body: DecodedValue | undefined;
  readonly resource: DecodedAttributes;
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: DecodedAttributes };
  /** Of the scope, as in `ScopeLogs.schema_url`. */
  readonly schemaUrl: string;
  readonly resourceSchemaUrl: string;
}

/** A value as JSON would have it: integers as numbers where they are safe, else as texts; bytes as base64. */
export function toPlain(value: DecodedValue | undefined): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Map) {
    const object: Record<string, unknown> = {};
    for (const [key, item] of value as DecodedAttributes) {
      const plain = toPlain(item);
      if (key !== "__proto__") object[key] = plain;
      // Assignment would lose a key of that name and swap the prototype.
      else Object.defineProperty(object, key, { value: plain, enumerable: true, writable: true, configurable: true });
    }
    return object;
  }
  return Array.isArray(value) ? value.map(toPlain) : value;
}

/** `log.record.uid` of a record. Throws without one. */
export function uidOf({ attributes }: DecodedRecord): string {
  const uid = attributes.get("log.record.uid");
  if (typeof uid !== "string") throw new Error("a record without log.record.uid");
  return uid;
}

/** Throws on a key that is there twice: OTLP forbids it. */
export function toMap(entries: Iterable<readonly [string, DecodedValue]>): DecodedAttributes {
  const map = new Map<string, DecodedValue>();
  for (const [key, value] of entries) {
    if (map.has(key)) throw new Error(`the key ${JSON.stringify(key)} is there twice`);
    map.set(key, value);
  }
  return map;
}
