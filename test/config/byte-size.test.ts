import { expect, test } from "vitest";
import { parseByteSize } from "../../src/config/byte-size.ts";

test.each([
  ["0", 0],
  ["4194304", 4_194_304],
  ["10B", 10],
  ["900kB", 900_000],
  ["1MB", 1_000_000],
  ["2GB", 2_000_000_000],
  ["1KiB", 1_024],
  ["4MiB", 4_194_304],
  ["1GiB", 1_073_741_824],
  ["1.5MiB", 1_572_864],
])("%s is %i bytes", (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each(["", "4M", "4mib", "4 MiB", "-1", "1.5", "MiB", "4MiBs", "KB", "99999999999999999"])(
  "%j is not a size",
  (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  },
);
