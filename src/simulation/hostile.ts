import type { World } from "./world.ts";

/** An entry of a kind that breaks readers (S29), as the JSON text that is to be shown. */
export interface HostileEntry {
  readonly name: string;
  readonly text: string;
}

const DEPTH = 10_000;

/**
 * One of each kind. `base`: members that every entry which is an object begins with, so that it is otherwise a proper
 * entry of some log. Texts, since writing a value again would lose digits, keys and escapes.
 */
export function hostileEntries(base: object = {}): readonly HostileEntry[] {
  const inside = JSON.stringify(base).slice(1, -1);
  const withMembers = (members: string) => `{${[inside, members].filter((part) => part !== "").join(",")}}`;
  const objects: Readonly<Record<string, string>> = {
    integers_beyond_double: `"exact":9007199254740993,"longer":123456789012345678901234567890,"negative":-9223372036854775809`,
    odd_numbers: `"minus_zero":-0,"exponent":1e21,"infinite":1e400,"tiny":5e-324,"trailing":1.50`,
    prototype_keys: `"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":"text"`,
    nested_prototype_keys: `"payload":{"__proto__":"kept","hasOwnProperty":1}`,
    lone_surrogate_in_value: String.raw`"text":"high \ud800 low \udc00 end"`,
    lone_surrogate_in_key: String.raw`"key \udfff":"value"`,
    nul_character: String.raw`"text":"before\u0000after","nul \u0000 key":1`,
    control_and_bidi_characters: String.raw`"text":"\u001b[31mred\u202etxt.exe\u2066\r\nforged: line"`,
    megabyte_string: `"log":"${"x".repeat(1_000_000)}"`,
    deep_array: `"deep":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}`,
    deep_object: `"deep":${'{"d":'.repeat(DEPTH)}1${"}".repeat(DEPTH)}`,
    many_keys: Array.from({ length: 5000 }, (_, index) => `"key_${index}":${index}`).join(","),
    empty_key: `"":"empty","  ":"blank"`,
    nulls: `"user_id":null,"action":null,"event_type":null,"change_type":null,"payload":null,"actor":null,"details":null`,
    wrong_types: `"payload":"text","actor":7,"entity":[],"context":false,"level":{},"ip":12,"count":"many","scope":{}`,
    dotted_and_reserved_keys: `"message":"m","status":"s","level":"notice","severity":"x","a.b":1,"a":{"b":2}`,
  };
  const others: Readonly<Record<string, string>> = {
    null_entry: "null",
    number_entry: "12345678901234567890",
    text_entry: `"an entry that is a text"`,
    boolean_entry: "true",
    array_entry: `[{"id":"inside"},null,1]`,
    empty_object: "{}",
  };
  return [
    ...Object.entries(objects).map(([name, members]) => ({ name, text: withMembers(members) })),
    ...Object.entries(others).map(([name, text]) => ({ name, text })),
  ];
}

/** Puts one of each into every log, all at one time. */
export function addHostileEntries(world: World, atMs: number): void {
  const seconds = Math.floor(atMs / 1000);
  const base = { user_id: "U0HOSTILE01", date_first: seconds, date_last: seconds, count: 1 };
  for (const { text } of hostileEntries(base))
    world.access.add(text, { dateFirst: seconds, dateLast: seconds, visibleAtMs: atMs });
  for (const { text } of hostileEntries({ date: String(seconds), change_type: "added" }))
    world.integration.add(text, { at: seconds, visibleAtMs: atMs });
  for (const { text } of hostileEntries({ created: atMs * 1000, level: "info", event_type: "trigger_executed" }))
    world.activities.add(text, { at: atMs * 1000, visibleAtMs: atMs });
  for (const { text } of hostileEntries({ date_create: seconds, action: "user_login" }))
    world.audit.add(text, { at: seconds, visibleAtMs: atMs });
}
