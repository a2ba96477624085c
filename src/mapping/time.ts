import { exactDigits } from "./lossless.ts";

/** Slack's first day was in 2013; an earlier time is a wrong unit or no time at all. Epoch seconds. */
const EARLIEST_SECONDS = Date.UTC(2013, 0, 1) / 1000;
const AHEAD_MS = 86_400_000;

/** A number, or a number written as a decimal text; `undefined` for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || exactDigits(value) !== undefined || !/^-?\d{1,17}(?:\.\d+)?$/.test(value)) return undefined;
  return Number(value);
}

/** Microseconds since the epoch as a safe integer, for order and marks; `undefined` when it is no time. */
export function microsOf(value: unknown, unit: "s" | "us"): number | undefined {
  const number = numberOf(value);
  if (number === undefined || !Number.isFinite(number)) return undefined;
  const micros = unit === "us" ? Math.floor(number) : Math.floor(number * 1_000_000);
  return Number.isSafeInteger(micros) && micros >= EARLIEST_SECONDS * 1_000_000 ? micros : undefined;
}

/** Whether an entry can have that time: a day ahead of the clock that saw it is none. */
export function isCredible(micros: number, observedMs: number): boolean {
  return micros <= (observedMs + AHEAD_MS) * 1000;
}

/** OpenTelemetry's `[seconds, nanoseconds]`, exact. */
export function hrTimeOfMicros(micros: number): [number, number] {
  return [Math.floor(micros / 1_000_000), (micros % 1_000_000) * 1000];
}

export function hrTimeOfMs(ms: number): [number, number] {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1_000_000)];
}
