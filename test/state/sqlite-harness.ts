import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CommitPoint } from "../../src/state/commit-point.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import type { Harness } from "./store-model.ts";

/** Its crash is a copy of the files as they are at that point: what a killed process leaves behind. */
export function sqliteHarness(folder: string, recentAtMost?: number): Harness {
  let restarts = 0;
  let path = join(folder, "state.db");
  let crashPoint: CommitPoint | undefined;
  return {
    open: () =>
      openSqliteStore({
        path,
        lockWaitMs: 0,
        ...(recentAtMost !== undefined && { recentAtMost }),
        reached: (point) => {
          if (point !== crashPoint) return;
          crashPoint = undefined;
          path = copyTo(path, join(folder, `restart-${(restarts += 1)}`));
          throw new Error("crash");
        },
      }),
    crashAt: (point) => {
      crashPoint = point;
    },
  };
}

/** Copies a state and its journal, and gives the path of the copy. */
export function copyTo(path: string, folder: string): string {
  mkdirSync(folder, { mode: 0o700 });
  const copy = join(folder, "state.db");
  copyFileSync(path, copy);
  if (existsSync(`${path}-journal`)) copyFileSync(`${path}-journal`, `${copy}-journal`);
  return copy;
}
