import { z } from "zod";
import { SOURCE_NAMES, type SourceName } from "../model.ts";
import { duration } from "./fields.ts";

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

const deepSweep = {
  deep_sweep: duration({ atMost: "30d" })
    .prefault("6h")
    .describe("How often the whole listing is walked, since its rows change anywhere; 0s: every poll"),
  deep_calls_per_minute: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("What such a walk may take of the calls at most. Left out: what the polls leave"),
};

const settings = {
  access_logs: z
    .strictObject({
      ...paced("1m", 20, "2h"),
      ...deepSweep,
      skip_own_access: z
        .boolean({ error: "is neither true nor false" })
        .default(false)
        .meta({ examples: [true] })
        .describe("Leave out the rows that this program's own calls leave; how many is counted"),
    })
    .describe("Who logged in from where: team.accessLogs"),
  integration_logs: z
    .strictObject({ ...paced("5m", 20, "2h"), ...deepSweep })
    .describe("Apps added, changed and removed: team.integrationLogs"),
  app_activities: z
    .strictObject({
      ...paced("15s", 50, "15m"),
      min_level: z.enum(LEVELS).default("trace").describe("The lowest level that is asked for"),
    })
    .describe("What apps, functions and workflows did: admin.apps.activities.list"),
  audit_logs: z.strictObject(paced("1m", 30, "15m")).describe("The Audit Logs API of an Enterprise organisation"),
} satisfies Record<SourceName, z.ZodType>;

/** The sources to read. `listed`: the configuration names it, so that a missing right or plan is an error. */
export type Sources = {
  readonly [Name in SourceName]?: Readonly<z.output<(typeof settings)[Name]>> & { readonly listed: boolean };
};

/** The block `sources`. Left out, it is every source, none of them listed. */
export function sources() {
  return z
    .strictObject({
      access_logs: settings.access_logs.optional(),
      integration_logs: settings.integration_logs.optional(),
      app_activities: settings.app_activities.optional(),
      audit_logs: settings.audit_logs.optional(),
    })
    .refine((given) => Object.keys(given).length > 0, {
      error: "names no source",
      params: { remedy: `leave it out for every source the token can read, or name some: ${SOURCE_NAMES.join(", ")}` },
      when: ({ issues }) => issues.length === 0,
    })
    .meta({ minProperties: 1 })
    .optional()
    .transform((given): Sources => {
      const listed = given !== undefined;
      const chosen = SOURCE_NAMES.filter((name) => !listed || given[name] !== undefined);
      return Object.fromEntries(
        chosen.map((name) => [name, { ...(given?.[name] ?? settings[name].parse({})), listed }]),
      );
    })
    .describe("Which logs to read. Left out: every source the token can read");
}

function paced(interval: string, callsPerMinute: number, lookBack: string) {
  return {
    interval: duration({ atLeast: "1ms", atMost: "1d" })
      .prefault(interval)
      .describe("From the start of one poll to the start of the next"),
    calls_per_minute: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(callsPerMinute)
      .describe("The pace that is kept, with a burst of one minute's worth; Slack's quota is shared"),
    look_back: duration({ atMost: "30d" })
      .prefault(lookBack)
      .describe("How late an entry may turn up and still be found"),
  };
}
