import { exactDigits } from "./lossless.ts";

/** The unit in which a source writes its times. */
export type TimeUnit = "seconds" | "microseconds";

/** Since the epoch, exact. */
export interface Time {
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanos: number;
}

/** Slack began in 2013: what is earlier is no time, or one in another unit. */
const EARLIEST_SECONDS = Date.UTC(2013, 0, 1) / 1000;
/** Microseconds beyond it are no exact numbers any more; in the year 2255. */
const LATEST_SECONDS = Math.floor(Number.MAX_SAFE_INTEGER / 1_000_000) - 1;

/** A number, or a number written as decimal text. `undefined`: not a time, or out of all bounds. */
export function readTime(value: unknown, unit: TimeUnit): Time | undefined {
  const time = Number.isSafeInteger(value) ? fromInteger(value as number, unit) : fromDecimal(value, unit);
  return time !== undefined && time.seconds >= EARLIEST_SECONDS && time.seconds <= LATEST_SECONDS ? time : undefined;
}

export function toMicros({ seconds, nanos }: Time): number {
  return seconds * 1_000_000 + Math.floor(nanos / 1000);
}

function fromInteger(value: number, unit: TimeUnit): Time {
  if (unit === "seconds") return { seconds: value, nanos: 0 };
  const seconds = Math.floor(value / 1_000_000);
  return { seconds, nanos: (value - seconds * 1_000_000) * 1000 };
}

function fromDecimal(value: unknown, unit: TimeUnit): Time | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const match = /^(\d{1,20})(?:\.(\d+))?$/.exec(exactDigits(value) ?? String(value));
  if (match === null) return undefined;
  const [, whole = "", fraction = ""] = match;
  const shift = unit === "seconds" ? 0 : 6;
  const digits = whole.padStart(shift + 1, "0");
  const point = digits.length - shift;
  return {
    seconds: Number(digits.slice(0, point)),
    nanos: Number((digits.slice(point) + fraction).slice(0, 9).padEnd(9, "0")),
  };
}
