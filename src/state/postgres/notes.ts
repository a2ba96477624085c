import type { Clock, Notes } from "../../model.ts";
import { noteChecksum } from "../rows.ts";
import { ClaimLostError } from "../claims.ts";
import { createTurns } from "../turns.ts";
import type { Database } from "./database.ts";
import { damaged } from "./failure.ts";
import type { Replica } from "./replica.ts";
import { giveTurnBack, takeTurn } from "./turns.ts";

export async function readNote(database: Database, name: string): Promise<string | undefined> {
  const [row] = await database.query("SELECT text, checksum FROM slack_otel_notes WHERE name = $1", [name]);
  if (row === undefined) return undefined;
  const text = String(row["text"]);
  if (noteChecksum({ name, text }) !== row["checksum"]) {
    throw damaged(database.where, "the checksum of a note does not fit");
  }
  return JSON.parse(text) as string;
}

/** The notes in the database. `guarded` asks again while it is away, `closed` ends the waits for a turn. */
export function createNotes({
  database,
  replica,
  clock,
  guarded,
  closed,
}: {
  readonly database: Database;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly guarded: <T>(work: () => Promise<T>) => Promise<T>;
  readonly closed: AbortSignal;
}): Notes {
  const local = createTurns();
  /** By name, the replica's id in whose turn this program is. */
  const turns = new Map<string, number>();

  return {
    read: (name) => guarded(() => readNote(database, name)),

    write: (name, value) =>
      guarded(async () => {
        const text = JSON.stringify(value);
        const holder = turns.get(name) ?? null;
        // Within a turn only while it lasts: what another wrote in its own turn since then must stay.
        const rows = await database.query(
          "INSERT INTO slack_otel_notes AS n (name, text, checksum) SELECT $1::text, $2::text, $3::bigint " +
            "WHERE $4::bigint IS NULL OR EXISTS (SELECT FROM slack_otel_turns WHERE name = $1 AND holder = $4 FOR SHARE) " +
            "ON CONFLICT (name) DO UPDATE SET text = excluded.text, checksum = excluded.checksum RETURNING name",
          [name, text, noteChecksum({ name, text }), holder],
        );
        if (rows.length === 0) throw new ClaimLostError(`The turn on ${name} is lost`);
      }),

    async exclusively(name, signal, work) {
      const either = AbortSignal.any([signal, closed]);
      const release = await local(name, either);
      try {
        const holder = await takeTurn(database, replica, name, clock, either);
        turns.set(name, holder);
        try {
          return await work();
        } finally {
          turns.delete(name);
          await guarded(() => giveTurnBack(database, name, holder));
        }
      } finally {
        release();
      }
    },
  };
}
