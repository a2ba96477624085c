import { expect, test } from "vitest";
import { startOf } from "../src/start-of.ts";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

test.each([
  [{ kind: "earliest" }, undefined, 0],
  [{ kind: "now" }, undefined, NOW],
  [{ kind: "back", ms: 24 * HOUR }, undefined, NOW - 24 * HOUR],
  [{ kind: "back", ms: NOW * 2 }, undefined, 0],
  [{ kind: "at", epochMs: 5 }, undefined, 5],
  [{ kind: "earliest" }, 18 * HOUR, NOW - 17.5 * HOUR],
  [{ kind: "back", ms: 24 * HOUR }, 18 * HOUR, NOW - 17.5 * HOUR],
  [{ kind: "back", ms: 17 * HOUR }, 18 * HOUR, NOW - 17 * HOUR],
  [{ kind: "now" }, 18 * HOUR, NOW],
  [{ kind: "earliest" }, HOUR / 2, NOW - HOUR / 4],
] as const)("%j with a window of %s ms begins at %d", (start, maxAgeMs, ms) => {
  expect(startOf(start, NOW, maxAgeMs).ms).toBe(ms);
});
