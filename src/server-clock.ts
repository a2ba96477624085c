import type { Http } from "./http.ts";
import type { Clock } from "./model.ts";

/** A server's time, as far as the `Date` headers of its answers tell it. */
export interface ServerClock {
  /** A request begins; for its answer's `Date` header when it is there. An unreadable one is passed over. */
  ask(): (date: string | undefined) => void;
  /**
   * Epoch milliseconds; our own clock before any answer. At most about a second behind the server, or as long as an
   * answer took while there was no quicker one, and never ahead of it.
   */
  now(): number;
  /** Whether an answer has told it. */
  isSet(): boolean;
}

/** Steps of our own wall clock do not reach it: between answers it runs on the monotonic clock. */
export function createServerClock(clock: Clock): ServerClock {
  let anchor: { readonly server: number; readonly monotonic: number } | undefined;
  return {
    ask() {
      const askedAt = clock.monotonic();
      return (date) => {
        const written = date === undefined ? Number.NaN : Date.parse(date);
        if (Number.isNaN(written)) return;
        const monotonic = clock.monotonic();
        // The date was written at some time between the two, so a slow answer may tell less than is known.
        const known = anchor === undefined ? written : now();
        anchor = { server: Math.min(Math.max(known, written), written + (monotonic - askedAt)), monotonic };
      };
    },
    isSet: () => anchor !== undefined,
    now,
  };

  function now(): number {
    return anchor === undefined ? clock.now() : anchor.server + (clock.monotonic() - anchor.monotonic);
  }
}

/** The same exchange, whose answers tell the time. */
export function observing(http: Http, serverClock: ServerClock): Http {
  return async (request, signal) => {
    const answeredOn = serverClock.ask();
    const answer = await http(request, signal);
    // Errors may be a proxy's, and so is then their date.
    if (answer.kind === "answer" && answer.status < 300) answeredOn(answer.headers["date"]);
    return answer;
  };
}
