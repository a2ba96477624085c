import * as fc from "fast-check";
import type { SourceName } from "../../src/model.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";

/** JSON texts of entries: shaped like the source's, with anything in any place, or not shaped like entries at all. */
export function entryTexts(source: SourceName): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: shaped(source) },
    { weight: 2, arbitrary: anyObject },
    { weight: 1, arbitrary: anyText },
  );
}

const digits = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom(
    "0",
    "-0",
    "1e400",
    "-1e400",
    "1e21",
    "5e-324",
    "0.1",
    "1.50",
    "9007199254740991",
    "9007199254740993",
    "12345678901234567890",
    "-9223372036854775809",
    "9007199254740993.5",
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
/** Half of the code units that make up a pair among them, alone. */
const units = fc.string({
  unit: fc.constantFrom(
    "a",
    "é",
    "\u0000",
    '"',
    "\\",
    "\n",
    "\u2028",
    "\u202E",
    "\uE000",
    "\uFFFD",
    "😀",
    "\uD800",
    "\uDFFF",
    " ",
    "1",
    "e",
    ":",
    ",",
  ),
  maxLength: 8,
});
const strings = fc.oneof(units, fc.string({ unit: "binary", maxLength: 8 })).map((text) => JSON.stringify(text));
const keys = fc.oneof(
  fc
    .constantFrom(
      "__proto__",
      "constructor",
      "toString",
      "",
      "message",
      "status",
      "level",
      "\\",
      "\n",
      "10",
      "9",
      "a.b",
      "\uD800",
      "\uDFFF",
    )
    .map((key) => JSON.stringify(key)),
  strings,
);
const scalar = fc.oneof(digits, strings, fc.constantFrom("null", "true", "false"));

const { anyText, anyObject } = fc.letrec<{ anyText: string; anyObject: string }>((tie) => ({
  anyText: fc.oneof(
    { depthSize: "small", maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie("anyText"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`) },
    { weight: 1, arbitrary: tie("anyObject") },
  ),
  anyObject: fc
    .uniqueArray(fc.tuple(keys, tie("anyText")), { selector: ([key]) => key, maxLength: 4 })
    .map((members) => `{${members.map(([key, value]) => `${key}:${value}`).join(",")}}`),
}));

/** JSON texts of any value. */
export const jsonTexts = anyText;

const TIMES = [
  "1650463798",
  '"1650463798"',
  "1650463798824317",
  '"1650463798824317"',
  "1650463798.25",
  "0",
  "-1",
  "9999999999",
  '"NaN"',
];
/** What makes a difference to the mapping. */
const WORDS = [
  "error",
  "fatal",
  "info",
  "Error",
  "disabled",
  "errors",
  "anomaly",
  "user",
  "US",
  "CA",
  "Tr05PK0EGXAS",
  "0af7651916cd43dd8448eb211c80319c",
  "a,b",
];

/** Members under every key that the mapping of the source looks at, a part of them left out. */
function shaped(source: SourceName): fc.Arbitrary<string> {
  const { attributes, time, eventName } = sourceDefinitions[source];
  const paths = attributes
    .flatMap(({ from }) => [from].flat())
    .map((path) => path.replace("<type>", "user").split("."));
  const known = [...paths, [time.key], [eventName.key ?? "extra"], ["id"], ["level"], ["payload", "exec_outcome"]];
  const value = fc.oneof(fc.constantFrom(...WORDS.map((word) => JSON.stringify(word))), scalar, anyText);
  // Anything but a `chain`, which would make new arbitraries in every run.
  const values = fc.array(fc.option(value, { nil: undefined, freq: 1 }), {
    minLength: known.length,
    maxLength: known.length,
  });
  return fc.tuple(values, fc.constantFrom(undefined, ...TIMES), keys, anyText).map(([chosen, at, extraKey, extra]) => {
    const tree: Tree = new Map();
    for (const [index, path] of known.entries()) put(tree, path, chosen[index]);
    if (at !== undefined) tree.set(JSON.stringify(time.key), at);
    if (!tree.has(extraKey)) tree.set(extraKey, extra);
    return write(tree);
  });
}

type Tree = Map<string, string | Tree>;

function put(tree: Tree, [key = "", ...rest]: readonly string[], value: string | undefined): void {
  if (value === undefined) return;
  const name = JSON.stringify(key);
  if (rest.length === 0) {
    tree.set(name, value);
    return;
  }
  const below = tree.get(name);
  if (typeof below === "string") return;
  const branch: Tree = below ?? new Map();
  tree.set(name, branch);
  put(branch, rest, value);
}

function write(tree: Tree): string {
  const members = [...tree].map(([key, value]) => `${key}:${typeof value === "string" ? value : write(value)}`);
  return `{${members.join(",")}}`;
}
