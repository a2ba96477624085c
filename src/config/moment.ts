import { DURATION_PATTERN, parseDuration } from "./duration.ts";

/** A point in time as people write it. `back`: this long before now. `at`: epoch milliseconds. */
export type Moment =
  | { readonly kind: "now" }
  | { readonly kind: "earliest" }
  | { readonly kind: "back"; readonly ms: number }
  | { readonly kind: "at"; readonly epochMs: number };

/** RFC 3339, section 5.6: date, time and offset. */
const TIME_PATTERN = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** For a JSON Schema. */
export const MOMENT_PATTERN = `^(?:now|earliest|(?:${inner(DURATION_PATTERN)})|(?:${inner(TIME_PATTERN)}))$`;

export function parseMoment(text: string): Moment | undefined {
  if (text === "now" || text === "earliest") return { kind: text };
  const ms = parseDuration(text);
  if (ms !== undefined) return { kind: "back", ms };
  const epochMs = parseTime(text);
  return epochMs === undefined ? undefined : { kind: "at", epochMs };
}

/** Epoch milliseconds; 0 for the earliest. */
export function momentMs(moment: Moment, nowMs: number): number {
  switch (moment.kind) {
    case "earliest":
      return 0;
    case "now":
      return nowMs;
    case "back":
      return Math.max(0, nowMs - moment.ms);
    case "at":
      return moment.epochMs;
    default:
      return moment satisfies never;
  }
}

function parseTime(text: string): number | undefined {
  const [, date, time, fraction = "", offset = ""] = TIME_PATTERN.exec(text) ?? [];
  if (date === undefined) return undefined;
  const local = Date.parse(`${date}T${time}Z`);
  // A day that the month does not have is taken for one of the next month: only what reads back the same is a date.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(`${date}T${time}`)) return undefined;
  const epochMs = Date.parse(`${date}T${time}${fraction}${offset.toUpperCase()}`);
  return Number.isNaN(epochMs) ? undefined : epochMs;
}

function inner(pattern: RegExp): string {
  return pattern.source.replace(/^\^/, "").replace(/\$$/, "");
}
