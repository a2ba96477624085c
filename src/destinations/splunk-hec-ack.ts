import { randomUUID } from "node:crypto";
import type { Attempt, Clock, LogRecord, Send } from "../model.ts";
import { outcomeOfAnswer, parseObject, type HecOutcome } from "./splunk-hec-answer.ts";
import type { HecPost } from "./splunk-hec-post.ts";

/** The first question comes so soon, then each after twice the time, up to the interval. */
const FIRST_POLL_MS = 1_000;

export interface AcknowledgedOptions {
  readonly post: HecPost;
  /** Sends events on a channel. */
  readonly sendEvents: (records: readonly LogRecord[], channel: string, signal: AbortSignal) => Promise<HecOutcome>;
  readonly clock: Clock;
  /** Between two questions at most. */
  readonly intervalMs: number;
  /** What is not acknowledged by then is sent again. */
  readonly timeoutMs: number;
}

type Acknowledged = { readonly send: Send<Attempt>; readonly probe: (signal: AbortSignal) => Promise<Attempt> };

/**
 * Says yes only when the indexer has: each request's acknowledgement is asked for until it is true, which Splunk tells
 * once. https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/about-http-event-collector-indexer-acknowledgment
 */
export function acknowledged({ post, sendEvents, clock, intervalMs, timeoutMs }: AcknowledgedOptions): Acknowledged {
  let channel: string = randomUUID();
  let isKnownToAcknowledge = false;

  /** Asked before the first event, for a token that does not acknowledge takes events and says nothing. */
  async function probe(signal: AbortSignal): Promise<Attempt> {
    // On a channel of its own: what is true is told once.
    const answer = await ask(0, randomUUID(), signal);
    if (typeof answer !== "boolean") return answer;
    isKnownToAcknowledge = true;
    return { status: "accepted", rejected: 0 };
  }

  async function ask(ackId: number, on: string, signal: AbortSignal): Promise<boolean | Attempt> {
    const posted = await post({ to: "ack", body: JSON.stringify({ acks: [ackId] }), channel: on }, signal);
    if ("status" in posted) return posted;
    const { answer } = posted;
    const { acks } = answer.kind === "answer" && answer.status === 200 ? parseObject(answer.body.toString()) : {};
    if (typeof acks === "object" && acks !== null) return (acks as Record<string, unknown>)[ackId] === true;
    const { attempt } = outcomeOfAnswer(answer, { ...posted, events: 0, nowMs: clock.now() });
    // What is no answer to the question is no yes to anything.
    if (attempt.status !== "accepted") return attempt;
    return { status: "retry", escalate: "configuration", cause: { message: "no answer about acknowledgements" } };
  }

  async function confirm(ackId: number, on: string, signal: AbortSignal): Promise<Attempt> {
    const deadline = clock.monotonic() + timeoutMs;
    for (let delayMs = Math.min(FIRST_POLL_MS, intervalMs); ; delayMs = Math.min(delayMs * 2, intervalMs)) {
      await clock.sleep(Math.max(0, Math.min(delayMs, deadline - clock.monotonic())), signal);
      const answer = await ask(ackId, on, signal);
      if (answer === true) return { status: "accepted", rejected: 0 };
      if (answer !== false && answer.status === "refused") return answer;
      if (clock.monotonic() < deadline) continue;
      // The indexer may have forgotten the channel, by a restart for one.
      channel = randomUUID();
      const message = `Splunk took the events, but did not acknowledge them within ${timeoutMs / 1000} s`;
      return { status: "retry", cause: { message } };
    }
  }

  const send: Send<Attempt> = async (records, signal) => {
    if (!isKnownToAcknowledge) {
      const probed = await probe(signal);
      if (probed.status !== "accepted") return probed;
    }
    const on = channel;
    const { attempt, ackId } = await sendEvents(records, on, signal);
    if (attempt.status === "refused" && attempt.fault === "payload" && attempt.at !== undefined && attempt.at > 0) {
      // The events before it were taken, but not with a yes that can be asked for: they are sent once more.
      const before = await send(records.slice(0, attempt.at), signal);
      return before.status === "accepted" ? attempt : before;
    }
    if (attempt.status !== "accepted") return attempt;
    if (ackId !== undefined) return confirm(ackId, on, signal);
    isKnownToAcknowledge = false;
    const message = "Splunk gave no ackId: switch indexer acknowledgement on for the token, or set ack: false";
    return { status: "refused", fault: "configuration", cause: { message } };
  };
  return { send, probe };
}
