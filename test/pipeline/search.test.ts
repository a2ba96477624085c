import { expect, test } from "vitest";
import { createSearch, type Search } from "../../src/pipeline/search.ts";

type Answer = ["refused" | "too large"] | ["accepted" | "found" | "taken", number];

/** The size of each request: the first, and the one after each answer. */
function sizes(length: number, answers: readonly Answer[]): number[] {
  const search = createSearch(length);
  return [search.size(), ...answers.map((answer) => answered(search, answer))];
}

function answered(search: Search, [what, left = 0]: Answer): number {
  if (what === "accepted") search.accepted(left);
  else if (what === "found") search.found(left);
  else if (what === "taken") search.taken(left);
  else search.refused(what === "too large");
  return search.size();
}

test("the head is halved until the record at fault is alone, and all behind it goes into one request", () => {
  expect(sizes(9, [["refused"], ["refused"], ["accepted", 6], ["accepted", 5], ["found", 4]])).toEqual([
    9, 5, 3, 1, 1, 4,
  ]);
});

test("when none of the refused ones is refused again, all the rest goes into one request", () => {
  expect(sizes(8, [["refused"], ["refused"], ["accepted", 6], ["accepted", 5], ["accepted", 4]])).toEqual([
    8, 4, 2, 1, 1, 4,
  ]);
});

test("of what was too large the second half is tried whole, and then twice as many, as long as there are so many", () => {
  expect(sizes(22, [["too large"], ["too large"], ["accepted", 16], ["accepted", 11]])).toEqual([22, 11, 6, 5, 10]);
  expect(sizes(11, [["too large"], ["too large"], ["accepted", 8], ["accepted", 5], ["accepted", 1]])).toEqual([
    11, 6, 3, 3, 5, 1,
  ]);
});

test("a second half that is too large by itself is searched, and what comes after it is not", () => {
  expect(sizes(12, [["too large"], ["accepted", 6], ["too large"], ["accepted", 3], ["accepted", 1]])).toEqual([
    12, 6, 6, 3, 2, 1,
  ]);
  expect(sizes(12, [["too large"], ["too large"], ["found", 11], ["accepted", 0]])).toEqual([12, 6, 3, 11, 0]);
});

test("what was taken of a request leaves its others as they were", () => {
  expect(
    sizes(8, [
      ["taken", 3],
      ["accepted", 0],
    ]),
  ).toEqual([8, 5, 0]);
  // Of the 13 that are left of the refused ones, eight are not cleared.
  expect(sizes(16, [["refused"], ["taken", 3], ["accepted", 8]])).toEqual([16, 8, 5, 4]);
  // One of the five that are left of the first half is at fault: half of them is asked for.
  expect(sizes(16, [["refused"], ["taken", 3], ["refused"], ["accepted", 10]])).toEqual([16, 8, 5, 3, 1]);
});

test("after a record at fault nothing is known of those behind it", () => {
  expect(sizes(16, [["too large"], ["found", 12], ["refused"], ["accepted", 6]])).toEqual([16, 8, 12, 6, 3]);
  expect(sizes(16, [["too large"], ["found", 12], ["too large"], ["accepted", 6]])).toEqual([16, 8, 12, 6, 6]);
  expect(sizes(16, [["too large"], ["too large"], ["found", 8], ["too large"], ["accepted", 4]])).toEqual([
    16, 8, 4, 8, 4, 4,
  ]);
});
