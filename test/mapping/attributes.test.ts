import { expect, test } from "vitest";
import { createReadAttributes, type AttributeRule, type AttributeValue } from "../../src/mapping/attributes.ts";
import { fieldsOf } from "../../src/mapping/fields.ts";
import { parseLossless } from "../../src/mapping/lossless.ts";

function read(rule: Omit<AttributeRule, "name">, text: string): AttributeValue | undefined {
  const readAttributes = createReadAttributes({ method: "a.method", attributes: [{ name: "it", ...rule }] });
  return readAttributes(fieldsOf(parseLossless(text)), "uid")["it"];
}

test("has the uid and the method first, then what there is in the order of the table, of each entry its own", () => {
  const names = ["b", "a", "d", "c"];
  const readAttributes = createReadAttributes({ method: "m", attributes: names.map((name) => ({ name, from: name })) });
  const of = (entry: object) => Object.entries(readAttributes(fieldsOf(entry), "u"));
  const always = [
    ["log.record.uid", "u"],
    ["slack.method", "m"],
  ];
  expect(of({ a: "1", c: "2" })).toEqual([...always, ["a", "1"], ["c", "2"]]);
  expect(of({ b: "3", d: "4" })).toEqual([...always, ["b", "3"], ["d", "4"]]);
  expect(of({ a: "5", c: "6" })).toEqual([...always, ["a", "5"], ["c", "6"]]);
  expect(of({})).toEqual(always);
});

test.each([
  [`"text"`, "text"],
  [`""`, ""],
  [`7`, "7"],
  [`-0`, "0"],
  [`1.5`, "1.5"],
  [`true`, "true"],
  [`9007199254740993`, "9007199254740993"],
  [`1e400`, "1e400"],
  [String.raw`"a\ud800b\u0000"`, "a\uFFFDb\u0000"],
  [`null`, undefined],
  [`{}`, undefined],
  [`["text"]`, undefined],
])("as text, %s is %j", (value, expected) => {
  expect(read({ from: "a" }, `{"a":${value}}`)).toBe(expected);
});

test.each([
  [`7`, 7],
  [`-0`, 0],
  [`1.5`, 1.5],
  [`"7"`, 7],
  [`"-7.25"`, -7.25],
  [`9007199254740993`, "9007199254740993"],
  [`"9007199254740993"`, "9007199254740993"],
  [`1e21`, "1e21"],
  [`1e400`, undefined],
  [`"many"`, undefined],
  [`""`, undefined],
  [`" 7"`, undefined],
  [`"0x7"`, undefined],
  [`true`, undefined],
  [`null`, undefined],
  [`[7]`, undefined],
])("as a number, %s is %j", (value, expected) => {
  expect(read({ from: "a", as: "number" }, `{"a":${value}}`)).toBe(expected);
});

test.each([
  [`"chat:write,channels:read"`, ["chat:write", "channels:read"]],
  [`" a , ,b,"`, ["a", "b"]],
  [`["a",7,null,{}," b "]`, ["a", "7", "b"]],
  [`7`, ["7"]],
  [`""`, undefined],
  [`","`, undefined],
  [`[]`, undefined],
  [`{}`, undefined],
  [`null`, undefined],
])("as a list, %s is %j", (value, expected) => {
  expect(read({ from: "a", as: "list" }, `{"a":${value}}`)).toEqual(expected);
});

test("a long text stays whole", () => {
  const text = "x".repeat(1_000_000);
  expect(read({ from: "a" }, `{"a":"${text}"}`)).toBe(text);
});

test.each([
  [`{"a":{"b":"deep"},"c":"other"}`, "deep"],
  [`{"a":{"b":null},"c":"other"}`, "other"],
  [`{"a":{},"c":"other"}`, "other"],
  [`{"a":null,"c":"other"}`, "other"],
  [`{"a":"text","c":"other"}`, "other"],
  [`{"a":{"b":{}},"c":"other"}`, undefined],
  [`{}`, undefined],
  [`[]`, undefined],
  [`null`, undefined],
])("of several places in %s the first with a value counts", (entry, expected) => {
  expect(read({ from: ["a.b", "c"] }, entry)).toBe(expected);
});
