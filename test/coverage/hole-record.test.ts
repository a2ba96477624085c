import { expect, test } from "vitest";
import { createHoleRecords } from "../../src/coverage/hole-record.ts";

const toRecord = createHoleRecords({ stream: "access_logs/T1", method: "team.accessLogs", resource: {}, version: "1" });
const hole = { reason: "dead_letters", fromMs: 1_000, toMs: 2_000, records: 1 } as const;

test("a hole told again is the same record, and one found later over the same times another", () => {
  const first = toRecord({ ...hole, untold: 5_000 });
  expect(toRecord({ ...hole, untold: 5_000 })).toEqual(first);
  const later = toRecord({ ...hole, untold: 6_000 });
  expect(later.uid).not.toBe(first.uid);
  expect(later.log.hrTime).toEqual([6, 0]);
});
