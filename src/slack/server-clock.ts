import type { Clock } from "../model.ts";

/** Slack's time, as far as its `Date` headers tell it. */
export interface ServerClock {
  /** Takes note of an answer's `Date` header; an unreadable one is passed over. */
  observe(date: string | undefined): void;
  /** Epoch milliseconds. At most about a second behind Slack and never ahead of it; our own clock before any answer. */
  now(): number;
}

/** Steps of our own wall clock do not reach it: between answers it runs on the monotonic clock. */
export function createServerClock(clock: Clock): ServerClock {
  let anchor: { readonly server: number; readonly monotonic: number } | undefined;
  return {
    observe(date) {
      const server = date === undefined ? Number.NaN : Date.parse(date);
      if (!Number.isNaN(server)) anchor = { server, monotonic: clock.monotonic() };
    },
    now: () => (anchor === undefined ? clock.now() : anchor.server + (clock.monotonic() - anchor.monotonic)),
  };
}
