import { inject, test } from "vitest";
import { removePlace, startCollector, type Collector, type CollectorOptions } from "./collector.ts";

export type Start = (options?: Omit<CollectorOptions, "binary">) => Promise<Collector>;

/**
 * `test` with a real Collector. `collector` is one that writes all it receives to a file; `start` runs further ones,
 * or one with another configuration. All of them are stopped and their files removed when the test is over; the log
 * of each is shown when it fails. Skipped, with the reason, where there is no Collector.
 */
export const collectorTest = test
  .extend("start", async ({ skip, onTestFailed }, { onCleanup }): Promise<Start> => {
    const found = inject("collector");
    if (found.status === "absent") return skip(found.reason);
    const started: Collector[] = [];
    onTestFailed(() => started.forEach((collector) => console.error(collector.log())));
    onCleanup(async () => {
      await Promise.all(started.map((collector) => collector.stop()));
      await Promise.all(started.map(({ place }) => removePlace(place)));
    });
    return async (options) => {
      const collector = await startCollector({ ...options, binary: found.path });
      started.push(collector);
      return collector;
    };
  })
  .extend("collector", async ({ start }) => start());
