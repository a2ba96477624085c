import type { Outline } from "../../model.ts";
import { createCanonicalize, MAX_DEPTH } from "../canonical.ts";
import { parseLossless } from "../lossless.ts";
import type { Plan } from "./plan.ts";

/** What entries with the same keys have in common: all of their text but the scalar values, which stand in slots. */
export interface Template {
  /** The text before the first slot, between two, and after the last. Quotes of strings belong to it. */
  readonly gaps: readonly Buffer[];
  readonly outline: Outline;
  /** For each slot, whether it is a string. */
  readonly texts: readonly boolean[];
  /** The canonical text: a piece, a slot, a piece, and so on; `order` names the slots. */
  readonly pieces: readonly Buffer[];
  readonly order: readonly number[];
  readonly pieceBytes: number;
  /** How many lists and maps there are, and how many keys and elements these have. */
  readonly containers: number;
  readonly members: number;
  readonly plan: Plan;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [COMMA, COLON, OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = Buffer.from(",:[]{}");
/** What objects would put first, lose or write in another way. */
const ODD_KEY = /^\d|^__proto__$|[^ !#-[\]-\x7e]/;

interface Reader {
  readonly bytes: Buffer;
  at: number;
  /** Begin and end of each slot. */
  readonly slots: number[];
  readonly texts: boolean[];
  containers: number;
  members: number;
  isPlain: boolean;
}

/** An entry that was read by itself: `end` is behind it. No template: entries like it are to be read in the general way. */
export interface Learned {
  readonly end: number;
  readonly value: unknown;
  readonly template: Template | undefined;
}

/** Reads the entry that begins at `from`. Throws where there is no JSON value. `planOf`: see there. */
export function learn(bytes: Buffer, from: number, planOf: (outline: Outline) => Plan | undefined): Learned {
  const r = createReader(bytes, from);
  const outline = readValue(r, 1);
  const value = parseLossless(bytes.toString("utf8", from, r.at));
  const plan = r.isPlain ? planOf(outline) : undefined;
  const template = plan === undefined ? undefined : toTemplate(r, from, outline, plan);
  const isRight = template !== undefined && isFaithful(template, r, value);
  return { end: r.at, value, template: isRight ? template : undefined };
}

/** Behind the value that begins at `from`; `undefined` where there is none. */
export function endOfValue(bytes: Buffer, from: number): number | undefined {
  const r = createReader(bytes, from);
  try {
    readValue(r, 1);
    return r.at;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function createReader(bytes: Buffer, at: number): Reader {
  return { bytes, at, slots: [], texts: [], containers: 0, members: 0, isPlain: true };
}

function toTemplate(r: Reader, from: number, outline: Outline, plan: Plan): Template {
  const { bytes, at, slots, texts, containers, members } = r;
  const edges = [from, ...slots, at];
  const gaps = Array.from({ length: edges.length / 2 }, (_, index) =>
    Buffer.from(bytes.subarray(edges[2 * index], edges[2 * index + 1])),
  );
  const order: number[] = [];
  const pieces = canonicalParts(outline, order)
    .split("\0")
    .map((piece) => Buffer.from(piece));
  const pieceBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  return { gaps, outline, texts, pieces, order, pieceBytes, containers, members, plan };
}

/** The canonical text with a NUL in the place of each slot. */
function canonicalParts(outline: Outline, order: number[]): string {
  switch (outline.kind) {
    case "slot":
      order.push(outline.slot);
      return outline.isText ? '"\0"' : "\0";
    case "list":
      return `[${outline.items.map((item) => canonicalParts(item, order)).join(",")}]`;
    case "map": {
      const sorted = outline.members.toSorted(([a], [b]) => (a < b ? -1 : 1));
      return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${canonicalParts(value, order)}`).join(",")}}`;
    }
    default:
      return outline satisfies never;
  }
}

/** Whether the template makes the same canonical text of its first entry as is made of the value. */
function isFaithful({ pieces, order }: Template, { bytes, slots }: Reader, value: unknown): boolean {
  const contents = order.map((slot) => bytes.toString("utf8", slots[2 * slot], slots[2 * slot + 1]));
  const text = pieces.map((piece, index) => `${piece.toString()}${contents[index] ?? ""}`).join("");
  const { prefixed, isPlain } = createCanonicalize()(value);
  // Strings may be written with other escapes than ours.
  return isPlain && JSON.stringify(JSON.parse(text)) === Buffer.from(prefixed).toString();
}

function readValue(r: Reader, depth: number): Outline {
  const { bytes } = r;
  if (bytes[r.at] === OPEN_MAP) return readMap(r, depth);
  if (bytes[r.at] === OPEN_LIST) return readList(r, depth);
  const isText = bytes[r.at] === QUOTE;
  const from = isText ? r.at + 1 : r.at;
  r.at = isText ? endOfString(bytes, from) : endOfToken(bytes, from);
  r.slots.push(from, isText ? r.at - 1 : r.at);
  return { kind: "slot", slot: r.texts.push(isText) - 1, isText };
}

function readMap(r: Reader, depth: number): Outline {
  const members: [string, Outline][] = [];
  const keys = new Set<string>();
  begin(r, depth);
  while (r.bytes[r.at] !== CLOSE_MAP) {
    if (members.length > 0) expect(r, COMMA);
    if (r.bytes[r.at] !== QUOTE) throw new SyntaxError("no key");
    const keyEnd = endOfString(r.bytes, r.at + 1);
    const key = r.bytes.toString("utf8", r.at + 1, keyEnd - 1);
    if (keys.has(key) || ODD_KEY.test(key)) r.isPlain = false;
    keys.add(key);
    r.at = skipSpace(r.bytes, keyEnd);
    expect(r, COLON);
    members.push([key, readValue(r, depth + 1)]);
    r.at = skipSpace(r.bytes, r.at);
  }
  r.members += members.length;
  r.at += 1;
  return { kind: "map", members };
}

function readList(r: Reader, depth: number): Outline {
  const items: Outline[] = [];
  begin(r, depth);
  while (r.bytes[r.at] !== CLOSE_LIST) {
    if (items.length > 0) expect(r, COMMA);
    items.push(readValue(r, depth + 1));
    r.at = skipSpace(r.bytes, r.at);
  }
  r.members += items.length;
  r.at += 1;
  return { kind: "list", items };
}

/** Steps into a list or map. */
function begin(r: Reader, depth: number): void {
  if (depth > MAX_DEPTH) throw new SyntaxError("nested too deeply");
  r.containers += 1;
  r.at = skipSpace(r.bytes, r.at + 1);
}

function expect(r: Reader, code: number | undefined): void {
  if (r.bytes[r.at] !== code) throw new SyntaxError("no JSON");
  r.at = skipSpace(r.bytes, r.at + 1);
}

/** Where the text goes on after spaces. */
export function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at += 1;
  return at;
}

/** Behind the closing quote of a string whose first character is at `from`. */
function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] === BACKSLASH) at += 1;
  }
  throw new SyntaxError("a string without an end");
}

function endOfToken(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && !/[\s,\]}]/.test(String.fromCharCode(bytes[at]!))) at += 1;
  return at;
}
