import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { StateError } from "../../src/model.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { verify } from "../../src/state/verify.ts";
import { contentOf, makeSample } from "./sample.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function sample(): Promise<{ path: string; bytes: Buffer; content: string }> {
  const path = join(temporaryFolder(), "state.db");
  const content = await makeSample(path);
  return { path, bytes: readFileSync(path), content };
}

/** A state that was not refused must hold exactly the truth. */
async function outcome(path: string, content: string): Promise<"refused" | "true"> {
  const bytes = readFileSync(path);
  try {
    const store = await openSqliteStore({ path });
    try {
      expect(await contentOf(store)).toBe(content);
      return "true";
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    expect(readFileSync(path).equals(bytes)).toBe(true);
    return "refused";
  }
}

describe("a damaged state is never taken for another one", () => {
  it("with zeros for a page", async () => {
    const { path, bytes, content } = await sample();
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 4096) {
      const damaged = Buffer.from(bytes);
      damaged.fill(0, at, at + 4096);
      writeFileSync(path, damaged);
      refused += (await outcome(path, content)) === "refused" ? 1 : 0;
    }
    expect(refused).toBeGreaterThan(4);
  });

  it("[P4] cut at every length", { timeout: 120_000 }, async () => {
    const { path, bytes } = await sample();
    const file = openSync(path, "r+");
    let accepted = 0;
    for (let length = bytes.length - 1; length >= 0; length -= 1) {
      ftruncateSync(file, length);
      await verify(path, undefined).then(
        () => (accepted += 1),
        (error: unknown) => expect(error).toBeInstanceOf(StateError),
      );
    }
    closeSync(file);
    expect(accepted).toBe(0);
  });

  it("[P4] with one of 1,000 bits flipped", { timeout: 120_000 }, async () => {
    const { path, bytes, content } = await sample();
    const counts = { refused: 0, true: 0 };
    const random = numbers(1);
    for (let n = 0; n < 1000; n += 1) {
      const bit = random(bytes.length * 8);
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(path, flipped);
      counts[await outcome(path, content)] += 1;
    }
    console.info(`bit flips in ${bytes.length} bytes: ${counts.refused} refused, ${counts.true} without effect`);
    expect(counts.refused).toBeGreaterThan(300);
  });
});

/** Numbers below a limit, the same in each run (xorshift32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
