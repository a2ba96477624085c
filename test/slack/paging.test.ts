import { expect, test } from "vitest";
import type { Page } from "../../src/slack/answer.ts";
import { pagingOf } from "../../src/slack/paging.ts";

test.each([
  [
    { total: 8, pages: 3, page: 1, count: 3 },
    { total: 8, pages: 3 },
  ],
  [
    { total: "8", pages: "3" },
    { total: 8, pages: 3 },
  ],
  [
    { total: 0, pages: 0 },
    { total: 0, pages: 0 },
  ],
  [{ total: -1, pages: 1.5 }, {}],
  [{ total: "-1", pages: "1.5" }, {}],
  [{ total: "", pages: " 3" }, {}],
  [{ total: null, pages: [3] }, {}],
  [{ total: true, pages: {} }, {}],
  [{ per_page: 100, spill: 0, total: 8, page: 1 }, { total: 8 }],
  [[8], {}],
  [null, {}],
  [undefined, {}],
])("%j reads as %j", (paging, expected) => {
  expect(
    pagingOf({ kind: "ok", body: { paging }, entries: [], arrivedMs: 0, headers: {} } satisfies Page),
  ).toStrictEqual(expected);
});
