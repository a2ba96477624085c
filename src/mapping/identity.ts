import type { SourceDefinition } from "../slack/sources/definition.ts";
import { canonical } from "./canonical.ts";
import { microsOf, numberOf } from "./time.ts";
import { uidOf } from "./uid.ts";

/** One entry of an answer, and what makes it the same entry when it is met again. */
export interface Identified {
  readonly entry: unknown;
  readonly uid: string;
  /** See `Identity` of the model. */
  readonly key: string;
  readonly version: string;
  /** The uid to use where the ledger holds other content under this entry's id. */
  readonly alternateUid?: string;
  /** The entry's own time, whole microseconds since the epoch; absent when it has none that can be one. */
  readonly timeMicros?: number;
  /** `team.accessLogs` only: `count`, `date_first` and `date_last`, where they are numbers. */
  readonly count?: number;
  readonly firstSeconds?: number;
  readonly lastSeconds?: number;
  /** About the length of the entry as JSON. */
  readonly length: number;
}

export type Fields = Readonly<Record<string, unknown>>;

/** An entry's own keys; none for an entry that is no object. */
export function fieldsOf(entry: unknown): Fields {
  return typeof entry === "object" && entry !== null && !Array.isArray(entry) ? (entry as Fields) : {};
}

/**
 * Identifies the entries of one answer, in their order. Equal entries without an id within one answer are separate
 * entries, told apart by an ordinal; an id that comes twice with the same content is one entry and is dropped here.
 */
export function identify(definition: SourceDefinition, stream: string, entries: readonly unknown[]): Identified[] {
  const seen = new Map<string, number>();
  const taken = new Map<string, Set<string>>();
  const identified: Identified[] = [];
  const ordinalOf = (identity: string): string => {
    const count = seen.get(identity) ?? 0;
    seen.set(identity, count + 1);
    return count === 0 ? "" : `\n${count}`;
  };
  for (const entry of entries) {
    const fields = fieldsOf(entry);
    const timeMicros = microsOf(fields[definition.time.key], definition.time.unit);
    const time = timeMicros === undefined ? {} : { timeMicros };
    const id = definition.identity === "id" ? idOf(fields["id"]) : undefined;
    if (definition.identity === "row") identified.push({ ...identifyRow(stream, entry, fields, ordinalOf), ...time });
    else if (id === undefined) {
      const text = canonical(entry);
      const uid = uidOf(stream, text + ordinalOf(text));
      identified.push({ entry, uid, key: uid, version: "", length: text.length, ...time });
    } else {
      const text = canonical(entry);
      const key = uidOf(stream, `id\n${id}`);
      const version = uidOf(stream, text);
      const versions = taken.get(key) ?? new Set();
      taken.set(key, versions);
      if (versions.has(version)) continue;
      // "Id reused with other content": the content decides.
      const uid = versions.size === 0 ? key : version;
      versions.add(version);
      identified.push({ entry, uid, key, version, alternateUid: version, length: text.length, ...time });
    }
  }
  return identified;
}

function idOf(id: unknown): string | undefined {
  if (typeof id === "string" && id !== "") return JSON.stringify(id);
  return typeof id === "number" ? String(id) : undefined;
}

const ROW_KEY = ["user_id", "ip", "user_agent", "date_first"] as const;

function identifyRow(
  stream: string,
  entry: unknown,
  fields: Fields,
  ordinalOf: (identity: string) => string,
): Omit<Identified, "timeMicros"> {
  const keyText = canonical(ROW_KEY.map((name) => fields[name] ?? null));
  const isRow = typeof entry === "object" && entry !== null && !Array.isArray(entry);
  let rest = entry;
  if (isRow) {
    const { user_id: _user, ip: _ip, user_agent: _agent, date_first: _first, ...others } = fields;
    rest = others;
  }
  const text = canonical(rest);
  const identity = `${keyText}\n${text}`;
  const version = uidOf(stream, identity + ordinalOf(identity));
  const count = numberOf(fields["count"]);
  const firstSeconds = numberOf(fields["date_first"]);
  const lastSeconds = numberOf(fields["date_last"]);
  return {
    entry,
    uid: version,
    key: uidOf(stream, `row\n${keyText}`),
    version,
    length: text.length + keyText.length,
    ...(count === undefined || !Number.isSafeInteger(count) ? {} : { count }),
    ...(firstSeconds === undefined ? {} : { firstSeconds }),
    ...(lastSeconds === undefined ? {} : { lastSeconds }),
  };
}
