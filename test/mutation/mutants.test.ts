import { expect, test } from "vitest";
import { mutantsOf } from "./mutants.ts";

const changes = (source: string) => mutantsOf(source).map(({ was, becomes }) => `${was} -> ${becomes}`);

test("changes operators, conditions and literals, one at a time, and leaves statements out", () => {
  expect(changes("if (a < 1) b();")).toEqual(["a < 1 -> true", "a < 1 -> false", "< -> <=", "1 -> 2", "b(); -> ;"]);
  expect(changes("const c = !d && true;")).toEqual(["&& -> ||", "!d -> d", "true -> false"]);
  expect(changes("const e: number = [f, ...g].length ?? 0;")).toEqual(["?? -> &&", "[f, ...g] -> []", "0 -> 1"]);
});

test("leaves types alone, and gives the line and the whole text", () => {
  expect(mutantsOf("type A = 1 | 2;\ninterface B { readonly v: 1 }\nconst c = x as A;")).toEqual([]);
  expect(mutantsOf("let a;\nwhile (a > b) {}")).toMatchObject([
    { line: 2, text: "let a;\nwhile (false) {}" },
    { line: 2, text: "let a;\nwhile (a >= b) {}" },
  ]);
});
