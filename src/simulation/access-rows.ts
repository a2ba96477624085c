import type { AccessBehaviour } from "./behaviour.ts";
import { createDueQueue } from "./due-queue.ts";
import { readEntry, textOf, type Given } from "./entries.ts";

/** Somebody's access: rows are made of these (S9). */
export interface Login {
  readonly atMs: number;
  readonly userId: string;
  readonly username: string;
  readonly ip: string | null;
  readonly userAgent: string;
  readonly isp?: string | null;
  readonly country?: string | null;
  readonly region?: string | null;
  /** Default: the first workspace. */
  readonly teamId?: string;
  /** Team-site or third-party-app access: what an organisation's token sees when it sends `team_id` (S13). */
  readonly thin?: boolean;
  /** How long after `atMs` the listing knows it (S27). */
  readonly lateMs?: number;
}

export interface AccessRow {
  /** Names the row for good; rows keep it when they are rewritten. */
  readonly id: number;
  readonly teamId: string;
  readonly thin: boolean;
  readonly fields: AccessFields;
  /** The row as it is shown. */
  readonly text: string;
  /** What the row is sorted and filtered by, epoch seconds. */
  readonly dateFirst: number;
  readonly dateLast: number;
}

export interface AccessFields {
  readonly user_id: string;
  readonly username: string;
  readonly date_first: number;
  readonly date_last: number;
  readonly count: number;
  readonly ip: string | null;
  readonly user_agent: string;
  readonly isp: string | null;
  readonly country: string | null;
  readonly region: string | null;
}

export interface NewRow {
  readonly dateFirst?: number;
  readonly dateLast?: number;
  readonly teamId?: string;
  readonly thin?: boolean;
  /** Default: `date_last`. */
  readonly visibleAtMs?: number;
}

export interface AccessRows {
  login(login: Login): void;
  /** Puts a row in as it is, from a value or a JSON text. */
  add(row: Given, options?: NewRow): void;
  /** Rewrites rows in place, whatever the change; `date_first` and the key fields may change too. Tells how many. */
  change(which: (row: AccessRow) => boolean, changes: Partial<AccessFields>): number;
  /** Takes rows out (S15). Tells how many. */
  remove(which: (row: AccessRow) => boolean): number;
  /** The rows Slack shows at `nowMs`, falling by the given column. Not to be changed. */
  listing(nowMs: number, order: AccessBehaviour["order"], view: AccessView): readonly AccessRow[];
}

/** Rows of one workspace, or (no `teamId`) of all. */
export interface AccessView {
  readonly teamId?: string | undefined;
  readonly thinOnly?: boolean;
}

export function createAccessRows(behaviour: () => AccessBehaviour, firstTeamId: string): AccessRows {
  const rows = new Map<number, AccessRow>();
  const byDevice = new Map<string, number[]>();
  const waiting = createDueQueue<() => void>();
  const sorted = new Map<string, { readonly revision: number; readonly rows: readonly AccessRow[] }>();
  let revision = 0;
  let lastId = 0;

  const put = (row: AccessRow) => {
    rows.set(row.id, row);
    revision++;
  };
  const settle = (nowMs: number) => {
    const { refreshEveryMs } = behaviour();
    const tickMs = refreshEveryMs > 0 ? Math.floor(nowMs / refreshEveryMs) * refreshEveryMs : nowMs;
    for (const change of waiting.take(tickMs)) change();
  };
  const fold = (login: Login) => {
    const teamId = login.teamId ?? firstTeamId;
    const atSeconds = Math.floor(login.atMs / 1000);
    const gapSeconds = behaviour().foldGapMs / 1000;
    const device = JSON.stringify([teamId, login.thin === true, login.userId, login.ip, login.userAgent]);
    const ids = byDevice.get(device) ?? [];
    const open = ids
      .map((id) => rows.get(id))
      .findLast(
        (row) => row !== undefined && atSeconds - row.dateLast <= gapSeconds && row.dateFirst - atSeconds <= gapSeconds,
      );
    if (open !== undefined) {
      const dateLast = Math.max(open.dateLast, atSeconds);
      put(rewritten(open, { date_last: dateLast, count: open.fields.count + 1 }));
      return;
    }
    const fields = firstFields(login, atSeconds);
    const id = ++lastId;
    byDevice.set(device, [...ids, id]);
    put({ ...shown(fields), id, teamId, thin: login.thin === true });
  };
  return {
    login: (login) => waiting.add(login.atMs + (login.lateMs ?? 0), () => fold(login)),
    add(given, options = {}) {
      const { text, fields } = readEntry(given);
      const row: AccessRow = {
        id: ++lastId,
        teamId: options.teamId ?? firstTeamId,
        thin: options.thin ?? false,
        fields: fields as unknown as AccessFields,
        text,
        dateFirst: options.dateFirst ?? Number(textOf(fields["date_first"])),
        dateLast: options.dateLast ?? Number(textOf(fields["date_last"])),
      };
      if (!Number.isFinite(row.dateFirst) || !Number.isFinite(row.dateLast))
        throw new Error("a row without dates of its own needs `dateFirst` and `dateLast`");
      waiting.add(options.visibleAtMs ?? row.dateLast * 1000, () => put(row));
    },
    change(which, changes) {
      const chosen = [...rows.values()].filter(which);
      for (const row of chosen) put(rewritten(row, changes));
      return chosen.length;
    },
    remove(which) {
      const chosen = [...rows.values()].filter(which);
      for (const row of chosen) rows.delete(row.id);
      revision++;
      return chosen.length;
    },
    listing(nowMs, order, { teamId, thinOnly = false }) {
      settle(nowMs);
      const key = `${order} ${teamId ?? ""} ${thinOnly}`;
      const known = sorted.get(key);
      if (known?.revision === revision) return known.rows;
      const column = order === "date_first" ? "dateFirst" : "dateLast";
      const seen = [...rows.values()]
        .filter((row) => (teamId === undefined || row.teamId === teamId) && (!thinOnly || row.thin))
        .sort((a, b) => b[column] - a[column] || b.id - a.id);
      sorted.set(key, { revision, rows: seen });
      return seen;
    },
  };
}

function firstFields(login: Login, atSeconds: number): AccessFields {
  return {
    user_id: login.userId,
    username: login.username,
    date_first: atSeconds,
    date_last: atSeconds,
    count: 1,
    ip: login.ip,
    user_agent: login.userAgent,
    isp: login.isp ?? null,
    country: login.country ?? null,
    region: login.region ?? null,
  };
}

function shown(fields: AccessFields): Pick<AccessRow, "fields" | "text" | "dateFirst" | "dateLast"> {
  return { fields, text: JSON.stringify(fields), dateFirst: fields.date_first, dateLast: fields.date_last };
}

function rewritten(row: AccessRow, changes: Partial<AccessFields>): AccessRow {
  return { ...row, ...shown({ ...row.fields, ...changes }) };
}
