import type { Clock, Destination, LogRecord } from "../model.ts";

/** A destination inside the process. It takes everything, but answers 503 to one request after `troubleDueMs`. */
export function createTerminalDestination(clock: Clock, troubleDueMs: number): Destination {
  let troubled = false;
  return {
    name: "demo",
    description: "this terminal",
    limits: {},
    send(_records, signal) {
      signal.throwIfAborted();
      if (troubled || clock.now() < troubleDueMs) return Promise.resolve({ status: "accepted", rejected: 0 });
      troubled = true;
      return Promise.resolve({ status: "retry", cause: { message: "HTTP 503", statusCode: 503 } });
    },
    probe: () => Promise.resolve({ status: "accepted", rejected: 0 }),
    close: () => Promise.resolve(),
  };
}

export interface DestinationEvents {
  accepted(records: readonly LogRecord[]): void;
  /** Any other answer. Of an OTLP partial success nobody knows which records were taken, so none counts. */
  failed(message: string): void;
}

/** The same destination, watched. */
export function watched(destination: Destination, events: DestinationEvents): Destination {
  return {
    ...destination,
    async send(records, signal) {
      const attempt = await destination.send(records, signal);
      if (attempt.status === "accepted" && attempt.rejected === 0) events.accepted(records);
      else events.failed(attempt.status === "accepted" ? "some records were rejected" : attempt.cause.message);
      return attempt;
    },
  };
}
