import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cause, LogRecord, Send, Settled } from "../../src/model.ts";
import type { DeadLetter } from "../../src/pipeline/dead-letters.ts";
import { isolating, type Receipt, type Refusal } from "../../src/pipeline/isolate.ts";
import { recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const never = new AbortController().signal;
const refused = (reason: "rejected" | "too_large" | "server_error"): Settled => ({
  status: "refused",
  fault: "payload",
  reason,
  cause: { message: reason, statusCode: 400 },
});
const accepted: Settled = { status: "accepted", rejected: 0 };

interface Outcome {
  readonly requests: number;
  readonly accepted: LogRecord[];
  readonly letters: DeadLetter[];
  readonly receipts: Receipt[];
  readonly end: { readonly kind: "settled" } | Refusal;
  readonly waits: readonly number[];
}

async function deliver(
  records: readonly LogRecord[],
  answer: (part: readonly LogRecord[], request: number) => Settled,
  {
    full,
    outage = "wait",
    random = 0.5,
  }: { readonly full?: Cause; readonly outage?: "wait" | "refuse"; readonly random?: number } = {},
): Promise<Outcome> {
  const clock = createVirtualClock();
  let requests = 0;
  const taken: LogRecord[] = [];
  const letters: DeadLetter[] = [];
  const send: Send<Settled> = (part) => {
    requests += 1;
    const settled = answer(part, requests);
    if (settled.status === "accepted") taken.push(...part);
    else if (settled.status === "taken") taken.push(...part.slice(0, settled.count));
    else if (settled.fault === "payload" && settled.at !== undefined) taken.push(...part.slice(0, settled.at));
    return Promise.resolve(settled);
  };
  const write = (written: readonly DeadLetter[]) => {
    letters.push(...written);
    return Promise.resolve();
  };
  const walk = async () => {
    const receipts: Receipt[] = [];
    const delivery = isolating(
      send,
      { full: async () => full, write },
      { clock, random: () => random, outage },
    )(records, never);
    for (;;) {
      const step = await delivery.next();
      if (step.done === true)
        return { requests, accepted: taken, letters, receipts, end: step.value, waits: clock.waits };
      receipts.push(step.value);
    }
  };
  return clock.run(walk());
}

const uids = (records: readonly LogRecord[]) => records.map(({ uid }) => uid).sort();

describe("isolating", () => {
  it("[D9] gives a receipt for the head that a busy receiver took, and waits before it sends the rest", async () => {
    const records = recordNumbers(6);
    const busy = await deliver(records, (_, request) =>
      request === 1 ? { status: "taken", count: 2, waitMs: 7_000 } : accepted,
    );
    expect(busy.receipts.map((receipt) => uids(receipt.records))).toEqual([
      uids(records.slice(0, 2)),
      uids(records.slice(2)),
    ]);
    expect(busy.waits).toEqual([7_000]);
    const refusing = await deliver(records, (_, request) =>
      request === 1
        ? { status: "taken", count: 2, waitMs: 1_000 }
        : { status: "refused", fault: "credentials", cause: { message: "HTTP 401" } },
    );
    expect(refusing.receipts.map((receipt) => uids(receipt.records))).toEqual([uids(records.slice(0, 2))]);
    expect(refusing.end).toMatchObject({ kind: "refused", fault: "credentials" });
  });

  it("asks for what is left of a half that was taken in part before it asks for anything else", async () => {
    const sizes: number[] = [];
    await deliver(recordNumbers(16), (part, request) => {
      sizes.push(part.length);
      if (request === 1) return refused("rejected");
      return request === 2 ? { status: "taken", count: 3, waitMs: 1_000 } : accepted;
    });
    expect(sizes.slice(0, 3)).toEqual([16, 8, 5]);
  });

  it("finds a record at fault behind and within what a busy receiver took a part of", async () => {
    const records = recordNumbers(16);
    const poison = new Set([3, 11].map((index) => records[index]?.uid));
    const { accepted: arrived, letters } = await deliver(records, (part, request) => {
      const at = part.findIndex(({ uid }) => poison.has(uid));
      const isBusy = request % 2 === 1 && part.length > 1 && (at < 0 || at > 1);
      if (isBusy) return { status: "taken", count: 1, waitMs: 1_000 };
      return at < 0 ? accepted : refused("rejected");
    });
    expect(letters.map(({ record }) => record.uid)).toEqual([...poison]);
    expect(uids(arrived)).toEqual(uids(records.filter(({ uid }) => !poison.has(uid))));
  });

  it("sends a good batch in one request and gives one receipt", async () => {
    const records = recordNumbers(1000);
    const outcome = await deliver(records, () => accepted);
    expect(outcome.requests).toBe(1);
    expect(outcome.receipts).toEqual([{ outcome: "accepted", records, rejected: 0 }]);
    expect(outcome.end).toEqual({ kind: "settled" });
  });

  for (const reason of ["rejected", "too_large"] as const) {
    it(`[D4] finds exactly the culprits (${reason}) within 2·n·log2(batch) requests and delivers every neighbour once`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(fc.nat(499), { minLength: 1, maxLength: 15 }), async (culprits) => {
          const records = recordNumbers(500);
          const poison = new Set(culprits.map((index) => records[index]?.uid));
          const outcome = await deliver(records, (part) =>
            part.some(({ uid }) => poison.has(uid)) ? refused(reason) : accepted,
          );
          expect(outcome.end.kind).toBe("settled");
          expect(uids(outcome.letters.map(({ record }) => record))).toEqual(
            uids(records.filter(({ uid }) => poison.has(uid))),
          );
          expect(uids(outcome.accepted)).toEqual(uids(records.filter(({ uid }) => !poison.has(uid))));
          expect(outcome.requests).toBeLessThanOrEqual(2 * culprits.length * Math.log2(500));
          // Every record is settled by exactly one receipt.
          expect(uids(outcome.receipts.flatMap((receipt) => receipt.records))).toEqual(uids(records));
        }),
        { numRuns: 200 },
      );
    });
  }

  it("[D6] splits what is only too large together, and sets nothing aside", async () => {
    const records = recordNumbers(1000);
    const outcome = await deliver(records, (part) => (part.length > 130 ? refused("too_large") : accepted));
    expect(outcome.letters).toEqual([]);
    expect(uids(outcome.accepted)).toEqual(uids(records));
    expect(outcome.requests).toBeLessThanOrEqual(20);
  });

  it("[D15] takes the records before an indexed culprit as accepted and never sends them again", async () => {
    const records = recordNumbers(10);
    let sentAgain = 0;
    const outcome = await deliver(records, (part) => {
      if (part[0] !== records[0]) sentAgain += part.filter((record) => records.indexOf(record) < 4).length;
      const at = part.findIndex((record) => record === records[4]);
      return at === -1 ? accepted : ({ ...refused("rejected"), at } as Settled);
    });
    expect(outcome.letters.map(({ record }) => record)).toEqual([records[4]]);
    expect(uids(outcome.accepted)).toEqual(uids(records.filter((_, index) => index !== 4)));
    expect({ requests: outcome.requests, sentAgain }).toEqual({ requests: 2, sentAgain: 0 });
    const receipts = outcome.receipts.filter(({ outcome: how }) => how === "accepted");
    expect(receipts).toEqual([
      { outcome: "accepted", records: records.slice(0, 4), rejected: 0 },
      { outcome: "accepted", records: records.slice(5), rejected: 0 },
    ]);
  });

  it("[D15] takes one record before an indexed culprit as accepted, and none before the first", async () => {
    const records = recordNumbers(3);
    const answer = (part: readonly LogRecord[]) =>
      part.length === 3
        ? ({ ...refused("rejected"), at: 1 } as Settled)
        : ({ ...refused("rejected"), at: 0 } as Settled);
    const outcome = await deliver(records, answer);
    expect(outcome.letters.map(({ record }) => record)).toEqual(records.slice(1));
    expect(outcome.receipts.map(({ outcome, records }) => [outcome, records])).toEqual([
      ["accepted", records.slice(0, 1)],
      ["dead_lettered", records.slice(1, 2)],
      ["dead_lettered", records.slice(2)],
    ]);
  });

  it("[D15] counts refusals anew where records before an indexed culprit were taken", async () => {
    const records = recordNumbers(60);
    // Each refusal tells of one record that was taken, and then of the one after it.
    const pairs = await deliver(records, () => ({ ...refused("rejected"), at: 1 }) as Settled);
    expect([pairs.end.kind, pairs.letters.length]).toEqual(["settled", 30]);
    const atFault = async (count: number) => {
      const poison = new Set(records.slice(1, 1 + count));
      const { end } = await deliver(records, (part) => {
        const at = part.findIndex((record) => poison.has(record));
        return at === -1 ? accepted : ({ ...refused("rejected"), at } as Settled);
      });
      return end.kind;
    };
    expect([await atFault(19), await atFault(20)]).toEqual(["settled", "refused"]);
  });

  it("[D5] calls it the configuration when twenty are refused one by one and none is accepted, and sets none aside", async () => {
    const outcome = await deliver(recordNumbers(500), () => refused("rejected"));
    expect(outcome.end).toMatchObject({ kind: "refused", fault: "configuration" });
    expect(outcome.letters).toEqual([]);
    expect(outcome.receipts).toEqual([]);
  });

  it("[D5] calls nineteen in a row the records' own fault, and of those that nobody was asked about any number", async () => {
    const twenty = await deliver(recordNumbers(20), () => refused("rejected"));
    expect(twenty.end).toMatchObject({ kind: "refused", fault: "configuration" });
    const nineteen = await deliver(recordNumbers(19), () => refused("rejected"));
    expect([nineteen.end.kind, nineteen.letters.length]).toEqual(["settled", 19]);
    expect(nineteen.receipts).toEqual(
      recordNumbers(19).map((record) => ({
        outcome: "dead_lettered",
        records: [record],
        rejected: 0,
        cause: { message: "rejected", statusCode: 400 },
      })),
    );
    const old = await deliver(
      recordNumbers(60),
      () => ({ ...refused("rejected"), reason: "too_old", at: 0 }) as Settled,
    );
    expect([old.end.kind, old.letters.length]).toEqual(["settled", 60]);
    const cause = { message: "rejected", statusCode: 400 };
    expect(old.receipts).toEqual([{ outcome: "dead_lettered", records: recordNumbers(60), rejected: 0, cause }]);
  });

  it("[D5] counts refusals anew once a record was accepted", async () => {
    const records = recordNumbers(60);
    const poison = new Set([...records.slice(0, 19), ...records.slice(20, 39)]);
    const outcome = await deliver(records, (part) =>
      part.some((record) => poison.has(record)) ? refused("rejected") : accepted,
    );
    expect(outcome.end).toEqual({ kind: "settled" });
    expect(outcome.letters.map(({ record }) => record)).toEqual([...poison]);
  });

  it("hands refused credentials on without a dead letter", async () => {
    const outcome = await deliver(recordNumbers(5), () => ({
      status: "refused",
      fault: "credentials",
      cause: { message: "no", statusCode: 401 },
    }));
    expect(outcome.end).toEqual({ kind: "refused", fault: "credentials", cause: { message: "no", statusCode: 401 } });
    expect(outcome.letters).toEqual([]);
  });

  it("[D13] sets aside a record that keeps meeting a server error while its neighbours pass", async () => {
    const records = recordNumbers(64);
    const outcome = await deliver(records, (part) =>
      part.includes(records[17] as LogRecord) ? refused("server_error") : accepted,
    );
    expect(outcome.letters.map(({ record }) => record)).toEqual([records[17]]);
    expect(uids(outcome.accepted)).toEqual(uids(records.filter((_, index) => index !== 17)));
    expect(outcome.waits).toEqual([]);
  });

  /** The first of three records meets a server error alone, the third is at fault, and the second is taken with it. */
  const suspectAnd = (last: (part: readonly LogRecord[]) => Settled) => {
    const records = recordNumbers(3);
    const answer = (part: readonly LogRecord[], request: number): Settled => {
      if (request > 4) return last(part);
      return part[0] === records[0] ? refused("server_error") : ({ ...refused("rejected"), at: 1 } as Settled);
    };
    return { records, answer };
  };

  it("[D13] takes records before an indexed culprit for neighbours that pass", async () => {
    const { records, answer } = suspectAnd(() => refused("server_error"));
    const outcome = await deliver(records, answer);
    expect(outcome.letters.map(({ record, reason }) => [record, reason])).toEqual([
      [records[2], "rejected"],
      [records[0], "server_error"],
    ]);
    expect([outcome.requests, outcome.waits]).toEqual([5, []]);
  });

  it("[D13] delivers a record whose server error was a passing one", async () => {
    const { records, answer } = suspectAnd(() => accepted);
    const outcome = await deliver(records, answer);
    expect(outcome.receipts.at(-1)).toEqual({ outcome: "accepted", records: [records[0]], rejected: 0 });
    expect(outcome.letters.map(({ record }) => record)).toEqual([records[2]]);
  });

  it("[D13] sets a suspect aside for no other reason than its own", async () => {
    const cause = { message: "no", statusCode: 401 };
    const { records, answer } = suspectAnd(() => ({ status: "refused", fault: "credentials", cause }));
    const outcome = await deliver(records, answer);
    expect(outcome.end).toEqual({ kind: "refused", fault: "credentials", cause });
    expect(outcome.letters.map(({ record }) => record)).toEqual([records[2]]);
  });

  it("[D13] goes on after a suspect that was set aside, and halts where there is no room for it", async () => {
    const records = recordNumbers(8);
    const suspects = [records[1], records[5]] as LogRecord[];
    const answer = (part: readonly LogRecord[]) =>
      suspects.some((suspect) => part.includes(suspect)) ? refused("server_error") : accepted;
    const outcome = await deliver(records, answer);
    expect(outcome.end).toEqual({ kind: "settled" });
    expect(outcome.letters.map(({ record }) => record)).toEqual(suspects);
    const full = { message: "no room" };
    const halted = await deliver(records, answer, { full });
    expect(halted.end).toEqual({ kind: "refused", fault: "configuration", cause: full });
    expect([halted.letters, uids(halted.accepted).length]).toEqual([[], 6]);
  });

  it("[D13] waits out an outage of server errors and sets nothing aside", async () => {
    let failures = 0;
    const outcome = await deliver(recordNumbers(64), () => (++failures < 150 ? refused("server_error") : accepted));
    expect(outcome.letters).toEqual([]);
    expect(outcome.accepted).toHaveLength(64);
  });

  it("[D13] waits four seconds first, then twice as long each time up to half a minute, and a second at least", async () => {
    const failing = (_: readonly LogRecord[], request: number) => (request < 7 ? refused("server_error") : accepted);
    expect((await deliver(recordNumbers(1), failing)).waits).toEqual([4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect((await deliver(recordNumbers(1), failing, { random: 0 })).waits).toEqual(Array(6).fill(1000));
  });

  it("leaves a receiver alone after twenty server errors in a row, and counts anew once it took something", async () => {
    const every = await deliver(recordNumbers(500), () => refused("server_error"), { outage: "refuse" });
    expect([every.end.kind, every.requests]).toEqual(["refused", 20]);
    const second = (_: readonly LogRecord[], request: number) => (request === 2 ? accepted : refused("server_error"));
    const most = await deliver(recordNumbers(500), second, { outage: "refuse" });
    expect([most.end.kind, most.requests, most.accepted.length]).toEqual(["refused", 22, 250]);
  });

  it("refuses everything instead of an outage of server errors, where it is told to", async () => {
    const outcome = await deliver(recordNumbers(64), () => refused("server_error"), { outage: "refuse" });
    expect(outcome.end).toMatchObject({ kind: "refused", fault: "configuration", cause: { message: "server_error" } });
    expect([outcome.letters, outcome.receipts]).toEqual([[], []]);
  });

  it("halts at a full folder of dead letters: the culprit is not settled, what was accepted is", async () => {
    const records = recordNumbers(64);
    const full = { message: "no room" };
    const poison = (part: readonly LogRecord[]) =>
      part.includes(records[17] as LogRecord) ? refused("rejected") : accepted;
    const outcome = await deliver(records, poison, { full });
    expect(outcome.end).toEqual({ kind: "refused", fault: "configuration", cause: full });
    expect(outcome.letters).toEqual([]);
    const settled = outcome.receipts.flatMap((receipt) => receipt.records);
    expect(uids(settled)).toEqual(uids(outcome.accepted));
    expect(settled).not.toContain(records[17]);
    expect(settled.length).toBeGreaterThan(17);
  });

  it("halts at a full folder with a culprit that has no neighbours", async () => {
    const full = { message: "no room" };
    const outcome = await deliver(recordNumbers(1), () => refused("rejected"), { full });
    expect(outcome.end).toEqual({ kind: "refused", fault: "configuration", cause: full });
    expect([outcome.letters, outcome.receipts]).toEqual([[], []]);
  });

  it("delivers what nobody refuses although the folder of dead letters is full", async () => {
    const outcome = await deliver(recordNumbers(8), () => accepted, { full: { message: "no room" } });
    expect(outcome.end).toEqual({ kind: "settled" });
  });

  it("hands on what a receiver says with its yes", async () => {
    const records = recordNumbers(8);
    const outcome = await deliver(records, () => ({ status: "accepted", rejected: 0, message: "queue nearly full" }));
    expect(outcome.receipts).toEqual([
      { outcome: "accepted", records, rejected: 0, cause: { message: "queue nearly full" } },
    ]);
    expect(outcome.letters).toEqual([]);
  });

  it("[D7] keeps a whole partially rejected batch, marked partial, and counts what was rejected", async () => {
    const records = recordNumbers(8);
    const outcome = await deliver(records, () => ({ status: "accepted", rejected: 3, message: "too old" }));
    expect(outcome.letters.map(({ record, reason }) => [record, reason])).toEqual(
      records.map((record) => [record, "partial"]),
    );
    const cause = { message: "too old", statusCode: 200 };
    expect(outcome.receipts).toEqual([{ outcome: "accepted", records, rejected: 3, cause }]);
    const silent = await deliver(records, () => ({ status: "accepted", rejected: 3 }));
    expect(silent.letters[0]?.cause).toEqual({ message: "partial success", statusCode: 200 });
  });
});
