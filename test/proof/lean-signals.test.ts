import { expect, test } from "vitest";
import { useLeanSignals } from "./lean-signals.ts";

/** What happens to signals of signals, in its order. */
function told(): string[] {
  const told: string[] = [];
  const [first, second, idle] = [new AbortController(), new AbortController(), new AbortController()];
  const either = AbortSignal.any([second.signal, first.signal]);
  const nested = AbortSignal.any([either, idle.signal]);
  const unheard = AbortSignal.any([nested]);
  const tell = (what: string, signal: AbortSignal) => () =>
    void told.push(`${what} ${signal.aborted} ${String(signal.reason)} ${unheard.aborted}`);
  const never = tell("never", first.signal);
  const removed = tell("removed", first.signal);

  nested.addEventListener("abort", tell("nested", nested), { once: true });
  first.signal.addEventListener("abort", tell("first", first.signal));
  first.signal.addEventListener("abort", () => first.signal.removeEventListener("abort", removed));
  first.signal.addEventListener("abort", removed, { once: true });
  either.addEventListener("abort", tell("either", either), { once: true });
  const twice = tell("twice", either);
  either.addEventListener("abort", twice, { once: true });
  either.addEventListener("abort", twice, { once: true });
  either.addEventListener("abort", never, { once: true });
  either.removeEventListener("abort", never);
  either.throwIfAborted();

  first.abort("one");
  first.abort("another");
  second.abort("second");
  expect(() => nested.throwIfAborted()).toThrow("one");
  const late = AbortSignal.any([idle.signal, second.signal]);
  late.addEventListener("abort", tell("late", late));
  told.push(`${String(late.reason)} ${idle.signal.aborted} ${String(idle.signal.reason)}`);
  idle.abort();
  told.push(String(idle.signal.reason));
  return told;
}

test("lean signals tell the same in the same order as the runtime's, and give way to them", () => {
  const { AbortController: before } = globalThis;
  const expected = told();
  {
    using _ = useLeanSignals();
    expect(AbortController).not.toBe(before);
    expect(told()).toEqual(expected);
  }
  expect(AbortController).toBe(before);
  expect(expected).toHaveLength(6);
});
