import { holderOf, offsetOf, type LogText, type Outline } from "../model.ts";
import {
  closeMember,
  ensure,
  SHORT,
  toField,
  toKeyField,
  writeBoolean,
  writeLength,
  writeNumber,
  writeText,
  writeVarint,
  written,
  type Writer,
} from "./protobuf-writer.ts";

const [LETTER_T, LETTER_F, LETTER_N] = Buffer.from("tfn");

/** The attributes of a record that is still text. */
export function writeTextAttributes(w: Writer, text: LogText): void {
  const { attributes } = text;
  const names = namesOf(w, attributes);
  for (let i = attributes.length - 1; i >= 0; i--) {
    const attribute = attributes[i]!;
    const end = written(w);
    if ("text" in attribute) writeText(w, 0x0a, attribute.text);
    else writeSlot(w, text, attribute.slot, true);
    closeMember(w, 0x32, names[i]!, end);
  }
  const uidEnd = written(w);
  writeText(w, 0x0a, text.uid);
  closeMember(w, 0x32, toField(w.keys.fields, "log.record.uid"), uidEnd);
}

const attributeNames = new WeakMap<LogText["attributes"], readonly Uint8Array[]>();

/** The names as keys: of most entries of one outline the attributes are one list. */
function namesOf(w: Writer, attributes: LogText["attributes"]): readonly Uint8Array[] {
  let names = attributeNames.get(attributes);
  if (names === undefined) {
    names = attributes.map(({ name }) => toField(w.keys.fields, name));
    attributeNames.set(attributes, names);
  }
  return names;
}

/** What a slot holds, as an AnyValue. */
function writeSlot(w: Writer, text: LogText, slot: number, isText: boolean): void {
  const { bytes, slots, firstSlot } = text;
  const from = slots[firstSlot + 2 * slot]!;
  const end = slots[firstSlot + 2 * slot + 1]!;
  if (isText) {
    const at = offsetOf(text, from);
    return writeBytes(w, 0x0a, holderOf(text, from), at, at + end - from);
  }
  const code = bytes[from]!;
  if (code === LETTER_N) return;
  if (code === LETTER_T || code === LETTER_F) writeBoolean(w, code === LETTER_T);
  else writeNumber(w, Number(bytes.toString("latin1", from, end)));
}

function writeBytes(w: Writer, tag: number, source: Buffer, from: number, end: number): void {
  const length = end - from;
  ensure(w, length + 11);
  const { buffer } = w;
  if (length < SHORT) {
    let { start } = w;
    for (let at = end - 1; at >= from; at--) buffer[--start] = source[at]!;
    w.start = start;
  } else {
    w.start -= length;
    source.copy(buffer, w.start, from, end);
  }
  writeVarint(w, tag, length);
}

/** What is written for entries of one outline, from the last to the first. */
interface Step {
  /** `slot`: a scalar in its wrapping. `open`: the end of a list or map. `close`: its beginning, and its wrapping. */
  readonly kind: "slot" | "open" | "close";
  readonly slot: number;
  readonly isText: boolean;
  /** Of a list or a map that is closed. */
  readonly tag: number;
  /** What the value stands in: a KeyValue with this key, an element of a list, or nothing. */
  readonly wrapping: Uint8Array | "element" | "none";
}

const programs = new WeakMap<Outline, readonly Step[]>();

/** The body of a record that is still text, without its tag. */
export function writeOutline(w: Writer, text: LogText): void {
  let steps = programs.get(text.outline);
  if (steps === undefined) programs.set(text.outline, (steps = stepsOf(text.outline, "none")));
  const ends: number[] = [];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    const { kind, wrapping } = step;
    if (kind === "open") {
      ends.push(written(w));
      continue;
    }
    const end = kind === "close" ? ends.pop()! : written(w);
    if (kind === "close") writeLength(w, step.tag, end);
    else writeSlot(w, text, step.slot, step.isText);
    if (wrapping === "element") writeLength(w, 0x0a, end);
    else if (wrapping !== "none") closeMember(w, 0x0a, wrapping, end);
  }
}

function stepsOf(outline: Outline, wrapping: Step["wrapping"]): Step[] {
  const open: Step = { kind: "open", slot: 0, isText: false, tag: 0, wrapping };
  switch (outline.kind) {
    case "slot":
      return [{ ...open, kind: "slot", slot: outline.slot, isText: outline.isText }];
    case "list": {
      const items = outline.items.toReversed().flatMap((item) => stepsOf(item, "element"));
      return [open, ...items, { ...open, kind: "close", tag: 0x2a }];
    }
    case "map": {
      const members = outline.members.toReversed().flatMap(([key, value]) => stepsOf(value, toKeyField(key)));
      return [open, ...members, { ...open, kind: "close", tag: 0x32 }];
    }
    default:
      return outline satisfies never;
  }
}
