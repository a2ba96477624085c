import type { Random } from "../../src/simulation/random.ts";

/** Members that no receiver and no mapping is glad of, as JSON text (S29, H1 to H7). */
const ODD: readonly string[] = [
  `"note":null`,
  `"__proto__":{"polluted":true},"constructor":"none"`,
  `"serial":9007199254740993,"large":12345678901234567890`,
  `"half":"a\\ud800b","\\udfffkey":1`,
  `"control":"\\u0000\\u202e\\u2028"`,
  `"deep":${"[".repeat(40)}1${"]".repeat(40)}`,
  `"user_id":["not","a","text"],"scope":{"a":{}},"level":7`,
  `"":"","tags":[[],{},null,true,1.5e-7]`,
];
/** Many of these together are compressed on the thread pool, whose work no virtual time waits for. */
const LONG = `"text":"${"ä".repeat(3_000)}"`;

type OddLog = "integration" | "activities" | "audit";

/** One entry of that kind, dated `atMs`. Every text is another, but for the rare twins. */
export function oddEntry(random: Random, log: OddLog, atMs: number): string {
  return entryOf(random, log, atMs, [...ODD, LONG]);
}

/** One of a few hundred bytes. */
export function shortOddEntry(random: Random, log: OddLog, atMs: number): string {
  return entryOf(random, log, atMs, ODD);
}

function entryOf(random: Random, log: OddLog, atMs: number, members: readonly string[]): string {
  const odd = [random.pick(members), `"odd":${random.below(1e6)}`];
  const seconds = Math.floor(atMs / 1000);
  switch (log) {
    case "integration":
      return `{"date":"${seconds}",${odd.join(",")}}`;
    case "activities":
      return `{"created":${Math.floor(atMs)}000,${odd.join(",")}}`;
    case "audit":
      return `{"date_create":${seconds},${odd.join(",")}}`;
    default:
      return log satisfies never;
  }
}
