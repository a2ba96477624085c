import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { uidOf } from "../support/otlp-decoder.ts";
import { FAULT_POINTS } from "./fault-points.ts";
import { createScene, shownBy, textsOf, type Scene } from "./scene.ts";

/** How often at each place; CI says more. */
const TIMES = Number(process.env["FAULT_TIMES"] ?? 1);
const BATCH = 12;
const PROGRAM = fileURLToPath(new URL("faulty-program.ts", import.meta.url));

/** What a run comes to but once. */
const ONCE: ReadonlySet<string> = new Set(["store-created", "window-opened", "window-closed"]);

const isPoison = (uid: string) => Number.parseInt(uid.slice(0, 2), 16) % 23 === 0;

/** What is told of holes is no entry. */
const HOLE = "slack.coverage.hole";

/** The uids of the entries set aside; of a torn line there is none. */
async function lettersOf({ folder }: Scene): Promise<string[]> {
  const files = await readdir(join(folder, "dead-letters")).catch(() => []);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, "dead-letters", file), "utf8")));
  return texts
    .flatMap((text) => text.trimEnd().split("\n"))
    .filter((line) => !line.includes(HOLE))
    .flatMap((line) => {
      try {
        return [(JSON.parse(line) as { uid: string }).uid];
      } catch {
        return [];
      }
    });
}

test.each(FAULT_POINTS)(
  "[P2] killed at %s, the next start goes on: nothing is lost, a batch a stream repeated at most",
  async (point) => {
    for (let nth = 1; nth <= TIMES; nth++) {
      await using scene = await createScene({
        history: { logins: 20, integrationChanges: 12, activities: 40, auditEntries: 40 },
        settings: { batch: { max_records: BATCH } },
        receiver: { poison: isPoison },
      });
      const { args, options } = await scene.prepare([]);
      await mkdir(join(scene.folder, "dead-letters"));
      const child = spawn(process.execPath, [PROGRAM, args[2] ?? "", point, String(ONCE.has(point) ? 1 : nth)], {
        cwd: scene.folder,
        env: { PATH: process.env["PATH"], ...options.env },
        stdio: ["ignore", "ignore", "inherit"],
      });
      const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
      expect(signal).toBe("SIGKILL");
      expect((await scene.once()).code).toBe(0);

      const letters = await lettersOf(scene);
      // What is told of holes is no entry.
      const accepted = scene.receiver.accepted.filter(({ eventName }) => eventName !== "slack.coverage.hole");
      const first = [...new Map(accepted.map((record) => [uidOf(record), record])).values()];
      expect(letters.length).toBeGreaterThan(0);
      expect(letters.filter((uid) => !isPoison(uid))).toEqual([]);
      expect(first.length + new Set(letters).size).toBe(shownBy(scene.slack).length);
      const shown = new Set(shownBy(scene.slack));
      expect(textsOf(first).filter((text) => !shown.has(text))).toEqual([]);
      const repeats = Map.groupBy(accepted, ({ attributes, resource }) =>
        JSON.stringify([attributes.get("slack.method"), ...resource]),
      );
      for (const records of repeats.values())
        expect(records.length - new Set(records.map(uidOf)).size).toBeLessThanOrEqual(BATCH);
    }
  },
  300_000,
);
