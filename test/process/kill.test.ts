import { expect, test } from "vitest";
import { createRandom } from "../../src/simulation/random.ts";
import type { DecodedRecord } from "../support/otlp-decoder.ts";
import { uidOf } from "../support/otlp-decoder.ts";
import { createScene, FAST, shownBy, textsOf } from "./scene.ts";

/** CI says more. */
const KILLS = Number(process.env["KILLS"] ?? 10);
const BATCH = 20;
const SHORT_SIGHTED = Object.fromEntries(
  Object.entries(FAST).map(([name, settings]) => [name, { ...settings, look_back: "3m" }]),
);
/** Rows that changed far from the head are owed by the next deep sweep. */
const THOROUGH = { ...SHORT_SIGHTED, access_logs: { ...SHORT_SIGHTED["access_logs"], deep_sweep: "0s" } };
const SEED = Number(process.env["KILL_SEED"] ?? 1);

test(
  `[P1] killed ${KILLS} times at any moment, it loses nothing and repeats no more than what was in flight`,
  async () => {
    const random = createRandom(SEED);
    let onRequest = () => {};
    await using scene = await createScene({
      history: { logins: 60, integrationChanges: 60, activities: 600, auditEntries: 400 },
      // What was read long ago is not read again: thousands of kills leave thousands of entries.
      settings: { sources: SHORT_SIGHTED, batch: { max_records: BATCH } },
      receiver: {
        respond: () => {
          onRequest();
          return undefined;
        },
      },
    });
    for (let kill = 0; kill < KILLS; kill++) {
      await using command = await scene.start();
      let requestsLeft = random.between(1, 12);
      const killed = Promise.withResolvers<void>();
      onRequest = () => {
        requestsLeft -= 1;
        if (requestsLeft !== 0) return;
        // At the request, before or after its answer, before or after the commit that follows.
        const shoot = () => {
          command.signal("SIGKILL");
          killed.resolve();
        };
        if (random.chance(0.3)) shoot();
        else setTimeout(shoot, random.between(0, 12));
      };
      // So that the request it is to be killed at comes, however little was left to deliver.
      const traffic = setInterval(() => scene.traffic.history({ activities: 3, auditEntries: 2 }, 0.02), 50);
      await Promise.race([killed.promise, command.ended]);
      clearInterval(traffic);
      expect((await command.ended).signal).toBe("SIGKILL");
      const rare = kill % 10 === 0 ? { logins: 3, integrationChanges: 3 } : {};
      scene.traffic.history(rare, 0.02);
    }
    onRequest = () => {};
    expect((await scene.once([], { settings: { sources: THOROUGH } })).code).toBe(0);

    const groups = Map.groupBy(scene.receiver.accepted, uidOf);
    const received = textsOf([...groups.values()].map(([first]) => first as DecodedRecord));
    const known = new Set(received);
    expect(received).toEqual(shownBy(scene.slack).filter((text) => known.has(text) || !isSuperseded(text, received)));
    const repeats = new Map<string, number>();
    for (const [first, ...again] of groups.values()) {
      for (const record of again) {
        const { observedTimeUnixNano: _, ...rest } = record;
        expect({ ...(first as DecodedRecord), observedTimeUnixNano: 0 }).toEqual({ ...rest, observedTimeUnixNano: 0 });
        const stream = streamOf(record);
        repeats.set(stream, (repeats.get(stream) ?? 0) + 1);
      }
    }
    for (const count of repeats.values()) expect(count).toBeLessThanOrEqual(KILLS * BATCH);
  },
  30_000 + KILLS * 3_000,
);

/**
 * Whether it is a version of an access row of which a later one arrived: what was shown to a program that was killed may
 * have changed before the next one reads it. What is owed of a row is the last version shown.
 */
function isSuperseded(text: string, received: readonly string[]): boolean {
  if (!text.startsWith("access_logs/")) return false;
  const row = rowOf(text);
  return received.some((other) => {
    if (!other.startsWith("access_logs/")) return false;
    const later = rowOf(other);
    return later.key === row.key && later.lastSeconds > row.lastSeconds;
  });
}

function rowOf(text: string): { readonly key: string; readonly lastSeconds: number } {
  const row = JSON.parse(text.slice(text.indexOf(" ") + 1)) as Readonly<Record<string, unknown>>;
  const key = JSON.stringify([row["user_id"], row["ip"], row["user_agent"], row["date_first"]]);
  return { key, lastSeconds: Number(row["date_last"]) };
}

function streamOf({ resource, attributes }: DecodedRecord): string {
  return JSON.stringify([attributes.get("slack.method"), ...resource]);
}
