import type { Attempt, Clock, Destination } from "../model.ts";

/** How one request to the destination ended. */
export type Outcome = "accepted" | "retry" | "payload" | "credentials" | "configuration";

/** The destination, with each request told when it has ended: how long it took, and what became of it. */
export function timed(
  destination: Destination,
  clock: Pick<Clock, "monotonic">,
  tell: (ms: number, outcome: Outcome) => void,
): Destination {
  return {
    ...destination,
    async send(records, signal) {
      const startMs = clock.monotonic();
      const attempt = await destination.send(records, signal);
      tell(clock.monotonic() - startMs, outcomeOf(attempt));
      return attempt;
    },
  };
}

function outcomeOf(attempt: Attempt): Outcome {
  return attempt.status === "refused" ? attempt.fault : attempt.status;
}
