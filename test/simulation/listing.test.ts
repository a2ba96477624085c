import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDueQueue } from "../../src/simulation/due-queue.ts";
import { createListing, firstIndex, type Entry } from "../../src/simulation/listing.ts";
import { createRandom } from "../../src/simulation/random.ts";

it("a queue gives what is due, by time and then by order of arrival", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.array(fc.nat(22)), (dues, takes) => {
      const queue = createDueQueue<number>();
      for (const [index, due] of dues.entries()) queue.add(due, index);
      let waiting = dues.map((due, index) => ({ due, index })).toSorted((a, b) => a.due - b.due || a.index - b.index);
      for (const now of takes) {
        const taken = waiting.filter(({ due }) => due <= now).map(({ index }) => index);
        expect(queue.take(now)).toEqual(taken);
        waiting = waiting.filter(({ due }) => due > now);
      }
    }),
  );
});

describe("a listing", () => {
  it("shows what is visible by its own time, whatever the order of arrival and of becoming visible", () => {
    const arrivals = fc.array(fc.record({ at: fc.nat(50), visibleAtMs: fc.nat(50) }), { maxLength: 400 });
    fc.assert(
      fc.property(arrivals, fc.array(fc.nat(50)), (given, looks) => {
        const listing = createListing<Entry>();
        const all = given.map((each, index): Entry => ({ ...each, text: "", sequence: index + 1 }));
        for (const entry of all) listing.add(entry);
        for (const now of looks.toSorted((a, b) => a - b)) {
          const expected = all
            .filter(({ visibleAtMs }) => visibleAtMs <= now)
            .toSorted((a, b) => a.at - b.at || a.sequence - b.sequence);
          expect(listing.visible(now)).toEqual(expected);
        }
        expect(listing.all).toEqual(all);
      }),
    );
  });

  it("finds the first index that holds", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.nat(21), (numbers, bound) => {
        const sorted = numbers.toSorted((a, b) => a - b);
        const found = sorted.findIndex((number) => number >= bound);
        expect(firstIndex(sorted, (number) => number >= bound)).toBe(found < 0 ? sorted.length : found);
      }),
    );
  });
});

describe("chance", () => {
  it("is even, within its bounds, and its own for every seed", () => {
    const random = createRandom(7);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 8000; draw++) counts[random.between(3, 6) - 3]! += 1;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
    expect(createRandom(7).hex(32)).toBe(createRandom(7).hex(32));
    const first = new Set(Array.from({ length: 100 }, (_, seed) => createRandom(seed).hex(16)));
    expect(first.size).toBe(100);
    expect(random.id("Tr", 8)).toMatch(/^Tr[0-9A-Z]{8}$/);
  });
});
