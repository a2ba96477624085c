import { exactDigits } from "./lossless.ts";

/** Deeper than this an explicit stack takes over: entries nested ten thousand deep parse, and would overflow ours. */
const RECURSION_DEPTH = 200;

/** JSON with the keys sorted at every level: equal for equal values, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return write(value, 0, true);
}

/** JSON with the keys in their own order, at any depth. */
export function jsonText(value: unknown): string {
  return write(value, 0, false);
}

function write(value: unknown, depth: number, sorted: boolean): string {
  if (typeof value !== "object" || value === null) return scalar(value);
  if (depth > RECURSION_DEPTH) return writeDeep(value, sorted);
  if (Array.isArray(value)) {
    let text = "[";
    for (let index = 0; index < value.length; index++) {
      if (index > 0) text += ",";
      text += write(value[index], depth + 1, sorted);
    }
    return `${text}]`;
  }
  const map = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(map);
  if (sorted) keys.sort();
  let text = "{";
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    text += `${index > 0 ? "," : ""}${JSON.stringify(key)}:${write(map[key], depth + 1, sorted)}`;
  }
  return `${text}}`;
}

function scalar(value: unknown): string {
  return exactDigits(value) ?? JSON.stringify(value) ?? "null";
}

/** The same without recursion: a stack of texts and of values still to be written. */
function writeDeep(root: unknown, sorted: boolean): string {
  const parts: string[] = [];
  const stack: ({ readonly text: string } | { readonly value: unknown })[] = [{ value: root }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if ("text" in top) {
      parts.push(top.text);
      continue;
    }
    const { value } = top;
    if (typeof value !== "object" || value === null) {
      parts.push(scalar(value));
      continue;
    }
    const array = Array.isArray(value);
    const map = value as Readonly<Record<string, unknown>>;
    const keys = Object.keys(map);
    if (sorted && !array) keys.sort();
    stack.push({ text: array ? "]" : "}" });
    for (let index = keys.length - 1; index >= 0; index--) {
      const key = keys[index] as string;
      stack.push({ value: map[key] });
      stack.push({ text: `${index > 0 ? "," : ""}${array ? "" : `${JSON.stringify(key)}:`}` });
    }
    parts.push(array ? "[" : "{");
  }
  return parts.join("");
}
