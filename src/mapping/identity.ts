import { hash } from "node:crypto";
import { createCanonicalize, type Canonicalize } from "./canonical.ts";
import { fieldsOf } from "./fields.ts";
import { exactDigits } from "./lossless.ts";
import type { IdentityRule, Mapping } from "./mapping.ts";
import { readTime, toMicros, type Time } from "./time.ts";

/** An entry with what tells it from all others. `key`, `version` and `uid` are 32 lower-case hex digits. */
export interface Identified {
  readonly entry: unknown;
  readonly key: string;
  /** Empty where an entry never changes. */
  readonly version: string;
  readonly uid: string;
  /** The uid to use where another content came under this id before. Entries with an id of Slack's only. */
  readonly alternateUid?: string;
  /** How often, of a row that counts. */
  readonly count?: number;
  /** Since when and until when, of such a row; epoch seconds. Absent where it is no usable time. */
  readonly firstSeconds?: number;
  readonly lastSeconds?: number;
  /** The entry's own time. Absent where it is no usable time; may be in the future. */
  readonly time?: Time;
  /** The same in epoch microseconds, for order and marks. */
  readonly timeMicros?: number;
  /** The size of the entry as JSON in UTF-8, and what else one reading of it showed: see `Canonical`. */
  readonly bytes: number;
  /** No character takes more than one of them. */
  readonly isOneByteEach: boolean;
  readonly containers: number;
  readonly members: number;
  readonly isPlain: boolean;
}

type Draft = { -readonly [Name in keyof Identified]: Identified[Name] };
/** Fills in what identifies the entry, whose canonical text is given. False: the same entry as one before it. */
type Fill = (draft: Draft, text: string) => boolean;

/**
 * Identifies the entries of one answer, in their order. An identity is a function of the stream and the entry alone,
 * but that equal entries of one answer are told apart by their ordinal (slack.md R12). Entries with an id of Slack's
 * are not: the repeat of an id with the same content is left out, and with other content its content decides.
 */
export function identify(mapping: Mapping, stream: string, entries: readonly unknown[]): Identified[] {
  // The first 16 bytes of SHA-256 over the stream's name and the identity.
  const digest = (text: string) => hash("sha256", `${stream}\n${text}`, "hex").slice(0, 32);
  const canonicalize = createCanonicalize();
  const fill = createFill(mapping.identity, digest, canonicalize);
  const { key: timeKey, unit } = mapping.time;
  const identified: Identified[] = [];
  for (const entry of entries) {
    const { text, containers, members, isPlain } = canonicalize(entry);
    const bytes = Buffer.byteLength(text);
    const isOneByteEach = bytes === text.length && !text.includes("\\");
    const draft: Draft = { entry, key: "", version: "", uid: "", bytes, isOneByteEach, containers, members, isPlain };
    const time = readTime(fieldsOf(entry)[timeKey], unit);
    if (time !== undefined) {
      draft.time = time;
      draft.timeMicros = toMicros(time);
    }
    if (fill(draft, text)) identified.push(draft);
  }
  return identified;
}

/** For one answer: it counts equal entries. */
function createFill(rule: IdentityRule, digest: (text: string) => string, canonicalize: Canonicalize): Fill {
  const uidOf = createOrdinals(digest);
  const byContent: Fill = (draft, text) => {
    draft.uid = uidOf(text);
    draft.key = draft.uid;
    return true;
  };
  switch (rule.kind) {
    case "content":
      return byContent;
    case "row":
      return (draft, text) => {
        byContent(draft, text);
        const row = fieldsOf(draft.entry);
        if (row !== draft.entry) return true;
        draft.key = digest(canonicalize(rule.key.map((name) => row[name])).text);
        draft.version = draft.uid;
        addRowFacts(draft, row, rule);
        return true;
      };
    case "id":
      return createFillById(rule.key, digest, byContent);
    default:
      return rule satisfies never;
  }
}

/** From the second equal text on, its ordinal is added; no JSON text holds a line break. */
function createOrdinals(digest: (text: string) => string): (text: string) => string {
  const seen = new Map<string, number>();
  return (text) => {
    const uid = digest(text);
    const ordinal = (seen.get(uid) ?? 0) + 1;
    seen.set(uid, ordinal);
    return ordinal === 1 ? uid : digest(`${text}\n${ordinal}`);
  };
}

function createFillById(name: string, digest: (text: string) => string, byContent: Fill): Fill {
  const ids = new Set<string>();
  const contents = new Set<string>();
  return (draft, text) => {
    const value = fieldsOf(draft.entry)[name];
    const id = typeof value === "number" ? String(value) : (exactDigits(value) ?? value);
    if (typeof id !== "string" || id === "") return byContent(draft, text);
    draft.key = digest(`id\n${id}`);
    draft.version = digest(text);
    draft.alternateUid = draft.version;
    if (contents.has(draft.version)) return false;
    contents.add(draft.version);
    draft.uid = ids.has(draft.key) ? draft.version : draft.key;
    ids.add(draft.key);
    return true;
  };
}

function addRowFacts(draft: Draft, row: Readonly<Record<string, unknown>>, rule: IdentityRule & { kind: "row" }): void {
  const count = wholeNumber(row[rule.count]);
  const first = readTime(row[rule.first], "seconds");
  const last = readTime(row[rule.last], "seconds");
  if (count !== undefined) draft.count = count;
  if (first !== undefined) draft.firstSeconds = first.seconds;
  if (last !== undefined) draft.lastSeconds = last.seconds;
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) + 0 : undefined;
}
