import { z } from "zod";
import { DURATION_PATTERN, parseDuration } from "./duration.ts";

/** Where a stream begins on its first run. `back`: this long before now. `at`: epoch milliseconds. */
export type Start =
  | { readonly kind: "now" }
  | { readonly kind: "earliest" }
  | { readonly kind: "back"; readonly ms: number }
  | { readonly kind: "at"; readonly epochMs: number };

/** RFC 3339, section 5.6: date, time and offset. */
const TIME_PATTERN = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

export function parseStart(text: string): Start | undefined {
  if (text === "now" || text === "earliest") return { kind: text };
  const ms = parseDuration(text);
  if (ms !== undefined) return { kind: "back", ms };
  const epochMs = parseTime(text);
  return epochMs === undefined ? undefined : { kind: "at", epochMs };
}

/** The setting `start`. */
export function start() {
  const error = "is neither a duration back, nor a time, nor `now`, nor `earliest`";
  return z
    .string({ error })
    .meta({
      pattern: `^(?:now|earliest|(?:${inner(DURATION_PATTERN)})|(?:${inner(TIME_PATTERN)}))$`,
      examples: ["24h", "2026-01-31T00:00:00Z", "now", "earliest"],
    })
    .transform((text, context): Start => {
      const parsed = parseStart(text);
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: "custom", message: error });
      return z.NEVER;
    });
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
