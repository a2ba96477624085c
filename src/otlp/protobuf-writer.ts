/*
 * Writes protobuf from the last byte to the first, so that the length of what a message holds is known when it is due.
 * Tags are field number * 8 + wire type, in one byte.
 */

/** Texts shorter than this are copied faster here than by a call into the runtime. */
export const SHORT = 40;

export interface Writer {
  buffer: Buffer;
  view: DataView;
  /** What is written begins here and ends where the buffer does. */
  start: number;
  readonly keys: Keys;
}

/** `spare`: a buffer that nobody uses, to write into if it is large enough. */
export function createWriter(bytes: number, spare?: Buffer): Writer {
  const buffer = spare !== undefined && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(bytes);
  return { buffer, view: new DataView(buffer.buffer), start: buffer.length, keys: { lists: [], fields: new Map() } };
}

/** Closes a KeyValue whose value's content ends at `end`. */
export function closeMember(w: Writer, tag: number, field: Uint8Array, end: number): void {
  const { length } = field;
  ensure(w, length + 22);
  const { buffer } = w;
  let { start } = w;
  const valueLength = buffer.length - start - end;
  // Nearly every length takes one byte.
  if (valueLength < 128) {
    buffer[--start] = valueLength;
    buffer[--start] = 0x12;
  } else {
    writeVarint(w, 0x12, valueLength);
    start = w.start;
  }
  for (let at = length - 1; at >= 0; at--) buffer[--start] = field[at]!;
  const memberLength = buffer.length - start - end;
  if (memberLength < 128) {
    buffer[--start] = memberLength;
    buffer[--start] = tag;
    w.start = start;
  } else {
    w.start = start;
    writeVarint(w, tag, memberLength);
  }
}

export function writeBoolean(w: Writer, value: boolean): void {
  ensure(w, 2);
  w.buffer[--w.start] = value ? 1 : 0;
  w.buffer[--w.start] = 0x10;
}

export function writeNumber(w: Writer, value: number): void {
  ensure(w, 11);
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) {
    if (value >= 0 && value < 2 ** 53) writeVarint(w, 0x18, value);
    else writeBig(w, value);
    return;
  }
  w.start -= 8;
  w.view.setFloat64(w.start, value, true);
  w.buffer[--w.start] = 0x21;
}

function writeBig(w: Writer, value: number): void {
  const bytes: number[] = [0x18];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  w.start -= bytes.length;
  w.buffer.set(bytes, w.start);
}

const TWO_32 = 2 ** 32;

export function writeTime(w: Writer, tag: number, time: readonly [number, number]): void {
  ensure(w, 9);
  const seconds = time[0];
  const nanos = time[1];
  // seconds * 1e9 in two halves, each exact.
  const low = (seconds % 65536) * 1e9 + nanos;
  const high = Math.floor(seconds / 65536) * 1e9;
  const sum = (high % 65536) * 65536 + low;
  w.start -= 8;
  w.view.setUint32(w.start, sum % TWO_32, true);
  w.view.setUint32(w.start + 4, Math.floor(high / 65536) + Math.floor(sum / TWO_32), true);
  w.buffer[--w.start] = tag;
}

export function writeHex(w: Writer, tag: number, hex: string): void {
  const length = hex.length >>> 1;
  ensure(w, length + 2);
  w.start -= length;
  w.buffer.write(hex, w.start, length, "hex");
  w.buffer[--w.start] = length;
  w.buffer[--w.start] = tag;
}

export function writeText(w: Writer, tag: number, text: string): void {
  const { length } = text;
  ensure(w, length * 3 + 6);
  const { buffer } = w;
  let { start } = w;
  if (length < SHORT) {
    for (let i = length - 1; i >= 0; i--) {
      const code = text.charCodeAt(i);
      if (code > 127) return writeLong(w, tag, text);
      buffer[--start] = code;
    }
    buffer[--start] = length;
    buffer[--start] = tag;
    w.start = start;
    return;
  }
  writeLong(w, tag, text);
}

function writeLong(w: Writer, tag: number, text: string): void {
  const end = written(w);
  const length = Buffer.byteLength(text);
  w.start -= length;
  w.buffer.write(text, w.start, length, "utf8");
  writeLength(w, tag, end);
}

export function writeLength(w: Writer, tag: number, end: number): void {
  writeVarint(w, tag, written(w) - end);
}

export function writeVarint(w: Writer, tag: number, value: number): void {
  ensure(w, 11);
  const { buffer } = w;
  let start = w.start;
  if (value < 128) {
    buffer[--start] = value;
  } else if (value < 16384) {
    buffer[--start] = value >>> 7;
    buffer[--start] = (value & 127) | 128;
  } else {
    let size = 3;
    for (let bound = 2097152; value >= bound; bound *= 128) size++;
    start -= size;
    let at = start;
    let rest = value;
    for (; rest >= TWO_32; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) | 128;
    for (; rest > 127; rest >>>= 7) buffer[at++] = (rest & 127) | 128;
    buffer[at] = rest;
  }
  buffer[--start] = tag;
  w.start = start;
}

export function written(w: Writer): number {
  return w.buffer.length - w.start;
}

export function ensure(w: Writer, size: number): void {
  if (w.start >= size) return;
  const used = w.buffer.length - w.start;
  const larger = Buffer.allocUnsafeSlow(Math.max(w.buffer.length * 2, (used + size) * 2));
  w.buffer.copy(larger, larger.length - used, w.start);
  w.start = larger.length - used;
  w.buffer = larger;
  w.view = new DataView(larger.buffer);
}

/** So many lists of keys of each length are remembered. */
const REMEMBERED = 24;

/** What was made of keys before: lists by their length, and each key. */
interface Keys {
  readonly lists: { readonly keys: readonly string[]; readonly fields: readonly Uint8Array[] }[][];
  readonly fields: Map<string, Uint8Array>;
}

/**
 * Keys as protobuf has them: field 1, length and UTF-8. What many objects of a batch have in common is the list of
 * their keys.
 */
export function keyFields({ lists, fields }: Keys, keys: readonly string[]): readonly Uint8Array[] {
  const sameLength = (lists[Math.min(keys.length, 64)] ??= []);
  for (let index = 0; index < sameLength.length; index++) {
    const known = sameLength[index]!;
    if (areSame(known.keys, keys)) return known.fields;
  }
  const found = keys.map((key) => toField(fields, key));
  if (sameLength.length < REMEMBERED) sameLength.push({ keys, fields: found });
  return found;
}

export function toField(fields: Map<string, Uint8Array>, key: string): Uint8Array {
  let field = fields.get(key);
  if (field === undefined) fields.set(key, (field = toKeyField(key)));
  return field;
}

export function toKeyField(key: string): Uint8Array {
  const length = Buffer.byteLength(key);
  if (length < 128) {
    const field = Buffer.allocUnsafe(length + 2);
    field[0] = 0x0a;
    field[1] = length;
    field.write(key, 2);
    return field;
  }
  const w = createWriter(3 * key.length + 6);
  writeText(w, 0x0a, key);
  return w.buffer.subarray(w.start);
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = others.length - 1; index >= 0; index--) if (some[index] !== others[index]) return false;
  return true;
}
