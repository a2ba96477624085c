import { expect, test } from "vitest";
import type { Identified } from "../../src/mapping/identity.ts";
import type { Identity } from "../../src/model.ts";
import { countDelta } from "../../src/slack/count-delta.ts";

const START = 1000;

interface Version {
  readonly version: string;
  readonly count?: number;
  readonly last?: number;
}

function row(count: number | undefined, last?: number, first?: number): Identified {
  const facts = { count, lastSeconds: last, firstSeconds: first };
  const given = Object.entries(facts).filter(([, value]) => value !== undefined);
  return { key: "k", version: "new", ...Object.fromEntries(given) } as unknown as Identified;
}

function known(versions: readonly Version[]): Identity[] {
  return versions.map(({ version, count, last }) => ({
    key: "k",
    version,
    mark: 1,
    ...(count === undefined ? {} : { count }),
    ...(last === undefined ? {} : { lastSeconds: last }),
  }));
}

test.each([
  ["the version before", [{ version: "a", count: 3, last: 10 }], 4],
  [
    "the latest of several, whatever their order",
    [
      { version: "b", count: 5, last: 20 },
      { version: "a", count: 3, last: 10 },
    ],
    2,
  ],
  [
    "of several of one second the one that counts most",
    [
      { version: "a", count: 3, last: 10 },
      { version: "b", count: 4, last: 10 },
    ],
    3,
  ],
  [
    "the one that counts most, whatever their order",
    [
      { version: "b", count: 4, last: 10 },
      { version: "a", count: 3, last: 10 },
    ],
    3,
  ],
  [
    "one of the same count",
    [
      { version: "a", count: 3, last: 10 },
      { version: "b", count: 7, last: 20 },
    ],
    0,
  ],
  [
    "one of the same second",
    [
      { version: "a", count: 3, last: 10 },
      { version: "b", count: 5, last: 50 },
    ],
    2,
  ],
  ["a version without a time", [{ version: "a", count: 3 }], 4],
  [
    "of several without a time the one that counts most",
    [
      { version: "b", count: 4 },
      { version: "a", count: 3 },
    ],
    3,
  ],
  [
    "one with a time, before one without",
    [
      { version: "a", count: 3, last: 10 },
      { version: "b", count: 5 },
    ],
    4,
  ],
  [
    "one with a count, before one of the same second without",
    [
      { version: "b", last: 10 },
      { version: "a", count: 3, last: 10 },
    ],
    4,
  ],
  [
    "the latest that it can have grown from: not one that counts more",
    [
      { version: "a", count: 3, last: 10 },
      { version: "other", count: 9, last: 20 },
    ],
    4,
  ],
  [
    "the latest that it can have grown from: not one that is later",
    [
      { version: "a", count: 3, last: 10 },
      { version: "other", count: 4, last: 99 },
    ],
    4,
  ],
  [
    "where it can have grown from none, the latest",
    [
      { version: "a", count: 8, last: 10 },
      { version: "b", count: 9, last: 20 },
    ],
    -2,
  ],
] satisfies [string, Version[], number][])("a difference is against %s", (_, versions, delta) => {
  expect(countDelta(row(7, 50, 5), known(versions), new Set(["new"]), START)).toBe(delta);
});

test("a version that stands unchanged in the same answer is another row's", () => {
  const versions = known([
    { version: "mine", count: 3, last: 10 },
    { version: "other", count: 6, last: 40 },
  ]);
  expect(countDelta(row(7, 50), versions, new Set(["new", "other"]), START)).toBe(4);
});

test("where all known versions are others', the row is met first", () => {
  const versions = known([{ version: "other", count: 6, last: 40 }]);
  expect(countDelta(row(7, 2000, START), versions, new Set(["new", "other"]), START)).toBe(7);
  expect(countDelta(row(7, 2000, START - 1), versions, new Set(["new", "other"]), START)).toBeUndefined();
});

test("a row met first gives its whole count, if it began no earlier than the start", () => {
  const none = new Set(["new"]);
  expect(countDelta(row(7, 2000, START), [], none, START)).toBe(7);
  expect(countDelta(row(7, 2000, START - 1), [], none, START)).toBeUndefined();
  expect(countDelta(row(7, 2000), [], none, START)).toBeUndefined();
});

test("nothing is made up where a count is missing", () => {
  const before = known([{ version: "a", count: 1, last: 10 }]);
  expect(countDelta(row(undefined, 50, START), before, new Set(["new"]), START)).toBeUndefined();
  expect(countDelta(row(7, 50, START), known([{ version: "a", last: 10 }]), new Set(["new"]), START)).toBeUndefined();
});

test("a count that stayed is a difference of nothing", () => {
  expect(countDelta(row(7, 50), known([{ version: "a", count: 7, last: 50 }]), new Set(["new"]), START)).toBe(0);
});
