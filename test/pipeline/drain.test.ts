import { describe, expect, it } from "vitest";
import type { Commit, Ending, LogRecord, Page, Source, StreamState } from "../../src/model.ts";
import { conclude, drain, type DrainEvents, type DrainOptions } from "../../src/pipeline/drain.ts";
import type { Deliver, Receipt } from "../../src/pipeline/isolate.ts";
import type { Tracker } from "../../src/pipeline/tracker.ts";
import { recordNumber, recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const never = new AbortController().signal;
const pageOf = (records: readonly LogRecord[], position: unknown): Page => ({
  records,
  remember: [],
  position,
  entries: records.length,
});

function scene(pages: readonly Page[], deliver: Deliver, maxRecords = 1000) {
  const happened: string[] = [];
  const commits: Commit[] = [];
  const clock = createVirtualClock();
  const source: Source = {
    stream: { name: "audit_logs/T1", source: "audit_logs" },
    intervalMs: 1000,
    reachedMs: () => undefined,
    async *pages(): AsyncGenerator<Page, Ending, void> {
      for (const page of pages) {
        happened.push(`page ${String(page.position)}`);
        yield await Promise.resolve(page);
      }
      return { kind: "present" };
    },
  };
  const state: StreamState = {
    position: undefined,
    report: undefined,
    known: () => Promise.resolve(new Map()),
    commit(change) {
      happened.push(`commit ${change.remember.length} ${String(change.position)}`);
      commits.push(change);
      return Promise.resolve();
    },
  };
  const options: DrainOptions = {
    source,
    state,
    deliver,
    limits: { maxRecords, maxBytes: 1e9 },
    clock,
    patient: false,
    events: { page() {}, receipt() {}, refused() {}, position() {} },
  };
  return { options, happened, commits, clock };
}

const accept: Deliver = async function* (records): AsyncGenerator<Receipt, { kind: "settled" }, void> {
  yield await Promise.resolve<Receipt>({ outcome: "accepted", records, rejected: 0 });
  return { kind: "settled" };
};

describe("drain", () => {
  it("settles a page and stores its position before it asks for the next", async () => {
    const records = recordNumbers(5);
    const { options, happened } = scene(
      [pageOf(records.slice(0, 3), 1), pageOf([], 2), pageOf(records.slice(3), 3)],
      async function* (batch, signal) {
        happened.push(`send ${batch.length}`);
        return yield* accept(batch, signal);
      },
    );
    expect(await drain(options, never)).toEqual({ kind: "present" });
    expect(happened).toEqual([
      "page 1",
      "send 3",
      "commit 3 1",
      "page 2",
      "commit 0 2",
      "page 3",
      "send 2",
      "commit 2 3",
    ]);
  });

  it("stores identities with every receipt, and the position only with the page's last one", async () => {
    const { options, commits } = scene([pageOf(recordNumbers(5), "end")], accept, 2);
    await drain(options, never);
    expect(commits.map(({ remember, position }) => [remember.length, position])).toEqual([
      [2, undefined],
      [2, undefined],
      [1, "end"],
    ]);
  });

  it("stores no position when the destination refuses, and leaves Slack alone", async () => {
    const { options, happened } = scene([pageOf(recordNumbers(1), 1), pageOf(recordNumbers(1), 2)], async function* () {
      yield* [];
      return await Promise.resolve({
        kind: "refused" as const,
        fault: "credentials" as const,
        cause: { message: "no" },
      });
    });
    expect(await drain(options, never)).toMatchObject({ kind: "refused", fault: "credentials" });
    expect(happened).toEqual(["page 1"]);
  });

  it("when patient, tries once a minute with what is left, and reads nothing from Slack meanwhile", async () => {
    const records = recordNumbers(4);
    let tries = 0;
    const sent: number[] = [];
    const { options, happened, clock } = scene([pageOf(records, 1)], async function* (batch) {
      sent.push(batch.length);
      tries += 1;
      if (tries === 1) yield { outcome: "accepted", records: batch.slice(0, 1), rejected: 0 };
      if (tries < 4) return { kind: "refused", fault: "configuration", cause: { message: "404" } };
      yield await Promise.resolve<Receipt>({ outcome: "accepted", records: batch, rejected: 0 });
      return { kind: "settled" };
    });
    expect(await clock.run(drain({ ...options, patient: true }, never))).toEqual({ kind: "present" });
    expect(clock.waits).toEqual([60_000, 60_000, 60_000]);
    expect(sent).toEqual([4, 3, 3, 3]);
    expect(happened).toEqual(["page 1", "commit 1 undefined", "commit 3 1"]);
  });

  it("keeps the receipt that came after the stop, and begins no further batch", async () => {
    const stop = new AbortController();
    const { options, commits } = scene(
      [pageOf(recordNumbers(4), 1)],
      async function* (batch, signal) {
        stop.abort(new Error("stop"));
        return yield* accept(batch, signal);
      },
      2,
    );
    await expect(drain(options, stop.signal)).rejects.toThrow("stop");
    expect(commits).toEqual([{ remember: recordNumbers(2).map(({ identity }) => identity) }]);
  });

  it("has forgotten what a page says is to be forgotten, and nothing where it says nothing", async () => {
    const [first, second] = [{ ...pageOf([], 1), forgetBelow: 0 }, pageOf([], 2)];
    const { options, commits } = scene([first, second], accept);
    await drain(options, never);
    expect(commits).toStrictEqual([
      { remember: [], position: 1, forgetBelow: 0 },
      { remember: [], position: 2 },
    ]);
  });

  it("tells what comes about, in its order", async () => {
    const told: unknown[] = [];
    const records = recordNumbers(4);
    const pages = [{ ...pageOf(records.slice(0, 3), 1), entries: 9, skipped: 2 }, pageOf(records.slice(3), 2)];
    const refusal = { kind: "refused", fault: "credentials", cause: { message: "401" } } as const;
    const { options } = scene(
      pages,
      async function* (batch, signal) {
        return batch.includes(records[3] as LogRecord) ? refusal : yield* accept(batch, signal);
      },
      2,
    );
    const events: DrainEvents = {
      page: (...counts) => void told.push(["page", ...counts]),
      receipt: (receipt) => void told.push([receipt.outcome, receipt.records.length]),
      refused: (refusal) => void told.push(refusal),
      position: (position) => void told.push(["position", position]),
    };
    expect(await drain({ ...options, events }, never)).toEqual(refusal);
    expect(told).toEqual([
      ["page", 9, 3, 2],
      ["accepted", 2],
      ["accepted", 1],
      ["position", 1],
      ["page", 1, 1, undefined],
      refusal,
    ]);
  });

  it("closes the walk when the state cannot be written", async () => {
    let closed = false;
    const { options } = scene([], accept);
    const source: Source = {
      ...options.source,
      async *pages(): AsyncGenerator<Page, Ending, void> {
        try {
          yield await Promise.resolve(pageOf(recordNumbers(1), 1));
          return { kind: "present" };
        } finally {
          closed = true;
        }
      },
    };
    const state = { ...options.state, commit: () => Promise.reject(new Error("disk full")) };
    await expect(drain({ ...options, source, state }, never)).rejects.toThrow("disk full");
    expect(closed).toBe(true);
  });
});

/** One that writes down what it is told, and has one thing to tell. */
function trackerOf(happened: string[], isDue = false): Tracker {
  const untold = [recordNumber(99)];
  let changes = 0;
  return {
    begun: () => void happened.push("begun"),
    settled: ({ outcome }) => void happened.push(outcome),
    page: ({ position }) => void happened.push(`settled page ${String(position)}`),
    ended: ({ kind }) => void happened.push(kind),
    report: (commit) => (commit === "page" ? { report: (changes += 1) } : {}),
    isDue: () => isDue,
    untold: () => untold,
    told: (records) => void happened.push(records.length === 1 ? "told" : `told ${records.length}`),
  };
}

describe("what is kept for people", () => {
  it("is stored with the position of the page it is about", async () => {
    const { options, happened, commits } = scene([pageOf(recordNumbers(4), 1), pageOf([], 2)], accept, 2);
    await drain({ ...options, tracker: trackerOf(happened) }, never);
    expect(happened).toEqual([
      "begun",
      "page 1",
      "accepted",
      "commit 2 undefined",
      "accepted",
      "settled page 1",
      "commit 2 1",
      "page 2",
      "settled page 2",
      "commit 0 2",
    ]);
    expect(commits.map(({ position, report }) => [position, report])).toEqual([
      [undefined, undefined],
      [1, 1],
      [2, 2],
    ]);
  });

  it("is stored at once where it is urgent: with a receipt, at a walk's ending, and when it was told", async () => {
    const { options, commits } = scene([pageOf(recordNumbers(4), 1)], accept, 2);
    let reports = 0;
    const tracker = { ...trackerOf([]), report: () => ({ report: (reports += 1) }) };
    await drain({ ...options, tracker }, never);
    expect(commits.map(({ position, report }) => [position, report])).toEqual([
      [undefined, 1],
      [1, 2],
    ]);
    await conclude({ ...options, tracker }, { kind: "present" }, never);
    expect(commits.slice(2)).toEqual([
      { remember: [], report: 3 },
      { remember: [], report: 4 },
    ]);
  });

  it("is told to the destination as any other record, and only then known to be told", async () => {
    const sent: string[] = [];
    const { options, happened } = scene([], async function* (batch, signal) {
      sent.push(...batch.map(({ uid }) => uid));
      return yield* accept(batch, signal);
    });
    await conclude({ ...options, tracker: trackerOf(happened) }, { kind: "present" }, never);
    expect(sent).toEqual([recordNumber(99).uid]);
    expect(happened).toEqual(["present", "told"]);
  });

  it("is known to be told batch by batch: a stop at the second has told the first", async () => {
    const { options, happened } = scene(
      [],
      async function* (batch, signal) {
        if (happened.includes("told 2")) throw new Error("stop");
        return yield* accept(batch, signal);
      },
      2,
    );
    const tracker = { ...trackerOf(happened), untold: () => recordNumbers(3), report: () => ({ report: 0 }) };
    await expect(conclude({ ...options, tracker }, { kind: "present" }, never)).rejects.toThrow("stop");
    expect(happened).toEqual(["present", "commit 0 undefined", "told 2", "commit 0 undefined"]);
  });

  it("is told in the middle of a walk where it has waited long enough", async () => {
    const { options, happened } = scene([pageOf([], 1), pageOf([], 2)], async function* (batch, signal) {
      happened.push(`send ${batch.length}`);
      return yield* accept(batch, signal);
    });
    expect(await drain({ ...options, tracker: trackerOf(happened, true) }, never)).toEqual({ kind: "present" });
    const [first, second] = [1, 2].map((page) => [
      `page ${page}`,
      `settled page ${page}`,
      `commit 0 ${page}`,
      "send 1",
      "told",
    ]);
    expect(happened).toEqual(["begun", ...(first ?? []), ...(second ?? [])]);
  });

  it("is not told to a destination that refuses everything, and stays to be told", async () => {
    const refusal = { kind: "refused", fault: "credentials", cause: { message: "401" } } as const;
    const { options, happened } = scene([], async function* (batch) {
      happened.push("send");
      if (batch.length === 0) yield { outcome: "accepted", records: batch, rejected: 0 };
      return await Promise.resolve(refusal);
    });
    const tracked = { ...options, tracker: trackerOf(happened) };
    expect(await conclude(tracked, refusal, never)).toBeUndefined();
    expect(await conclude(tracked, { kind: "present" }, never)).toEqual(refusal);
    expect(happened).toEqual(["refused", "present", "send"]);
  });

  it("ends the walk where the destination refuses it in the middle", async () => {
    const refusal = { kind: "refused", fault: "credentials", cause: { message: "401" } } as const;
    const { options, happened } = scene([pageOf([], 1), pageOf([], 2)], async function* () {
      yield* [];
      return await Promise.resolve(refusal);
    });
    expect(await drain({ ...options, tracker: trackerOf(happened, true) }, never)).toEqual(refusal);
    expect(happened).toEqual(["begun", "page 1", "settled page 1", "commit 0 1"]);
  });

  it("is nothing to send where there is nothing to tell, or nobody keeps it", async () => {
    const { options, happened } = scene([], () => {
      throw new Error("there is nothing to send");
    });
    const tracker = { ...trackerOf(happened), untold: () => [] };
    expect(await conclude({ ...options, tracker }, { kind: "present" }, never)).toBeUndefined();
    expect(happened).toEqual(["present"]);
    expect(await conclude(options, { kind: "present" }, never)).toBeUndefined();
  });
});
