/**
 * `run --once` with places where it dies: of the program's own parts, put together as `main.ts` does, since the program
 * itself must not know of such a thing. Arguments: the configuration's file, the place, and at which time there.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { createHttp, type Http } from "../../src/http.ts";
import type { Store } from "../../src/model.ts";
import { toJsonLine } from "../../src/otlp/encode.ts";
import { createDeadLetterFile } from "../../src/pipeline/dead-letters.ts";
import { run } from "../../src/run.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { createStop } from "../../src/stop.ts";
import type { FaultPoint } from "./fault-points.ts";

const [file = "", point, nth = "1"] = process.argv.slice(2);
const reachedTimes = new Map<string, number>();

/** SIGKILL, at once: nothing after it is done any more. */
function reach(place: FaultPoint): void {
  const times = (reachedTimes.get(place) ?? 0) + 1;
  reachedTimes.set(place, times);
  if (place === point && times === Number(nth)) process.kill(process.pid, "SIGKILL");
}

const loaded = loadConfiguration({ env: process.env, file });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
const { configuration } = loaded;

const toSlack: (http: Http) => Http = (http) => async (request, signal) => {
  const answer = await http(request, signal);
  reach("page-fetched");
  return answer;
};
const toDestination: (http: Http) => Http = (http) => async (request, signal) => {
  reach("before-send");
  const answer = await http(request, signal);
  reach("after-accept");
  return answer;
};

/** What a commit means for a window: that it is opened, or that it is closed. */
function watched(store: Store): Store {
  const isOpen = (position: unknown) => (position as { readonly window?: unknown } | undefined)?.window !== undefined;
  return {
    ...store,
    async claim(stream, signal) {
      const claim = await store.claim(stream, signal);
      const { state } = claim;
      const commit: typeof state.commit = async (change) => {
        reach("mapped");
        const before = isOpen(state.position);
        await state.commit(change);
        const after = isOpen(state.position);
        if (!before && after) reach("window-opened");
        if (before && !after) reach("window-closed");
      };
      return {
        lost: claim.lost,
        handOver: claim.handOver,
        [Symbol.asyncDispose]: () => claim[Symbol.asyncDispose](),
        state: Object.create(state, { commit: { value: commit } }) as typeof state,
      };
    },
  };
}

process.exitCode = await run(
  {
    configuration,
    once: true,
    version: "0.0.0",
    createHttp(options) {
      const { http, close } = createHttp(options);
      const [slack, destination] = [toSlack(http), toDestination(http)];
      const isDestination = (url: string) => url.endsWith("/v1/logs");
      return { close, http: (request, signal) => (isDestination(request.url) ? destination : slack)(request, signal) };
    },
    stdout: process.stdout,
    clock: systemClock,
    random: Math.random,
    log: () => undefined,
    openStore: async (signal) =>
      watched(
        await openSqliteStore({
          path: "./state.db",
          signal,
          reached: (place) => {
            if (place !== "migration-written") reach(place);
          },
        }),
      ),
    deadLetters(stream) {
      const { path, max_bytes: maxBytes } = configuration.dead_letters;
      const letters = createDeadLetterFile({
        path,
        maxBytes,
        stream,
        destination: "otlp",
        clock: systemClock,
        encode: toJsonLine,
      });
      return {
        full: () => letters.full(),
        async write(written) {
          if (point === "dead-letter-written") {
            // In the middle of it: the line is torn.
            appendFileSync(join(path, `${stream.replaceAll(/[^A-Za-z0-9_-]/g, "_")}.jsonl`), '{"uid":"torn');
            reach("dead-letter-written");
          }
          await letters.write(written);
          reach("dead-letter-synced");
        },
      };
    },
  },
  createStop(systemClock),
);
process.exit();
