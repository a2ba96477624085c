import type { Clock, Commit, StreamState } from "../../model.ts";
import { checkCommit, jsonValue } from "../check-commit.ts";
import type { CommitPoint } from "../commit-point.ts";
import type { Database, Row } from "./database.ts";
import { damaged, isPassing } from "./failure.ts";
import { lookUp, removeForgotten, upsert, upsertValues } from "./ledger.ts";
import type { Holding } from "./lease.ts";
import { streamChecksum, type StreamRow } from "./schema.ts";

/** Position, report, identities and the check of the token: one statement, so all of it or nothing. */
const COMMIT =
  "WITH moved AS (UPDATE slack_otel_streams SET position = $5, report = $6, generation = generation + 1, " +
  "forget_below = $7, checksum = $8 WHERE id = $1 AND token = $2 AND holder = $3 AND generation = $4 RETURNING id), " +
  `remembered AS (${upsert(9)}) ` +
  "SELECT (SELECT count(*) FROM moved) AS moved, s.token, s.holder, s.generation, s.checksum " +
  "FROM slack_otel_streams AS s WHERE s.id = $1";

const RETRY_MS = 200;
/** Identities below the mark do no harm but for their room: they are removed now and then. */
const REMOVE_AFTER_MS = 60_000;

/** The state of a stream while it is held. `reached` is told of each commit's points: tests crash there. */
export function createStreamState({
  database,
  holding,
  clock,
  reached,
}: {
  readonly database: Database;
  readonly holding: Holding;
  readonly clock: Clock;
  readonly reached: (point: CommitPoint, stream: string) => void;
}): StreamState {
  let row: StreamRow = holding.stream;
  const { id, name, token } = row;
  let removedMs = clock.monotonic();

  /** Asks again while the database is away and the lease lasts. */
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      holding.lost.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
      await clock.sleep(RETRY_MS, holding.lost);
    }
  };

  const write = async (change: Commit, after: StreamRow): Promise<void> => {
    const checksum = streamChecksum(after);
    const identities = upsertValues(id, change.remember, after.forgetBelow);
    const { position, report, forgetBelow } = after;
    const values = [id, token, holding.holder, row.generation, position, report, forgetBelow, checksum, ...identities];
    for (;;) {
      const [found] = await patiently(() => database.query(COMMIT, values));
      if (found?.["moved"] === 1 || isWritten(found, after, checksum)) return;
      if (found?.["token"] !== token || found["holder"] !== holding.holder) {
        holding.lose();
        holding.lost.throwIfAborted();
      }
      // An earlier request whose answer was lost may only now have come to its end; then this one shows on looking again.
      if (found?.["generation"] !== row.generation) {
        throw damaged(database.where, `another program wrote to ${name} without its lease`);
      }
    }
  };

  return {
    get position() {
      return jsonValue(row.position);
    },
    get report() {
      return jsonValue(row.report);
    },
    known: (keys) => patiently(() => lookUp(database, id, keys, row.forgetBelow)),
    async commit(change) {
      const { position = row.position, report = row.report } = checkCommit(change);
      const forgetBelow =
        change.forgetBelow === undefined ? row.forgetBelow : Math.max(change.forgetBelow, row.forgetBelow ?? -Infinity);
      const after = { ...row, position, report, generation: row.generation + 1, forgetBelow };
      holding.lost.throwIfAborted();
      reached("position-begun", name);
      reached("position-written", name);
      await write(change, after);
      row = after;
      reached("position-committed", name);
      if (change.forgetBelow === undefined || clock.monotonic() - removedMs < REMOVE_AFTER_MS) return;
      removedMs = clock.monotonic();
      await patiently(() => removeForgotten(database, id));
    },
  };
}

/** An earlier try whose answer was lost. */
function isWritten(found: Row | undefined, after: StreamRow, checksum: number): boolean {
  return found?.["token"] === after.token && found["generation"] === after.generation && found["checksum"] === checksum;
}
