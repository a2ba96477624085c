import { hash } from "node:crypto";
import type { Mapping } from "../mapping.ts";
import { planOf } from "./plan.ts";
import { MAX_SLOTS, readSlot, type SlotReader } from "./read-slot.ts";
import { learn, skipSpace, type Template } from "./template.ts";
import { TEXT, type TextEntry } from "./text-entry.ts";
import { createWriteCanonical, type WriteCanonical } from "./write-canonical.ts";

/** Entries of one log have far fewer combinations of keys. */
const MAX_TEMPLATES = 500;
/** Where more of an answer's entries than this are unlike all before, reading by templates is no gain. */
const MAX_STRANGERS = 100;

const COMMA = 0x2c;
const CLOSE_LIST = 0x5d;
const GOES_ON: ReadonlySet<number | undefined> = new Set(Buffer.from('"[{'));

/** A list of entries: those that were read by a template, and the values of the others. `end` is behind the list. */
export interface ReadEntries {
  /** Each a `TextEntry` or a value. */
  readonly entries: readonly unknown[];
  readonly end: number;
}

export type ReadEntryList = (answer: Buffer, from: number) => ReadEntries | undefined;

/** One way on from a slot, or from an entry's beginning: over a gap to a slot, or to the end. */
interface Edge {
  readonly gap: Buffer;
  readonly isText: boolean;
  /** From the slot behind the gap. */
  readonly next: Edge[];
  /** Of an entry that ends with the gap. */
  readonly template: Template | undefined;
}

interface Reader extends SlotReader {
  readonly mapping: Mapping;
  readonly prefix: Buffer;
  readonly writeCanonical: WriteCanonical;
  readonly begin: Edge[];
  templates: number;
}

const NOTHING = { bytes: Buffer.alloc(0), unescaped: Buffer.alloc(0), slots: new Int32Array(0) };

/**
 * Reads the entries of a log without making objects of them. Entries with the same keys have the same text but for their
 * scalar values: it is learned from the first of them, and the others are compared with it byte by byte, which finds the
 * values. What is unlike, or has anything in it that receivers or readers of JSON may take in different ways, is read in
 * the general way. `undefined`: no list of valid JSON, or hardly anything alike; to be read in the general way as a whole.
 *
 * `answer` is UTF-8, and the list's first element, or its end, stands at `from`.
 */
export function createReadEntries(mapping: Mapping, prefix: string): ReadEntryList {
  const prefixBytes = Buffer.from(prefix);
  const r: Reader = {
    prefix: prefixBytes,
    mapping,
    writeCanonical: createWriteCanonical(prefixBytes),
    begin: [],
    templates: 0,
    forms: new Int32Array(2 * MAX_SLOTS),
    answer: NOTHING,
    at: 0,
    slotEnd: 0,
    free: 0,
  };
  return (answer, from) => {
    r.answer = {
      bytes: answer,
      // The answer before says how much is needed.
      unescaped: Buffer.allocUnsafeSlow(r.free + 1_024),
      slots: new Int32Array(r.slotEnd + 1_024),
    };
    r.slotEnd = 0;
    r.free = 0;
    try {
      return readList(r, from);
    } catch (error) {
      // Whether it is JSON at all is for the parser to say.
      if (error instanceof SyntaxError) return undefined;
      throw error;
    } finally {
      r.answer = NOTHING;
    }
  };
}

function readList(r: Reader, from: number): ReadEntries | undefined {
  const { bytes } = r.answer;
  const entries: unknown[] = [];
  let strangers = 0;
  let at = skipSpace(bytes, from);
  while (bytes[at] !== CLOSE_LIST) {
    if (entries.length > 0) {
      if (bytes[at] !== COMMA) return undefined;
      at = skipSpace(bytes, at + 1);
    }
    let entry = readByTemplate(r, at);
    if (entry === undefined) {
      if (++strangers > MAX_STRANGERS) return undefined;
      const { template, value, end } = learn(bytes, at, (outline) => planOf(r.mapping, outline));
      const isNew = template !== undefined && r.templates < MAX_TEMPLATES && template.texts.length <= MAX_SLOTS;
      if (isNew) addTemplate(r, template);
      entry = isNew ? readByTemplate(r, at) : undefined;
      if (entry === undefined) {
        entries.push(value);
        at = skipSpace(bytes, end);
        continue;
      }
    }
    entries.push(entry);
    at = skipSpace(bytes, entry.end);
  }
  return { entries, end: at + 1 };
}

function addTemplate(r: Reader, template: Template): void {
  const { gaps, texts } = template;
  let edges = r.begin;
  for (let index = 0; index < gaps.length; index++) {
    const gap = gaps[index]!;
    const isText = texts[index] ?? false;
    const isLast = index === texts.length;
    let edge = edges.find(
      (other) => other.isText === isText && other.gap.equals(gap) && isLast === (other.template !== undefined),
    );
    if (edge === undefined) {
      edge = { gap, isText, next: [], template: isLast ? template : undefined };
      edges.push(edge);
    }
    edges = edge.next;
  }
  r.templates += 1;
}

function readByTemplate(r: Reader, from: number): TextEntry | undefined {
  const firstSlot = r.slotEnd;
  r.at = from;
  let slot = 0;
  for (let edges = r.begin; ;) {
    const edge = edgeAt(r, edges);
    if (edge === undefined) break;
    if (edge.template !== undefined) {
      return toEntry(r, edge.template, from, firstSlot);
    }
    if (!readSlot(r, slot, edge.isText)) break;
    slot += 1;
    edges = edge.next;
  }
  r.slotEnd = firstSlot;
  return undefined;
}

/** The edge whose gap stands here, and steps over it. */
function edgeAt(r: Reader, edges: readonly Edge[]): Edge | undefined {
  const {
    at,
    answer: { bytes },
  } = r;
  for (let index = 0; index < edges.length; index++) {
    const edge = edges[index]!;
    const { gap } = edge;
    const { length } = gap;
    let same = 0;
    while (same < length && gap[same] === bytes[at + same]) same++;
    // The gap before a number begins like that before a string, a list or a map, which goes on.
    if (same < length || (edge.template === undefined && !edge.isText && GOES_ON.has(bytes[at + length]))) continue;
    r.at = at + length;
    return edge;
  }
  return undefined;
}

function toEntry(r: Reader, template: Template, from: number, firstSlot: number): TextEntry {
  const { answer, prefix } = r;
  const canonical = r.writeCanonical(template, answer, r.forms, r.at - from);
  const digest = hash("sha256", canonical, "hex").slice(0, 32);
  const bytes = canonical.length - prefix.length;
  return { [TEXT]: true, answer, template, from, end: r.at, firstSlot, digest, bytes } as TextEntry;
}
