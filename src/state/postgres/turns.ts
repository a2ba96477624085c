import type { Clock } from "../../model.ts";
import type { Database, Row } from "./database.ts";
import { explained, isPassing } from "./failure.ts";
import type { Replica } from "./replica.ts";

const TRY_AGAIN_MS = 100;

/**
 * Takes the turn on a name among all replicas. It is bound to the replica's lease: one that died or sleeps loses it
 * with the lease. Returns the id it was taken with.
 */
export async function takeTurn(
  database: Database,
  replica: Replica,
  name: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    const { id } = replica;
    if (id !== undefined && (await tryTurn(database, name, id)).length > 0) return id;
    await clock.sleep(TRY_AGAIN_MS, signal);
  }
}

async function tryTurn(database: Database, name: string, id: number): Promise<readonly Row[]> {
  try {
    return await database.query(
      "INSERT INTO slack_otel_turns (name, holder) SELECT $1, id FROM slack_otel_replicas WHERE id = $2 " +
        "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder WHERE slack_otel_turns.holder = excluded.holder " +
        "RETURNING holder",
      [name, id],
    );
  } catch (error) {
    if (!isPassing(error)) throw explained(database.where, error);
    return [];
  }
}

export async function giveTurnBack(database: Database, name: string, holder: number): Promise<void> {
  await database.query("DELETE FROM slack_otel_turns WHERE name = $1 AND holder = $2", [name, holder]);
}
