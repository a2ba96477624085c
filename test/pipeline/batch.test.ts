import * as fc from "fast-check";
import { expect, it } from "vitest";
import { batches } from "../../src/pipeline/batch.ts";
import { recordNumber } from "../support/records.ts";

it("[P18] keeps every record once and in order, within both limits unless a record is alone", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 200 });
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 200 }),
      (sizes, maxRecords, maxBytes) => {
        const records = sizes.map((size, number) => recordNumber(number, size));
        const cut = [...batches(records, { maxRecords, maxBytes })];
        expect(cut.flat()).toEqual(records);
        for (const batch of cut) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(maxRecords);
          const bytes = batch.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
          expect(bytes <= maxBytes || batch.length === 1).toBe(true);
        }
        // No batch could have taken the first record of the next one.
        for (const [index, next] of cut.slice(1).entries()) {
          const batch = cut[index] ?? [];
          const bytes = batch.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) + (next[0]?.sizeBytes ?? 0);
          expect(batch.length === maxRecords || bytes > maxBytes).toBe(true);
        }
      },
    ),
  );
});

it("fills a batch to the last byte, and no further", () => {
  const records = [1, 2, 3, 4].map((number) => recordNumber(number, 5));
  const lengths = (maxBytes: number) => [...batches(records, { maxRecords: 10, maxBytes })].map(({ length }) => length);
  expect(lengths(10)).toEqual([2, 2]);
  expect(lengths(9)).toEqual([1, 1, 1, 1]);
});
