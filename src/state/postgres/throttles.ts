import type { Clock, Throttles } from "../../model.ts";
import type { Database } from "./database.ts";

export interface SharedThrottles extends Throttles {
  /** Writes down what was stopped since it was called last. Rejects with what pg throws; it is not forgotten then. */
  tell(): Promise<void>;
  /** Reads what anybody has written down. Rejects with what pg throws. */
  learn(): Promise<void>;
}

/** What Slack has stopped, by the database's clock there and by the monotonic one here. */
export function createThrottles(database: Database, clock: Clock): SharedThrottles {
  /** When a place is free again; monotonic milliseconds. */
  const untold = new Map<string, number>();
  let learnt = new Map<string, number>();

  return {
    stop(place, forMs) {
      untold.set(place, clock.monotonic() + forMs);
    },
    leftMs: (place) => Math.max(untold.get(place) ?? -Infinity, learnt.get(place) ?? -Infinity) - clock.monotonic(),

    async tell() {
      if (untold.size === 0) return;
      const telling = [...untold];
      const now = clock.monotonic();
      const given = telling.map(([place, freeMs]) => ({ place, ms: Math.max(0, freeMs - now) }));
      await database.query(
        "INSERT INTO slack_otel_throttles AS t SELECT place, clock_timestamp() + ms * interval '1 ms' " +
          "FROM json_to_recordset($1::json) AS g (place text, ms float8) ORDER BY place " +
          "ON CONFLICT (place) DO UPDATE SET expires = greatest(t.expires, excluded.expires)",
        [JSON.stringify(given)],
      );
      for (const [place, freeMs] of telling) {
        if (untold.get(place) === freeMs) untold.delete(place);
        learnt.set(place, Math.max(freeMs, learnt.get(place) ?? -Infinity));
      }
      await database.query("DELETE FROM slack_otel_throttles WHERE expires < clock_timestamp()");
    },

    async learn() {
      const rows = await database.query(
        "SELECT place, extract(epoch FROM expires - clock_timestamp())::float8 * 1000 AS left FROM slack_otel_throttles " +
          "WHERE expires > clock_timestamp()",
      );
      // Counted from when the answer is here: rather too long than too short.
      const now = clock.monotonic();
      learnt = new Map(rows.map((row) => [String(row["place"]), now + Number(row["left"])]));
    },
  };
}
