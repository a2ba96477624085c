import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { SOURCE_NAMES, type SourceName } from "../../src/model.ts";
import { serialize } from "../../src/otlp/encode.ts";
import { createRandom, type Random } from "../../src/simulation/random.ts";
import { readAnswer } from "../../src/slack/answer.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";
import { mapped } from "../support/mapped.ts";
import { decodeProtobuf, uidOf } from "../support/otlp-decoder.ts";

/** For each source its part. */
const RUNS = Math.ceil(Number(process.env["FUZZ_RUNS"] ?? 2_000) / SOURCE_NAMES.length);
/** Entries of one answer. */
const AT_A_TIME = 10;
const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

function fixturesOf(source: SourceName): unknown[] {
  const files = globSync(`${source}/*.json`, { cwd: FIXTURES }).filter((file) => !file.endsWith(".expected.json"));
  return files.toSorted().flatMap((file) => JSON.parse(readFileSync(`${FIXTURES}${file}`, "utf8")) as unknown[]);
}

/** JSON texts that break readers, each to stand in any place. */
const NASTY = [
  "null",
  "true",
  "-0",
  "0",
  "-1",
  "1e400",
  "1e21",
  "9007199254740993",
  "123456789012345678901234567890",
  "[]",
  "{}",
  "[[[]]]",
  `""`,
  `"\\u0000"`,
  String.raw`"\ud800"`,
  String.raw`"\u202eabc\r\n{"`,
  `{"__proto__":{"x":1},"constructor":null,"":""}`,
  `{"a":1,"a":2}`,
  `[null,{},"x",1e400]`,
  "[".repeat(70) + "]".repeat(70),
  `"${"x".repeat(300)}"`,
];
/** Stands for a text while a value is written. */
const MARK = "\uE000";

/** Puts something else in the place of one value, leaves one out, or writes one twice, anywhere in it. */
function mutated(value: unknown, random: Random): string {
  const copy: unknown = structuredClone(value);
  const places: { readonly holder: Record<string, unknown>; readonly key: string }[] = [];
  const visit = (holder: unknown) => {
    if (typeof holder !== "object" || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      visit((holder as Record<string, unknown>)[key]);
    }
  };
  visit(copy);
  if (places.length === 0 || random.chance(0.05)) return random.pick(NASTY);
  const raw: string[] = [];
  for (let times = random.between(1, 3); times > 0; times--) {
    const { holder, key } = random.pick(places);
    const how = random.below(5);
    if (how === 0 && !Array.isArray(holder)) delete holder[key];
    else if (how === 1) holder[key] = [holder[key], holder[key]];
    else if (how === 2 && !Array.isArray(holder)) holder[random.pick(["", "id", "10", "type", "level"])] = holder[key];
    else holder[key] = MARK + String(raw.push(random.pick(NASTY)) - 1);
  }
  return JSON.stringify(copy).replaceAll(
    new RegExp(`"${MARK}(\\d+)"`, "g"),
    (_, index: string) => raw[Number(index)] ?? "",
  );
}

test.each(SOURCE_NAMES)(
  "[H1] [H7] no mutation of an entry of %s throws, or costs it or a neighbour the record",
  (source) => {
    const random = createRandom(SOURCE_NAMES.indexOf(source) + 1);
    const fixtures = fixturesOf(source);
    const [before, after] = mapped(source, `[{"first":"neighbour"},{"last":"neighbour"}]`);
    for (let run = 0; run < RUNS; run += AT_A_TIME) {
      const entries = Array.from({ length: AT_A_TIME }, (_, index) =>
        // Equal entries with one id would be one.
        mutated({ ...(random.pick(fixtures) as object), number: run + index }, random),
      );
      const records = mapped(source, `[{"first":"neighbour"},${entries.join(",")},{"last":"neighbour"}]`);
      const uids = decodeProtobuf(serialize(records, "protobuf")).map(uidOf);
      if (uids.length !== AT_A_TIME + 2 || uids[0] !== before?.uid || uids.at(-1) !== after?.uid)
        expect(uids, entries.join("\n").slice(0, 5_000)).toHaveLength(AT_A_TIME + 2);
    }
    expect(Object.prototype).not.toHaveProperty("x");
  },
  600_000,
);

test.each(SOURCE_NAMES)(
  "[S3] no mutation of an answer of %s throws, or passes for a page that has lost an entry",
  (source) => {
    const random = createRandom(SOURCE_NAMES.indexOf(source) + 101);
    const fixtures = fixturesOf(source);
    const { endpoint } = sourceDefinitions[source];
    const list = endpoint.list ?? "";
    for (let run = 0; run < RUNS; run++) {
      const entries = Array.from({ length: 3 }, () => JSON.stringify(random.pick(fixtures)));
      const envelope = {
        ...(endpoint.api === "web" ? { ok: true } : {}),
        [list]: MARK,
        response_metadata: { next_cursor: "dGVhbTpD", warnings: ["w"] },
        paging: { count: 100, total: 3, page: 1, pages: 1 },
      };
      const whole = JSON.stringify(envelope).replace(`"${MARK}"`, `[${entries.join(",")}]`);
      const how = random.below(3);
      const bytes = Buffer.from(whole);
      let text: string | Buffer = whole;
      if (how === 0) text = mutated(envelope, random).replaceAll(`"${MARK}"`, `[${entries.join(",")}]`);
      else if (how === 1) text = bytes.subarray(0, random.below(bytes.length));
      else {
        const at = random.below(bytes.length);
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        text = bytes;
      }
      const body = Buffer.from(text as string);
      const result = readAnswer(endpoint, { kind: "answer", status: 200, headers: {}, body }, 0);
      if (result.kind !== "ok") continue;
      // A mutation may put another list in the place of this one, which then is what Slack has said.
      const isOther = how === 0 && !body.includes(entries[0] ?? "");
      if (how === 1) expect(body.toString().slice(-200), "a part of an answer passed for a whole one").toBe("");
      // The list itself may have been written twice, as a list of lists.
      const isLost = result.page.entries.length < 3 && !result.page.entries.every(Array.isArray);
      if (!isOther && isLost) expect(body.toString().slice(0, 2_000)).toBe("whole");
    }
  },
  600_000,
);
