import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Member, shareOf, surplusOf } from "../../../src/state/postgres/shares.ts";

const member = (id: number, more: Partial<Member> = {}): Member => ({ id, wanted: 10, waiting: 0, held: 0, ...more });
const shares = (...members: readonly Member[]) => members.map((each) => shareOf(each, members));

test("the streams that the one with most of them wants are shared out, the oldest with one more where they do not come out even", () => {
  expect(shares(member(7))).toEqual([10]);
  expect(shares(member(1), member(2))).toEqual([5, 5]);
  expect(shares(member(4), member(5, { wanted: 3 }), member(9))).toEqual([4, 3, 3]);
  expect(shares(member(9), member(5), member(4, { wanted: 11 }))).toEqual([3, 4, 4]);
});

test("all shares together are all streams, and no two differ by more than one", () => {
  const members = fc
    .uniqueArray(fc.nat(99), { minLength: 1, maxLength: 9 })
    .chain((ids) => fc.tuple(...ids.map((id) => fc.nat(50).map((wanted) => member(id, { wanted })))));
  fc.assert(
    fc.property(members, (members) => {
      const all = shares(...members);
      expect(all.reduce((a, b) => a + b)).toBe(Math.max(...members.map(({ wanted }) => wanted)));
      expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1);
    }),
  );
});

test("a replica hands over what it has too many, as far as others wait for it and have too few", () => {
  const full = member(1, { held: 10 });
  const surplus = (...others: readonly Member[]) => surplusOf(full, [full, ...others]);
  expect(surplus()).toBe(0);
  expect(surplus(member(2))).toBe(0);
  expect(surplus(member(2, { waiting: 10 }))).toBe(5);
  expect(surplus(member(2, { waiting: 2 }))).toBe(2);
  expect(surplus(member(2, { waiting: 4, held: 2 }))).toBe(3);
  expect(surplus(member(2, { waiting: 1 }), member(3, { waiting: 1 }))).toBe(2);
  // The third has more than its share, and so is owed nothing, nor owes the second anything here.
  expect(surplus(member(2, { waiting: 2 }), member(3, { waiting: 9, held: 5 }))).toBe(2);
});

test("a replica that has no more than its share hands nothing over", () => {
  const modest = member(1, { held: 4 });
  expect(surplusOf(modest, [modest, member(2, { waiting: 10 })])).toBe(0);
  const even = member(1, { held: 5, waiting: 5 });
  expect(surplusOf(even, [even, member(2, { waiting: 10 })])).toBe(0);
});
