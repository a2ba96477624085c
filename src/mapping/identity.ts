import { hash } from "node:crypto";
import { createCanonicalize, type Canonicalize } from "./canonical.ts";
import { fieldsOf } from "./fields.ts";
import { exactDigits } from "./lossless.ts";
import type { IdentityRule, Mapping } from "./mapping.ts";
import { isTextEntry, valueOf, type TextEntry } from "./text/text-entry.ts";
import { timeIn } from "./text/text-record.ts";
import { readTime, toMicros, type Time, type TimeUnit } from "./time.ts";

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
  /** The entry's own time. Undefined where it is no usable time; may be in the future. */
  readonly time?: Time | undefined;
  /** The same in epoch microseconds, for order and marks. */
  readonly timeMicros?: number | undefined;
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
type Fill = (draft: Draft, content: Uint8Array) => boolean;
type Digest = (text: string) => string;

/**
 * Identifies the entries of one answer, in their order. An identity is a function of the stream and the entry alone,
 * but that equal entries of one answer are told apart by their ordinal (slack.md R12). Entries with an id of Slack's
 * are not: the repeat of an id with the same content is left out, and with other content its content decides.
 */
export function identify(mapping: Mapping, stream: string, entries: readonly unknown[]): Identified[] {
  // Most polls bring nothing, and what reads entries has a buffer.
  if (entries.length === 0) return [];
  const prefix = `${stream}\n`;
  const canonicalize = createCanonicalize(prefix);
  const uidOf = createOrdinals();
  const fill = createFill(mapping.identity, { digest: (text) => digestOf(prefix + text), canonicalize, uidOf });
  const { key: timeKey, unit } = mapping.time;
  const identified: Identified[] = [];
  for (const entry of entries) {
    if (isTextEntry(entry)) {
      identified.push(
        ofText(
          entry,
          uidOf(entry.digest, () => canonicalize(valueOf(entry)).prefixed),
          unit,
        ),
      );
      continue;
    }
    const { prefixed, bytes, isOneByteEach, containers, members, isPlain } = canonicalize(entry);
    const time = readTime(fieldsOf(entry)[timeKey], unit);
    const timeMicros = time === undefined ? undefined : toMicros(time);
    const sizes = { bytes, isOneByteEach, containers, members, isPlain };
    const draft: Draft = { entry, key: "", version: "", uid: "", time, timeMicros, ...sizes };
    if (fill(draft, prefixed)) identified.push(draft);
  }
  return identified;
}

/** Entries are read as text only where every field of theirs is the identity. */
function ofText(entry: TextEntry, uid: string, unit: TimeUnit): Identified {
  const { containers, members } = entry.template;
  const time = readTime(timeIn(entry), unit);
  return {
    entry,
    key: uid,
    version: "",
    uid,
    time,
    timeMicros: time === undefined ? undefined : toMicros(time),
    bytes: entry.bytes,
    isOneByteEach: false,
    containers,
    members,
    isPlain: true,
  };
}

/** The first 16 bytes of SHA-256 over the stream's name and the identity. */
function digestOf(prefixed: string | Uint8Array): string {
  return hash("sha256", prefixed, "hex").slice(0, 32);
}

interface FillTools {
  readonly digest: Digest;
  readonly canonicalize: Canonicalize;
  readonly uidOf: ContentUid;
}

/** For one answer. */
function createFill(rule: IdentityRule, { digest, canonicalize, uidOf }: FillTools): Fill {
  const byContent: Fill = (draft, content) => {
    draft.uid = uidOf(digestOf(content), () => content);
    draft.key = draft.uid;
    return true;
  };
  switch (rule.kind) {
    case "content":
      return byContent;
    case "row":
      return (draft, content) => {
        byContent(draft, content);
        const row = fieldsOf(draft.entry);
        if (row !== draft.entry) return true;
        draft.key = digestOf(canonicalize(rule.key.map((name) => row[name])).prefixed);
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

/** The uid of a content, which is asked for when its digest was met before. */
type ContentUid = (digest: string, content: () => Uint8Array) => string;

/** Counts equal entries. From the second equal text on, its ordinal is added; no JSON text holds a line break. */
function createOrdinals(): ContentUid {
  const seen = new Map<string, number>();
  return (digest, content) => {
    const ordinal = (seen.get(digest) ?? 0) + 1;
    seen.set(digest, ordinal);
    return ordinal === 1 ? digest : digestOf(Buffer.concat([content(), Buffer.from(`\n${ordinal}`)]));
  };
}

function createFillById(name: string, digest: Digest, byContent: Fill): Fill {
  const ids = new Set<string>();
  const contents = new Set<string>();
  return (draft, content) => {
    const value = fieldsOf(draft.entry)[name];
    const id = typeof value === "number" ? String(value) : (exactDigits(value) ?? value);
    if (typeof id !== "string" || id === "") return byContent(draft, content);
    draft.key = digest(`id\n${id}`);
    draft.version = digestOf(content);
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
