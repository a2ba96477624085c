import { DatabaseSync } from "node:sqlite";

import type { Identity } from "../model.ts";
import { readNotes, readStreams } from "./content.ts";
import type { Copied } from "./copy.ts";
import { damaged } from "./failure.ts";
import { identitiesOf, identityOf, LEDGER_COLUMNS, type LedgerRow } from "./rows.ts";

const ROWS_AT_A_TIME = 5_000;

/** Everything in a state file that is open, and so verified and locked, in this program. */
export function readSqliteState(path: string): Copied {
  const reading = <T>(work: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return work(database);
    } finally {
      database.close();
    }
  };

  async function* identities(id: number, forgetBelow: number): AsyncGenerator<readonly Identity[]> {
    const isKept = ({ mark }: Identity) => mark >= forgetBelow;
    const receipts = reading((database) =>
      database.prepare("SELECT identities FROM receipts WHERE stream = ?").all(id),
    );
    for (const { identities } of receipts) yield identitiesOf(String(identities)).filter(isKept);
    for (let after = { key: "", version: "" }; ;) {
      const rows = reading((database) => {
        const select = database.prepare(
          `SELECT ${LEDGER_COLUMNS} FROM ledger AS l WHERE l.stream = ? AND (l.key, l.version) > (unhex(?), unhex(?)) ` +
            "ORDER BY l.key, l.version LIMIT ?",
        );
        select.setReturnArrays(true);
        return select.all(id, after.key, after.version, ROWS_AT_A_TIME) as unknown as LedgerRow[];
      });
      const page = rows.map((row) => {
        const identity = identityOf(row);
        if (identity === undefined) throw damaged(path, "the checksum of a delivered entry does not fit");
        return identity;
      });
      const last = page.at(-1);
      if (last === undefined) return;
      yield page.filter(isKept);
      after = last;
    }
  }

  return reading((database) => ({
    streams: readStreams(database, path).map(({ id, name, forgetBelow }) => ({
      name,
      forgetBelow: forgetBelow ?? undefined,
      identities: { [Symbol.asyncIterator]: () => identities(id, forgetBelow ?? -Infinity) },
    })),
    notes: readNotes(database, path).map(({ name, text }) => ({ name, text: JSON.parse(text) as string })),
  }));
}
