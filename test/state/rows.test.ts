import { expect, test } from "vitest";
import {
  addChecksums,
  identitiesOf,
  identityChecksum,
  identityOf,
  noteChecksum,
  noteSetSum,
  receiptChecksum,
  receiptText,
  streamChecksum,
  streamSetSum,
} from "../../src/state/rows.ts";
import { hex, identity } from "./identity.ts";

const ROW = {
  id: 3,
  name: "audit_logs/E1",
  position: '{"low":1}',
  report: null,
  generation: 7,
  forgetBelow: 2.5,
  recent: 4,
  moved: 4_000_000_000,
};
const FULL = identity(1, { version: hex(2), count: 0, lastSeconds: 1_700_000_000 });
const BARE = identity(2, { mark: -0.5 });
const NOTE = { name: "token", text: '"ä"' };

test("checksums are those of every state that was written so far", () => {
  expect(streamChecksum(ROW)).toBe(897_130_863);
  expect(streamSetSum([ROW, { ...ROW, id: 4 }])).toBe(422_685_562);
  expect([noteChecksum(NOTE), noteSetSum([NOTE, { ...NOTE, name: "quota" }])]).toEqual([2_673_509_625, 1_679_972_732]);
  expect(receiptChecksum(3, receiptText([FULL]))).toBe(3_126_854_633);
  expect([identityChecksum(3, FULL), identityChecksum(3, BARE)]).toEqual([3_408_682_986, 1_942_141_533]);
});

test("every part of a stream's row counts", () => {
  const changes = [
    { id: 4 },
    { name: "audit_logs/E2" },
    { position: null },
    { report: "{}" },
    { generation: 8 },
    { forgetBelow: null },
    { recent: 5 },
    { moved: 0 },
  ];
  const sums = [{}, ...changes].map((change) => streamChecksum({ ...ROW, ...change }));
  expect(new Set(sums).size).toBe(sums.length);
});

test("sums of checksums go round at 2^32, in any order", () => {
  expect(addChecksums(4_294_967_295, 2)).toBe(1);
  expect(addChecksums(1, -2)).toBe(4_294_967_295);
  const rows = [ROW, { ...ROW, id: 4 }, { ...ROW, id: 5 }];
  expect(streamSetSum(rows)).toBe(streamSetSum(rows.toReversed()));
  expect(streamSetSum([])).toBe(0);
});

test("identities come back from a receipt as they were", () => {
  const counted = identity(3, { count: 5 });
  const text = receiptText([FULL, BARE, counted]);
  expect(text).toBe(
    `[["${hex(1)}","${hex(2)}",0,1700000000,1001],["${hex(2)}","",null,null,-0.5],["${hex(3)}","",5,null,1003]]`,
  );
  expect(identitiesOf(text)).toEqual([FULL, BARE, counted]);
});

test("an identity comes back from a row of the table unless something of it changed", () => {
  const { key, version, mark } = FULL;
  const row = [3, identityChecksum(3, FULL), key, version, 0, 1_700_000_000, mark] as const;
  expect(identityOf(row)).toEqual(FULL);
  expect(identityOf([4, ...row.slice(1)] as unknown as typeof row)).toBeUndefined();
  for (const [at, value] of [hex(9), hex(9), 1, 1, 1].entries()) {
    expect(identityOf(row.with(at + 2, value) as unknown as typeof row)).toBeUndefined();
  }
});
