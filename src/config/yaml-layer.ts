import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair } from "yaml";
import type { z } from "zod";
import { fieldOf, isMapping, isSecretField, takesText } from "./field-of.ts";
import { type ConfigurationError, emptyTree, keyText, type Layer, placeKey } from "./layer.ts";
import { type Fault, type ReferenceSources, resolveReferences } from "./references.ts";
import { yamlProblem } from "./yaml-problem.ts";

interface Reading extends ReferenceSources {
  readonly file: string;
  readonly schema: z.core.$ZodType;
}

/**
 * Reads a file's text: references are followed, and each key knows its line. A value that could not be read is there
 * as `undefined`, with an error.
 */
export function yamlLayer(text: string, reading: Reading): { layer: Layer; errors: ConfigurationError[] } {
  const layer: Layer = { value: emptyTree(), places: new Map([[placeKey([]), `${reading.file}:1`]]) };
  const errors: ConfigurationError[] = [];
  const lines = new LineCounter();
  const document = parseDocument(shielded(text), { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const placeAt = (offset: number): string => `${reading.file}:${lines.linePos(offset).line}`;
  const add = (where: string, path: readonly PropertyKey[], fault: Fault): undefined => {
    errors.push({ where, key: keyText(path), ...fault });
  };

  // The first only: the others mostly follow from it.
  for (const broken of [...document.errors, ...document.warnings].slice(0, 1))
    add(placeAt(broken.pos[0]), [], { problem: yamlProblem(broken.code), remedy: "mend the YAML" });
  const root = document.contents;
  if (errors.length > 0 || root === null || (isScalar(root) && root.value === null)) return { layer, errors };
  if (!isMap(root)) {
    const remedy = "write keys and values, such as slack: { token: ${env:SLACK_TOKEN} }";
    add(placeAt(root.range?.[0] ?? 0), [], { problem: "the file is not a mapping", remedy });
    return { layer, errors };
  }

  const readNode = (node: Node | null, path: readonly PropertyKey[], above: readonly Node[]): unknown => {
    const place = layer.places.get(placeKey(path)) ?? reading.file;
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target !== undefined && !above.includes(target)) return readNode(target, path, above);
      return add(place, path, { problem: "an alias refers to nothing, or to itself", remedy: "write the value out" });
    }
    if (isMap(node)) {
      const tree = emptyTree();
      for (const pair of node.items) readPair(pair as Pair<Node, Node | null>, path, [...above, node], tree);
      return tree;
    }
    if (isSeq(node))
      return node.items.map((item, index) => {
        const at = [...path, index];
        layer.places.set(placeKey(at), placeAt((item as Node).range?.[0] ?? 0));
        return readNode(item as Node, at, [...above, node]);
      });
    return readScalar(isScalar(node) ? node.value : null, path, place);
  };

  const readPair = (
    pair: Pair<Node, Node | null>,
    path: readonly PropertyKey[],
    above: readonly Node[],
    tree: object,
  ) => {
    const place = placeAt(pair.key.range?.[0] ?? 0);
    if (!isScalar(pair.key)) return add(place, path, { problem: "a key is not a text", remedy: "write a plain key" });
    const key = unshielded(String(pair.key.value));
    const at = [...path, key];
    const first = layer.places.get(placeKey(at));
    if (Object.hasOwn(tree, key))
      return add(place, at, { problem: `is written twice, first at ${first}`, remedy: "keep one of both" });
    layer.places.set(placeKey(at), place);
    return Object.assign(tree, { [key]: readNode(pair.value, at, above) });
  };

  const readScalar = (shieldedValue: unknown, path: readonly PropertyKey[], place: string): unknown => {
    const value = typeof shieldedValue === "string" ? unshielded(shieldedValue) : shieldedValue;
    const field = fieldOf(reading.schema, path);
    if (field === undefined) return value;
    if (value === null && isMapping(field)) return emptyTree();
    if (typeof value !== "string" || !value.includes("$")) return value;
    const resolved = resolveReferences(value, reading);
    if ("problem" in resolved) return add(place, path, resolved);
    if (resolved.origins.length > 0) layer.places.set(placeKey(path), `${place} (${resolved.origins.join(", ")})`);
    if (isSecretField(field)) {
      const secret = resolved.secret();
      return "problem" in secret ? add(place, path, secret) : secret;
    }
    return resolved.whole && !takesText(field) ? scalarOf(resolved.text) : resolved.text;
  };

  return { layer: { ...layer, value: readNode(root, [], []) as Layer["value"] }, errors };
}

/**
 * Braces end a plain text inside `{ … }`, but those of a reference shall not: `{ token: ${env:TOKEN} }`. For YAML they are
 * private-use characters, one for one, so that lines and columns stay.
 */
function shielded(text: string): string {
  return text.replace(/\$\{([^{}\n]*)\}/g, "$\u{E000}$1\u{E001}");
}

function unshielded(text: string): string {
  return text.replace(/\$\u{E000}([^\u{E001}]*)\u{E001}/gu, "${$1}");
}

/** What the text would be if it stood in the file: a number, a truth value, or else the text itself. */
function scalarOf(text: string): unknown {
  const { contents, errors } = parseDocument(text, { prettyErrors: false });
  return errors.length === 0 && isScalar(contents) ? contents.value : text;
}
