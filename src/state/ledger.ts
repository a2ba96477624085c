import type { DatabaseSync } from "node:sqlite";

import type { Identity } from "../model.ts";
import { damaged } from "./failure.ts";
import { addIdentity, type Identities, kept } from "./identities.ts";
import {
  identitiesOf,
  identityChecksum,
  identityOf,
  LEDGER_COLUMNS,
  type LedgerRow,
  receiptChecksum,
  receiptText,
  type StreamRow,
} from "./rows.ts";

/** What the ledger of one stream did inside somebody else's transaction. */
export interface Written {
  /** How many identities the stream's receipts hold now. */
  readonly recent: number;
  /** The sum of the checksums of its rows in the table, modulo 2^32. */
  readonly moved: number;
  /** Call it once the transaction is durable. */
  readonly settle: () => void;
}

export interface Ledger {
  lookUp(keys: readonly string[]): ReadonlyMap<string, readonly Identity[]>;
  write(identities: readonly Identity[], forgetBelow: number | null, recentAtMost: number): Written;
}

const NONE: readonly Identity[] = [];

/**
 * The identities of one stream.
 *
 * Keys are hashes, so each of them would be a write to another page of the table: 1,000 in a ledger of 200,000 take
 * 20 ms and more. A commit therefore adds one row that holds all of its identities, and these are held in memory as
 * well. When they are too many, those not forgotten by then become one row again or, if they are many, go to the table,
 * in the order of their keys, and forgotten ones leave it.
 */
export function openLedger(statements: LedgerStatements, path: string, stream: StreamRow): Ledger {
  let recent: Identities = new Map();
  let { recent: recentCount, moved } = stream;
  let forgottenBelow = stream.forgetBelow ?? -Infinity;
  for (const { identities } of statements.receipts.all(stream.id) as unknown as { readonly identities: string }[]) {
    for (const identity of identitiesOf(identities)) addIdentity(recent, identity);
  }

  const addReceipt = (identities: readonly Identity[]): void => {
    const text = receiptText(identities);
    statements.addReceipt.run(stream.id, text, receiptChecksum(stream.id, text));
  };

  const moveToTable = (identities: readonly Identity[], forgetBelow: number): number => {
    statements.forget.run(stream.id, forgetBelow);
    for (const identity of identities.toSorted(byKey)) {
      const { key, version, count = null, lastSeconds = null, mark } = identity;
      const checksum = identityChecksum(stream.id, identity);
      statements.upsert.run(stream.id, key, version, count, lastSeconds, mark, checksum);
    }
    return Number(statements.sum.get(stream.id)?.["sum"]);
  };

  return {
    lookUp(keys) {
      const found: Identities = new Map();
      const rows = moved > 0 ? statements.select.all(JSON.stringify([...new Set(keys)]), stream.id) : [];
      for (const row of rows as unknown as LedgerRow[]) {
        const identity = identityOf(row);
        if (identity === undefined) throw damaged(path, "the checksum of a delivered entry does not fit");
        addIdentity(found, identity);
      }
      for (const key of keys) for (const identity of recent.get(key) ?? NONE) addIdentity(found, identity);
      return kept(found, forgottenBelow);
    },

    write(given, forgetBelowOrNull, recentAtMost) {
      const forgetBelow = forgetBelowOrNull ?? -Infinity;
      const identities = given.filter(({ mark }) => mark >= forgetBelow);
      if (recentCount + identities.length <= recentAtMost) {
        if (identities.length > 0) addReceipt(identities);
        return {
          recent: recentCount + identities.length,
          moved,
          settle: () => {
            for (const identity of identities) addIdentity(recent, identity);
            recentCount += identities.length;
            forgottenBelow = forgetBelow;
          },
        };
      }
      const remaining = kept(recent, forgetBelow);
      for (const identity of identities) addIdentity(remaining, identity);
      const flat = [...remaining.values()].flat();
      const toTable = flat.length > recentAtMost / 2;
      statements.removeReceipts.run(stream.id);
      const movedNow = toTable ? moveToTable(flat, forgetBelow) : moved;
      if (!toTable && flat.length > 0) addReceipt(flat);
      const count = toTable ? 0 : flat.length;
      return {
        recent: count,
        moved: movedNow,
        settle: () => {
          recent = toTable ? new Map() : remaining;
          recentCount = count;
          forgottenBelow = forgetBelow;
          moved = movedNow;
        },
      };
    },
  };
}

export type LedgerStatements = ReturnType<typeof prepareLedger>;

/** One set for all streams: each takes some ten kilobytes. */
export function prepareLedger(database: DatabaseSync) {
  const select = database.prepare(
    `SELECT ${LEDGER_COLUMNS} FROM json_each(?) AS k CROSS JOIN ledger AS l ON l.stream = ? AND l.key = unhex(k.value)`,
  );
  select.setReturnArrays(true);
  return {
    select,
    sum: database.prepare("SELECT coalesce(sum(checksum), 0) % 4294967296 AS sum FROM ledger WHERE stream = ?"),
    receipts: database.prepare("SELECT identities FROM receipts WHERE stream = ?"),
    addReceipt: database.prepare("INSERT INTO receipts (stream, identities, checksum) VALUES (?, ?, ?)"),
    removeReceipts: database.prepare("DELETE FROM receipts WHERE stream = ?"),
    forget: database.prepare("DELETE FROM ledger WHERE stream = ? AND mark < ?"),
    upsert: database.prepare(
      "INSERT INTO ledger VALUES (?, unhex(?), unhex(?), ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = excluded.count, " +
        "last_seconds = excluded.last_seconds, mark = excluded.mark, checksum = excluded.checksum " +
        "WHERE excluded.mark > mark",
    ),
  };
}

function byKey(a: Identity, b: Identity): number {
  return a.key < b.key ? -1 : Number(a.key > b.key);
}
