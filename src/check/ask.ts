import type { Clock } from "../model.ts";
import type { Page } from "../slack/answer.ts";
import { createSlackClient, type Endpoint, type SlackAnswer, type SlackClientOptions } from "../slack/client.ts";

/** Slack gave no answer worth having while it was waited for. */
export interface Unanswered {
  readonly kind: "unanswered";
  /** What came instead, the last time. */
  readonly code: string;
}

export interface Asked {
  readonly answer: SlackAnswer | Unanswered;
  /** Slack's clock less ours, milliseconds; known when an answer came. Exact to about a second. */
  readonly slackAheadMs: number | undefined;
}

export type Ask = (
  endpoint: Endpoint,
  params: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
) => Promise<Asked>;

const TRIES = 3;
const LONGEST_WAIT_MS = 3_000;
const PATIENCE_MS = 15_000;

/** Calls Slack with the client of `run`, but does not wait for what may take long to pass: somebody is looking on. */
export function createAsk(options: Omit<SlackClientOptions, "log"> & { readonly clock: Clock }): Ask {
  return async (endpoint, params, signal) => {
    const patience = new AbortController();
    const over = new Error("not waited for any longer");
    let tries = 0;
    let code = `no answer within ${PATIENCE_MS / 1_000} s`;
    const client = createSlackClient({
      ...options,
      log(_level, event, fields = {}) {
        if (event !== "slack_retry") return;
        code = String(fields["error"]);
        tries += 1;
        if (tries >= TRIES || Number(fields["delay_ms"]) > LONGEST_WAIT_MS) patience.abort(over);
      },
    });
    options.clock.sleep(PATIENCE_MS, patience.signal).then(
      () => patience.abort(over),
      () => undefined,
    );
    try {
      const answer = await client.call(endpoint, params, AbortSignal.any([signal, patience.signal]));
      return { answer, slackAheadMs: answer.kind === "ok" ? aheadMs(answer, client.now(), options.clock) : undefined };
    } catch (error) {
      signal.throwIfAborted();
      if (error !== over) throw error;
      return { answer: { kind: "unanswered", code }, slackAheadMs: undefined };
    } finally {
      patience.abort(over);
    }
  };
}

function aheadMs({ headers }: Page, slackNowMs: number, clock: Clock): number | undefined {
  return headers["date"] === undefined ? undefined : slackNowMs - clock.now();
}
