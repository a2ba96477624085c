import type { Outline, TextAttribute } from "../../model.ts";
import type { AttributeRule } from "../attributes.ts";
import type { Mapping } from "../mapping.ts";

/** A value of the entry and where it stands. */
export interface Place {
  readonly path: readonly string[];
  readonly slot: number;
  readonly isText: boolean;
}

/** A rule that reads for itself, or the slots to look into, one after another, until one is not null. */
export type PlannedAttribute = AttributeReader | readonly SlotAttribute[];
type AttributeReader = AttributeRule & { readonly read: NonNullable<AttributeRule["read"]> };
interface SlotAttribute extends Place {
  readonly name: string;
}

/** Where the entries of one outline have what a mapping reads. */
export interface Plan {
  readonly time: Pick<Place, "slot" | "isText">;
  /** The slot of what the event name ends with. */
  readonly nameSlot: number | undefined;
  /** Everything that the mapping's own functions look at, but what is absent. */
  readonly seen: readonly Place[];
  readonly attributes: readonly PlannedAttribute[];
  readonly readers: readonly AttributeReader[];
  /** All that stand in slots, if none of these can be null, with the method before them. */
  readonly fixed: readonly TextAttribute[] | undefined;
  /** All that may become part of a record beside its body: the bytes of names and constants, and every slot. */
  readonly measured: { readonly names: number; readonly slots: readonly number[] };
}

/** `undefined`: entries of this outline are to be mapped as objects. */
export function planOf(mapping: Mapping, outline: Outline): Plan | undefined {
  const { looksAt, attributes, time, eventName, trace, identity } = mapping;
  if (looksAt === undefined || identity.kind !== "content") return undefined;
  const timeAt = find(outline, time.key);
  const paths = [...looksAt, eventName.key ?? [], trace?.traceId ?? [], trace?.spanId ?? []].flat();
  if (timeAt?.kind !== "slot" || attributes.some(({ as }) => as !== undefined)) return undefined;
  const seen: Place[] = [];
  for (const path of new Set(paths)) {
    const at = find(outline, path);
    if (at === undefined) continue;
    if (at.kind !== "slot") return undefined;
    seen.push({ path: path.split("."), slot: at.slot, isText: at.isText });
  }
  const planned = attributes.map((rule) => (isReader(rule) ? rule : slotsOf(outline, rule)));
  const readers = planned.flatMap((attribute) => ("read" in attribute ? attribute : []));
  const inSlots = planned.flatMap((attribute) => ("read" in attribute ? [] : [attribute]));
  const method = { name: "slack.method", text: mapping.method };
  const isFixed = inSlots.every(([first]) => first === undefined || first.isText);
  const fixed = isFixed ? [method, ...inSlots.flatMap(([first]) => first ?? [])] : undefined;
  const names = [mapping.method, eventName.prefix, ...attributes.map(({ name }) => name)];
  const measured = {
    names: Buffer.byteLength(names.join("")),
    slots: [...inSlots.flat(), ...seen].map(({ slot }) => slot),
  };
  const nameSlot = seen.find(({ path }) => path.join(".") === eventName.key)?.slot;
  return { time: timeAt, nameSlot, seen, attributes: planned, readers, fixed, measured };
}

function isReader(rule: AttributeRule): rule is AttributeReader {
  return rule.read !== undefined;
}

/** A list or a map in the place of a text is neither null nor an attribute. */
function slotsOf(outline: Outline, { name, from }: AttributeRule): readonly SlotAttribute[] {
  const slots: SlotAttribute[] = [];
  for (const path of [from].flat()) {
    const at = find(outline, path);
    if (at === undefined) continue;
    if (at.kind !== "slot") break;
    slots.push({ name, path: path.split("."), slot: at.slot, isText: at.isText });
    if (at.isText) break;
  }
  return slots;
}

/** What stands at the end of the path, keys joined by dots. */
function find(outline: Outline, path: string): Outline | undefined {
  let found: Outline | undefined = outline;
  for (const key of path.split(".")) {
    found = found?.kind === "map" ? found.members.find(([name]) => name === key)?.[1] : undefined;
  }
  return found;
}
