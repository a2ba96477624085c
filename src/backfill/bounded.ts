import type { Interval } from "../coverage/interval.ts";
import { withLog, type LogRecord, type Page, type Source } from "../model.ts";
import { timeMsOf, type StretchTracker } from "./stretch-tracker.ts";

/**
 * The same source with nothing but the entries of a stretch, both ends included. Those outside, and those without a
 * time, are only remembered. A count's growth is left out: what was delivered before is not known here.
 */
export function bounded(source: Source, stretch: Interval, tracker: StretchTracker): Source {
  function within(page: Page): Page {
    const records: LogRecord[] = [];
    const outside: LogRecord[] = [];
    const times: number[] = [];
    for (const record of page.records) {
      const ms = timeMsOf(record);
      if (ms !== undefined && ms < stretch.fromMs) tracker.metOlder();
      if (ms === undefined || ms < stretch.fromMs || ms > stretch.toMs) outside.push(record);
      else {
        records.push(withoutDelta(record));
        times.push(ms);
      }
    }
    tracker.met(times);
    return { ...page, records, remember: [...page.remember, ...outside.map(({ identity }) => identity)] };
  }

  return {
    ...source,
    async *pages(from, known, signal) {
      const walk = source.pages(from, known, signal);
      let step = await walk.next();
      try {
        for (; step.done !== true; step = await walk.next()) yield within(step.value);
      } finally {
        await walk.return({ kind: "present" });
      }
      return step.value;
    },
  };
}

const DELTA = "slack.access.count_delta";

function withoutDelta(record: LogRecord): LogRecord {
  if (record.log.attributes[DELTA] === undefined) return record;
  const { [DELTA]: _, ...attributes } = record.log.attributes;
  return withLog(record, { ...record.log, attributes });
}
