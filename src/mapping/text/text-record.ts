import { holderOf, offsetOf, type TextAttribute } from "../../model.ts";
import { toText } from "../attributes.ts";
import type { Fields } from "../fields.ts";
import type { Place } from "./plan.ts";
import type { TextEntry } from "./text-entry.ts";

const LETTER_N = "n".charCodeAt(0);
/** Of a character as JSON, at most. */
const ESCAPED_BYTES = 6;

/** What a slot holds. */
function valueAt({ answer, firstSlot }: TextEntry, slot: number, isText: boolean): unknown {
  const from = answer.slots[firstSlot + 2 * slot]!;
  const length = answer.slots[firstSlot + 2 * slot + 1]! - from;
  const at = offsetOf(answer, from);
  const text = holderOf(answer, from).toString("utf8", at, at + length);
  return isText ? text : (JSON.parse(text) as unknown);
}

/** The entry's time as it was sent. */
export function timeIn(entry: TextEntry): unknown {
  const { slot, isText } = entry.template.plan.time;
  return valueAt(entry, slot, isText);
}

/** The entry's fields, those that a mapping's functions look at. */
export function fieldsIn(entry: TextEntry): Fields {
  const fields: Record<string, unknown> = {};
  for (const { path, slot, isText } of entry.template.plan.seen) {
    let inner = fields;
    for (let index = 0; index < path.length - 1; index++)
      inner = (inner[path[index]!] ??= {}) as Record<string, unknown>;
    inner[path.at(-1)!] = valueAt(entry, slot, isText);
  }
  return fields;
}

/** The entry's attributes but the uid, in the order of the mapping's rules. */
export function attributesIn(entry: TextEntry, fields: Fields, method: string): readonly TextAttribute[] {
  const { attributes, fixed, readers } = entry.template.plan;
  if (fixed !== undefined && readers.every(({ read }) => toText(read(fields)) === undefined)) return fixed;
  return [
    { name: "slack.method", text: method },
    ...attributes.flatMap((attribute) => {
      if (!("read" in attribute)) return attribute.find((place) => !isNull(entry, place)) ?? [];
      const text = toText(attribute.read(fields));
      return text === undefined ? [] : { name: attribute.name, text };
    }),
  ];
}

function isNull({ answer: { bytes, slots }, firstSlot }: TextEntry, { slot, isText }: Place): boolean {
  return !isText && bytes[slots[firstSlot + 2 * slot]!] === LETTER_N;
}

/** How many bytes a slot takes as JSON, at most. */
export function jsonLength({ answer: { slots }, firstSlot, end }: TextEntry, slot: number): number {
  const from = slots[firstSlot + 2 * slot]!;
  const length = slots[firstSlot + 2 * slot + 1]! - from;
  // What had escapes stands behind the answer.
  return from < end ? length : ESCAPED_BYTES * length;
}

/** The bytes of what the event name ends with. */
export function nameLength({ answer: { slots }, firstSlot, template: { plan } }: TextEntry): number {
  const slot = plan.nameSlot;
  return slot === undefined ? 0 : slots[firstSlot + 2 * slot + 1]! - slots[firstSlot + 2 * slot]!;
}
