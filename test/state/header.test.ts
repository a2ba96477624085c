import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyHeader } from "../../src/state/header.ts";
import { refusal } from "./refusal.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** https://sqlite.org/fileformat.html#the_database_header: offset, width and value of what is looked at. */
const SOUND = {
  pageBytes: [16, 2, 512],
  writeVersion: [18, 1, 1],
  readVersion: [19, 1, 1],
  changeCounter: [24, 4, 7],
  pages: [28, 4, 2],
  userVersion: [60, 4, 2],
  applicationId: [68, 4, 0x736f746c],
  validFor: [92, 4, 7],
} as const;

/** A file that begins with such a header and is as long as it says, or as given. */
async function checked(
  changes: { readonly [Field in keyof typeof SOUND]?: number },
  sizeBytes = 1024,
): Promise<string> {
  const bytes = Buffer.alloc(sizeBytes);
  bytes.write("SQLite format 3\0", "latin1");
  for (const [field, [offset, width, value]] of Object.entries(SOUND)) {
    bytes.writeUIntBE(changes[field as keyof typeof SOUND] ?? value, offset, width);
  }
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, bytes);
  return path;
}

test("a sound header is taken, of this version and of the one before, with pages of any size", async () => {
  await verifyHeader(await checked({}), "state.db");
  await verifyHeader(await checked({ userVersion: 1 }), "state.db");
  // 1 stands for 65,536, which two bytes cannot hold.
  await verifyHeader(await checked({ pageBytes: 1 }, 131_072), "state.db");
});

test.each([
  ["another program's database", { applicationId: 0x736f746d }, /state\.db: .*not one of this program.*another path/],
  ["a newer version", { userVersion: 3 }, /newer version of this program \(schema 3, this one knows 2\)/],
  ["no version", { userVersion: 0 }, /schema version is 0/],
  ["WAL for writing", { writeVersion: 2 }, /WAL mode/],
  ["WAL for reading", { readVersion: 2 }, /WAL mode/],
  ["counters that differ", { validFor: 8 }, /its header contradicts itself/],
  ["more pages than there are", { pages: 3 }, /has 1024 bytes where its header says 1536/],
  ["fewer pages than there are", { pages: 1 }, /has 1024 bytes where its header says 512/],
  ["larger pages than there are", { pageBytes: 4096 }, /has 1024 bytes where its header says 8192/],
])("%s in the header is refused, by the name that people know", async (_, changes, message) => {
  expect(await refusal(verifyHeader(await checked(changes), "state.db"))).toMatch(message);
});
