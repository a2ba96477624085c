import { z } from "zod";
import { MOMENT_PATTERN, parseMoment, type Moment } from "./moment.ts";

/** The setting `start`: where a stream begins on its first run. */
export function start() {
  const error = "is neither a duration back, nor a time, nor `now`, nor `earliest`";
  return z
    .string({ error })
    .meta({ pattern: MOMENT_PATTERN, examples: ["24h", "2026-01-31T00:00:00Z", "now", "earliest"] })
    .transform((text, context): Moment => {
      const parsed = parseMoment(text);
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: "custom", message: error });
      return z.NEVER;
    });
}
