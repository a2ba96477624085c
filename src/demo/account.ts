import { HOLE_EVENT } from "../coverage/hole-record.ts";
import { canonical } from "../mapping/canonical.ts";
import { fieldsOf } from "../mapping/fields.ts";
import { readTime } from "../mapping/time.ts";
import type { LogRecord } from "../model.ts";
import type { Ledger, LogName } from "../simulation/ledger.ts";
import { sourceDefinitions } from "../slack/sources/index.ts";
import { LOGS, logOf } from "./describe.ts";

/** The books of one log, all in records. */
export interface Account {
  readonly log: LogName;
  /** What Slack showed, once or often; of access rows every version. */
  readonly shown: number;
  /** Different records of entries that the destination accepted. What tells of a hole is none. */
  readonly delivered: number;
  /** Those that it accepted once more. */
  readonly repeated: number;
  /** What Slack showed and the destination never accepted. Of access rows only the version shown last is owed. */
  readonly lost: number;
}

/** What a destination accepted, kept apart from all that the forwarder knows: uids, and the entries' own content. */
export interface Accepted {
  add(records: readonly LogRecord[]): void;
  accounts(ledger: Ledger, startMs: number): readonly Account[];
}

export function createAccepted(): Accepted {
  const timesByUid = new Map<LogName, Map<string, number>>();
  const uidsByContent = new Map<string, Set<string>>();

  function account(name: LogName, ledger: Ledger, startMs: number): Account {
    const owedSince = ({ text }: { readonly text: string }) => isSince(name, text, startMs);
    const shown = ledger.distinct(name).filter(owedSince);
    const owed =
      name === "access_logs"
        ? ledger
            .lastVersions()
            .filter(owedSince)
            .map(({ view, text }) => ({ view, text, copies: 1 }))
        : shown;
    const times = [...(timesByUid.get(name)?.values() ?? [])];
    return {
      log: name,
      shown: shown.reduce((sum, { copies }) => sum + copies, 0),
      delivered: times.length,
      repeated: times.reduce((sum, count) => sum + count - 1, 0),
      lost: owed.reduce((sum, { view, text, copies }) => {
        const got = uidsByContent.get(contentKey(name, view, canonical(JSON.parse(text))))?.size ?? 0;
        return sum + Math.max(0, copies - got);
      }, 0),
    };
  }

  return {
    add(records) {
      for (const record of records) {
        const { uid, log } = record;
        if (log.eventName === HOLE_EVENT) continue;
        const name = logOf(record);
        const times = timesByUid.get(name) ?? new Map<string, number>();
        timesByUid.set(name, times.set(uid, (times.get(uid) ?? 0) + 1));
        const { "slack.team.id": team, "slack.enterprise.id": enterprise } = log.resource.attributes;
        const text = canonical(log.body);
        const key = contentKey(name, (team ?? enterprise) as string, text);
        uidsByContent.set(key, (uidsByContent.get(key) ?? new Set()).add(uid));
      }
    },
    accounts: (ledger, startMs) => LOGS.map((name) => account(name, ledger, startMs)),
  };
}

function contentKey(name: LogName, view: string, text: string): string {
  return `${name} ${view} ${text}`;
}

function isSince(name: LogName, text: string, startMs: number): boolean {
  const { key, unit } = sourceDefinitions[name].time;
  const time = readTime(fieldsOf(JSON.parse(text))[key], unit);
  return time === undefined || time.seconds * 1000 + time.nanos / 1e6 >= startMs;
}
