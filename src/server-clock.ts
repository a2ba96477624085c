import type { Http } from "./http.ts";
import type { Clock } from "./model.ts";

/** A server's time, as far as the `Date` headers of its answers tell it. */
export interface ServerClock {
  /** Takes note of an answer's `Date` header; an unreadable one is passed over. */
  observe(date: string | undefined): void;
  /** Epoch milliseconds. At most about a second behind the server and never ahead of it; our own clock before any answer. */
  now(): number;
  /** Whether an answer has told it. */
  isSet(): boolean;
}

/** Steps of our own wall clock do not reach it: between answers it runs on the monotonic clock. */
export function createServerClock(clock: Clock): ServerClock {
  let anchor: { readonly server: number; readonly monotonic: number } | undefined;
  return {
    observe(date) {
      const server = date === undefined ? Number.NaN : Date.parse(date);
      if (!Number.isNaN(server)) anchor = { server, monotonic: clock.monotonic() };
    },
    isSet: () => anchor !== undefined,
    now: () => (anchor === undefined ? clock.now() : anchor.server + (clock.monotonic() - anchor.monotonic)),
  };
}

/** The same exchange, whose answers tell the time. */
export function observing(http: Http, serverClock: ServerClock): Http {
  return async (request, signal) => {
    const answer = await http(request, signal);
    // Errors may be a proxy's, and so is then their date.
    if (answer.kind === "answer" && answer.status < 300) serverClock.observe(answer.headers["date"]);
    return answer;
  };
}
