import { withLog, type Attempt, type Log, type LogRecord, type Send } from "../model.ts";
import type { ServerClock } from "../server-clock.ts";

export const LATE = ["dead_letter", "restamp", "send"] as const;
export type Late = (typeof LATE)[number];

export interface LateOptions {
  readonly late: Late;
  /** How old a record may be, milliseconds. */
  readonly windowMs: number;
  /** Datadog's time, which its window goes by: as its own answers or Slack's tell it. */
  readonly clock: ServerClock;
  /** Sends nothing, for an answer that sets the clock. */
  readonly ask: (signal: AbortSignal) => Promise<Attempt>;
  readonly log: Log;
}

/** A host's clock may be wrong: while nobody else has told the time, what seems further off than this waits for Datadog's. */
const SURE_MS = 3_600_000;

/** A request is on its way for some time, and the clock may be behind: what is this near the window's end counts as older. */
const WAY_MS = 60_000;

const REMEDIES = {
  restamp: "They were sent with the present time; slack.time.original holds their own",
  send: "Datadog may not keep them. A later start avoids them; late: restamp sends them with the present time",
};

/** What becomes of records that are older than Datadog takes. Those without a time count as new. */
export function minding(send: Send<Attempt>, { late, windowMs, clock, ask, log }: LateOptions): Send<Attempt> {
  const ageMs = ({ log: { hrTime } }: LogRecord) =>
    hrTime[0] === 0 ? 0 : clock.now() - (hrTime[0] * 1_000 + hrTime[1] / 1e6);
  const isLate = (record: LogRecord) => ageMs(record) > windowMs - WAY_MS;
  let hasAsked = false;
  return async (records, signal) => {
    signal.throwIfAborted();
    const isSure = late === "send" || hasAsked || clock.isSet();
    if (!isSure && records.some((record) => Math.abs(ageMs(record)) > SURE_MS)) {
      const answer = await ask(signal);
      if (answer.status === "retry" || (answer.status === "refused" && answer.fault !== "payload")) return answer;
      hasAsked = true;
    }
    const count = records.filter(isLate).length;
    if (count === 0) return send(records, signal);
    if (late === "dead_letter") {
      const message = `older than the ${windowMs / 3_600_000} hours that Datadog takes; late: restamp or late: send would send it`;
      const [first] = records;
      const at = first !== undefined && isLate(first) ? { at: 0 } : {};
      return { status: "refused", fault: "payload", reason: "too_old", ...at, cause: { message } };
    }
    const answer = await send(late === "restamp" ? restamped(records, isLate, clock.now()) : records, signal);
    if (answer.status === "accepted") {
      const remedy = REMEDIES[late];
      log("warn", "records_older_than_window", { destination: "datadog", records: count, late, remedy });
    }
    return answer;
  };
}

/** Late records with the present time, and their own in an attribute. The uid is the same. */
function restamped(records: readonly LogRecord[], isLate: (record: LogRecord) => boolean, nowMs: number) {
  const seconds = Math.floor(nowMs / 1_000);
  const hrTime: [number, number] = [seconds, Math.round((nowMs - seconds * 1_000) * 1e6)];
  return records.map((record) => {
    if (!isLate(record)) return record;
    const { log } = record;
    const [ownSeconds, ownNanos] = log.hrTime;
    const own = new Date(ownSeconds * 1_000).toISOString().replace(/\.\d+Z$/, `.${String(ownNanos).padStart(9, "0")}Z`);
    return withLog(record, { ...log, hrTime, attributes: { ...log.attributes, "slack.time.original": own } });
  });
}
