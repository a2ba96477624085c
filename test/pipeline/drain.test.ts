import { describe, expect, it } from "vitest";
import type { Commit, Ending, LogRecord, Page, Source, StreamState } from "../../src/model.ts";
import { drain, type DrainOptions } from "../../src/pipeline/drain.ts";
import type { Deliver, Receipt } from "../../src/pipeline/isolate.ts";
import { recordNumbers } from "../support/records.ts";
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
