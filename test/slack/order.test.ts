import { expect, test } from "vitest";
import { createOrder } from "../../src/slack/order.ts";

test.each([
  [[], true, true],
  [[5], true, true],
  [[5, 5], true, true],
  [[5, 4, 4, 3], true, false],
  [[3, 4, 4, 5], false, true],
  [[5, 4, 6], false, false],
  [[5, Number.NaN, 4], true, false],
  [[4, Number.NaN, 5], false, true],
] as const)("of %j", (times, neverRises, neverFalls) => {
  const order = createOrder();
  for (const time of times) order.observe(time);
  expect({ neverRises: order.neverRises, neverFalls: order.neverFalls }).toEqual({ neverRises, neverFalls });
  const usable = times.filter((time) => !Number.isNaN(time));
  expect([order.smallest, order.largest]).toEqual([Math.min(...usable), Math.max(...usable)]);
});

test("a listing that is read again says nothing by the step back, and all that it said before still holds", () => {
  const order = createOrder();
  for (const time of [5, 4]) order.observe(time);
  order.breakOff();
  for (const time of [6, 5]) order.observe(time);
  expect(order).toMatchObject({ neverRises: true, neverFalls: false, smallest: 4, largest: 6 });
});
