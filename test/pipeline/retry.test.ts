import { describe, expect, it } from "vitest";
import type { Attempt, Send } from "../../src/model.ts";
import { withRetry } from "../../src/pipeline/retry.ts";
import { recordNumbers } from "../support/records.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const never = new AbortController().signal;
const retry = (more: Partial<Extract<Attempt, { status: "retry" }>> = {}): Attempt => ({
  status: "retry",
  cause: { message: "HTTP 503", statusCode: 503 },
  ...more,
});
const accepted: Attempt = { status: "accepted", rejected: 0 };

function scripted(answers: readonly Attempt[]): { send: Send<Attempt>; calls: () => number } {
  let calls = 0;
  const send: Send<Attempt> = () => Promise.resolve(answers[Math.min(calls++, answers.length - 1)] as Attempt);
  return { send, calls: () => calls };
}

describe("withRetry", () => {
  it("tries without an end, doubling from 1 s to 60 s with full jitter", async () => {
    const clock = createVirtualClock();
    const { send } = scripted([...Array.from({ length: 200 }, () => retry()), accepted]);
    const sending = withRetry(send, { clock, random: () => 0.999_999, attemptSignal: never })(recordNumbers(1), never);
    expect(await clock.run(sending)).toEqual(accepted);
    expect(clock.waits.slice(0, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(clock.waits).toHaveLength(200);
    const low = createVirtualClock();
    const lazy = withRetry(scripted([retry(), accepted]).send, { clock: low, random: () => 0, attemptSignal: never });
    await low.run(lazy(recordNumbers(1), never));
    expect(low.waits).toEqual([0]);
  });

  it.each([
    [120_000, 120_000],
    [0, 1000],
    [-5, 1000],
    [Number.NaN, 1000],
    [1e12, 900_000],
    [Number.POSITIVE_INFINITY, 900_000],
  ])("takes a server's delay of %d ms as %d ms", async (afterMs, expected) => {
    const clock = createVirtualClock();
    const sending = withRetry(scripted([retry({ afterMs }), accepted]).send, {
      clock,
      random: () => 0,
      attemptSignal: never,
    });
    await clock.run(sending(recordNumbers(1), never));
    expect(clock.waits).toEqual([expected]);
  });

  it("gives the head that was taken at once, with the wait for the rest", async () => {
    const clock = createVirtualClock();
    const told: unknown[] = [];
    const { send, calls } = scripted([retry(), retry({ taken: 2, afterMs: 9_000 }), accepted]);
    const sending = withRetry(send, {
      clock,
      random: () => 0.5,
      attemptSignal: never,
      onRetry: (wait) => told.push(wait),
    });
    const settled = await clock.run(sending(recordNumbers(3), never));
    expect(settled).toEqual({ status: "taken", count: 2, waitMs: 9_000 });
    expect([calls(), clock.waits]).toEqual([2, [500]]);
    expect(told).toMatchObject([{ attempt: 1 }, { attempt: 2, delayMs: 9_000 }]);
  });

  it("[D8] takes five escalating answers in a row for the batch's or the set-up's own fault", async () => {
    const clock = createVirtualClock();
    const options = { clock, random: () => 0, attemptSignal: never };
    const payload = withRetry(scripted([retry({ escalate: "payload" })]).send, options);
    expect(await clock.run(payload(recordNumbers(1), never))).toMatchObject({
      fault: "payload",
      reason: "server_error",
    });
    const html = scripted([retry({ escalate: "configuration" })]);
    expect(await clock.run(withRetry(html.send, options)(recordNumbers(1), never))).toMatchObject({
      fault: "configuration",
    });
    expect(html.calls()).toBe(5);
  });

  it("starts counting again after an answer of another kind", async () => {
    const clock = createVirtualClock();
    const four = Array.from({ length: 4 }, () => retry({ escalate: "payload" }));
    const { send } = scripted([...four, retry(), ...four, accepted]);
    const sending = withRetry(send, { clock, random: () => 0, attemptSignal: never })(recordNumbers(1), never);
    expect(await clock.run(sending)).toEqual(accepted);
  });

  it("ends a wait at once when it is stopped, and makes no further attempt", async () => {
    const clock = createVirtualClock();
    const stop = new AbortController();
    const { send, calls } = scripted([retry({ afterMs: 600_000 })]);
    const sending = withRetry(send, { clock, random: () => 0, attemptSignal: never })(recordNumbers(1), stop.signal);
    const outcome = sending.catch((error: unknown) => error);
    await clock.advance(1000);
    stop.abort(new Error("stop"));
    expect(await outcome).toEqual(new Error("stop"));
    expect(calls()).toBe(1);
  });

  it("keeps the receipt of an attempt that was under way when it was stopped", async () => {
    const stop = new AbortController();
    const clock = createVirtualClock();
    const send: Send<Attempt> = () => {
      stop.abort(new Error("stop"));
      return Promise.resolve(accepted);
    };
    const sending = withRetry(send, { clock, random: () => 0, attemptSignal: never })(recordNumbers(1), stop.signal);
    expect(await clock.run(sending)).toEqual(accepted);
  });

  it("begins no attempt once it is stopped", async () => {
    const stop = AbortSignal.abort(new Error("stop"));
    const { send, calls } = scripted([accepted]);
    const sending = withRetry(send, { clock: createVirtualClock(), random: () => 0, attemptSignal: never });
    await expect(sending(recordNumbers(1), stop)).rejects.toBe(stop.reason);
    expect(calls()).toBe(0);
  });

  it("rejects with the stop that its caller knows when the attempt in flight is given up for another reason", async () => {
    const stop = new AbortController();
    const abort = new AbortController();
    const hanging: Send<Attempt> = (_records, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    const send = withRetry(hanging, { clock: createVirtualClock(), random: () => 0, attemptSignal: abort.signal });
    const sending = send(recordNumbers(1), stop.signal);
    stop.abort(new Error("stop"));
    abort.abort(new Error("at once"));
    await expect(sending).rejects.toBe(stop.signal.reason);
  });

  it("lets a defect through that comes after the stop, be the attempt given up or not", async () => {
    for (const attemptSignal of [never, AbortSignal.abort(new Error("at once"))]) {
      const stop = new AbortController();
      const broken: Send<Attempt> = () => {
        stop.abort(new Error("stop"));
        return Promise.reject(new TypeError("bug"));
      };
      const send = withRetry(broken, { clock: createVirtualClock(), random: () => 0, attemptSignal });
      await expect(send(recordNumbers(1), stop.signal)).rejects.toThrow("bug");
    }
  });

  it("tells of each wait, with its attempt and its cause", async () => {
    const clock = createVirtualClock();
    const waits: unknown[] = [];
    const { send } = scripted([retry(), retry({ afterMs: 90_000, cause: { message: "reset" } }), accepted]);
    const options = { clock, random: () => 0.5, attemptSignal: never };
    const telling = withRetry(send, { ...options, onRetry: (wait) => void waits.push(wait) });
    await clock.run(telling(recordNumbers(1), never));
    expect(waits).toEqual([
      { attempt: 1, delayMs: 500, cause: { message: "HTTP 503", statusCode: 503 } },
      { attempt: 2, delayMs: 90_000, cause: { message: "reset" } },
    ]);
    expect(clock.waits).toEqual([500, 90_000]);
  });

  it("lets a defect through at once", async () => {
    const clock = createVirtualClock();
    let calls = 0;
    const broken: Send<Attempt> = () => {
      calls += 1;
      return Promise.reject(new TypeError("bug"));
    };
    const sending = withRetry(broken, { clock, random: () => 0, attemptSignal: never })(recordNumbers(1), never);
    await expect(clock.run(sending)).rejects.toThrow("bug");
    expect(calls).toBe(1);
  });
});
