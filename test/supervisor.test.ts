import { expect, test } from "vitest";
import { createSupervisor, type Wanted } from "../src/supervisor.ts";
import { createVirtualClock } from "./support/virtual-clock.ts";

/** Streams that run until they are stopped, take a second to let go, and keep a diary. */
function stage() {
  const clock = createVirtualClock();
  const diary: string[] = [];
  const log: string[] = [];
  const stop = new AbortController();
  const failures: unknown[] = [];
  const supervisor = createSupervisor<string>({
    signal: stop.signal,
    log: (_level, event, fields) =>
      void log.push(`${event} ${String(fields?.["stream"])} ${String(fields?.["connection"])}`),
    onFailure: (error) => void failures.push(error),
  });
  const reading = (name: string, reader: string): Wanted<string> => ({
    name,
    async run(signal) {
      diary.push(`${reader} reads ${name}`);
      await clock.sleep(1e9, signal).catch(() => undefined);
      await clock.sleep(1_000, new AbortController().signal);
      diary.push(`${reader} lets go of ${name}`);
      return reader;
    },
  });
  return { clock, diary, log, stop, failures, supervisor, reading };
}

test("streams that are wanted are started, and stopped when they are wanted no longer", async () => {
  const { clock, supervisor, diary, reading } = stage();
  supervisor.assign("a", [reading("s1", "a"), reading("s2", "a")]);
  supervisor.assign("a", [reading("s2", "a"), reading("s3", "a")]);
  await clock.advance(1_000);
  expect(diary).toEqual(["a reads s1", "a reads s2", "a reads s3", "a lets go of s1"]);
  expect(supervisor.running).toEqual(["s2", "s3"]);
});

test("of two that want one stream the first keeps it, and the other takes over once it has let go", async () => {
  const { clock, supervisor, diary, log, reading } = stage();
  supervisor.assign("a", [reading("s1", "a")]);
  supervisor.assign("b", [reading("s1", "b")]);
  supervisor.assign("b", [reading("s1", "b")]);
  expect(diary).toEqual(["a reads s1"]);
  expect(log).toEqual(["stream_taken s1 b"]);
  supervisor.assign("a", []);
  await clock.advance(999);
  expect(diary).toEqual(["a reads s1"]);
  await clock.advance(1);
  expect(diary).toEqual(["a reads s1", "a lets go of s1", "b reads s1"]);
});

test("a stream that comes back while it is still letting go is read again after it, by one reader at a time", async () => {
  const { clock, supervisor, diary, reading } = stage();
  supervisor.assign("a", [reading("s1", "a")]);
  supervisor.assign("a", []);
  supervisor.assign("a", [reading("s1", "a")]);
  await clock.advance(1_000);
  expect(diary).toEqual(["a reads s1", "a lets go of s1", "a reads s1"]);
});

test("what ended by itself is not started again, and is told at the end", async () => {
  const { clock, supervisor, reading } = stage();
  let runs = 0;
  const short: Wanted<string> = { name: "s1", run: () => Promise.resolve(`run ${++runs}`) };
  supervisor.assign("a", [short]);
  expect(await clock.run(supervisor.settled())).toEqual(["run 1"]);
  supervisor.assign("a", [short]);
  supervisor.assign("b", [reading("s1", "b")]);
  expect(await clock.run(supervisor.settled())).toEqual(["run 1"]);
  expect(runs).toBe(1);
});

test("what a stream starts while it ends is waited for as well", async () => {
  const { clock, supervisor } = stage();
  const last: Wanted<string> = {
    name: "s2",
    run: () => clock.sleep(5_000, new AbortController().signal).then(() => "last"),
  };
  const first: Wanted<string> = {
    name: "s1",
    run() {
      supervisor.assign("a", [last]);
      return Promise.resolve("first");
    },
  };
  supervisor.assign("a", [first]);
  expect(await clock.run(supervisor.settled())).toEqual(["first", "last"]);
});

test("what a stream throws is told, and nothing is started after the signal", async () => {
  const { clock, supervisor, failures, stop, diary, reading } = stage();
  supervisor.assign("a", [{ name: "s1", run: () => Promise.reject(new Error("defect")) }]);
  await clock.advance(0);
  expect(failures).toEqual([new Error("defect")]);
  stop.abort(new Error("stop"));
  supervisor.assign("a", [reading("s2", "a")]);
  expect(await clock.run(supervisor.settled())).toEqual([]);
  expect(diary).toEqual([]);
});
