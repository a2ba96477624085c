import { expect, test } from "vitest";
import { retryAfterMs } from "../src/retry-after.ts";

const now = Date.UTC(2026, 9, 21, 7, 28, 0);

test.each([
  ["120", 120_000],
  ["0", 0],
  [" 7 ", 7_000],
  ["1.5", 1_500],
  ["-1", -1_000],
  ["1000000000", 1e12],
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30_000],
  ["Wed, 21 Oct 2026 07:27:00 GMT", -60_000],
  ["Wednesday, 21-Oct-26 07:28:30 GMT", 30_000],
  ["Wed Oct 21 07:28:30 2026", 30_000],
])("[D14] the header %j means %d ms", (value, afterMs) => {
  expect(retryAfterMs({ "retry-after": value }, now)).toBe(afterMs);
});

test.each([undefined, "", "soon", "NaN", "Infinity", "1e9", "0x10", "12 34", "2026-10-21T07:28:30Z", "Wed, 99 Foo"])(
  "the header %j means nothing",
  (value) => {
    expect(retryAfterMs({ "retry-after": value }, now)).toBeUndefined();
  },
);

test("[P15] a date is taken by the clock of the server that sent it", () => {
  const headers = { "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", date: "Wed, 21 Oct 2026 07:28:20 GMT" };
  expect(retryAfterMs(headers, now + 86_400_000)).toBe(10_000);
  expect(retryAfterMs({ ...headers, date: "today" }, now)).toBe(30_000);
});
