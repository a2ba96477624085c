import type { Clock, Log } from "../model.ts";
import type { Reason } from "./readiness.ts";

/** A token that is refused is asked about, and told of, once a minute: one that was not told of since is good again. */
const TOLD_AGAIN_WITHIN_MS = 90_000;

export interface RefusedTokens {
  /** Takes note of the program's log. */
  readonly log: Log;
  readonly reasons: () => readonly Reason[];
}

/** Which connections have no token that Slack takes: they have no stream that could tell. */
export function createRefusedTokens(clock: Pick<Clock, "monotonic">): RefusedTokens {
  const told = new Map<string, Reason & { readonly atMs: number }>();
  return {
    log(_level, event, fields = {}) {
      const connection = String(fields["connection"] ?? "");
      if (event === "started" && connection === "") told.clear();
      if (event !== "token_refused") return;
      const which = connection === "" ? "" : `${connection}: `;
      told.set(connection, {
        reason: String(fields["error"] ?? "token_refused"),
        message: `${which}${String(fields["message"] ?? "Slack refuses the token.")}`,
        atMs: clock.monotonic(),
      });
    },
    reasons() {
      const since = clock.monotonic() - TOLD_AGAIN_WITHIN_MS;
      return [...told.values()].filter(({ atMs }) => atMs > since).map(({ reason, message }) => ({ reason, message }));
    },
  };
}
