import { withLog, type Attempt, type Clock, type Log, type LogRecord, type Send } from "../model.ts";

export const LATE = ["dead_letter", "restamp", "send"] as const;
export type Late = (typeof LATE)[number];

export interface LateOptions {
  readonly late: Late;
  /** How old a record may be, milliseconds. */
  readonly windowMs: number;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

const REMEDIES = {
  restamp: "They were sent with the present time; slack.time.original holds their own",
  send: "Datadog may not keep them. A later start avoids them; late: restamp sends them with the present time",
};

/** What becomes of records that are older than Datadog takes. Those without a time count as new. */
export function minding(send: Send<Attempt>, { late, windowMs, clock, log }: LateOptions): Send<Attempt> {
  const isLate = ({ log: { hrTime } }: LogRecord) =>
    hrTime[0] !== 0 && hrTime[0] * 1_000 + hrTime[1] / 1e6 < clock.now() - windowMs;
  return async (records, signal) => {
    signal.throwIfAborted();
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
