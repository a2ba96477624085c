import type { Clock, Ending, Identity, LogRecord, Source, StreamState } from "../model.ts";
import { batches, type BatchLimits } from "./batch.ts";
import type { Deliver, Receipt, Refusal } from "./isolate.ts";

/** A destination that refuses everything is tried again this often. */
export const HALT_RETRY_MS = 60_000;

export interface DrainEvents {
  /** A page came: how many entries Slack showed, and how many of them are new. */
  page(entries: number, fresh: number): void;
  receipt(receipt: Receipt): void;
  /** The destination refuses everything; nothing is lost, and the same records are tried again. */
  refused(refusal: Refusal): void;
  /** The position was stored. */
  position(position: unknown): void;
}

export interface DrainOptions {
  readonly source: Source;
  readonly state: StreamState;
  readonly deliver: Deliver;
  readonly limits: BatchLimits;
  readonly clock: Clock;
  readonly events: DrainEvents;
  /** Whether to wait for a mended destination, with the page in memory and Slack left alone, or to return. */
  readonly patient: boolean;
}

/**
 * Brings one stream to the present: page by page, each settled and its position stored before the next is asked for.
 * Rejects with the signal's reason, and with a `StateError` when the state cannot be written.
 */
export async function drain(options: DrainOptions, signal: AbortSignal): Promise<Ending | Refusal> {
  const { source, state, events } = options;
  const walk = source.pages(state.position, state.known, signal);
  try {
    for (;;) {
      const step = await walk.next();
      if (step.done === true) return step.value;
      const page = step.value;
      events.page(page.entries, page.records.length);
      const settling = createSettling(options, page.records.length);
      for (const batch of batches(page.records, options.limits)) {
        const refusal = await settle(batch, options, settling, signal);
        if (refusal !== undefined) return refusal;
      }
      await state.commit({
        remember: [...settling.rest(), ...page.remember],
        position: page.position,
        ...(page.forgetBelow === undefined ? {} : { forgetBelow: page.forgetBelow }),
      });
      events.position(page.position);
    }
  } finally {
    await walk.return({ kind: "present" });
  }
}

async function settle(
  batch: readonly LogRecord[],
  { deliver, clock, events, patient }: DrainOptions,
  settling: ReturnType<typeof createSettling>,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  let unsettled = batch;
  while (unsettled.length > 0) {
    signal.throwIfAborted();
    const settled = new Set<LogRecord>();
    const delivery = deliver(unsettled, signal);
    for (;;) {
      const step = await delivery.next();
      if (step.done !== true) {
        await settling.add(step.value);
        for (const record of step.value.records) settled.add(record);
        continue;
      }
      if (step.value.kind === "refused") {
        events.refused(step.value);
        if (!patient) return step.value;
        await clock.sleep(HALT_RETRY_MS, signal);
      }
      break;
    }
    unsettled = unsettled.filter((record) => !settled.has(record));
  }
  return undefined;
}

/** Stores identities with every receipt; those of a page's last one go into the transaction with the position. */
function createSettling({ state, events }: DrainOptions, expected: number) {
  let settled = 0;
  let last: readonly Identity[] = [];
  return {
    async add(receipt: Receipt) {
      settled += receipt.records.length;
      const remember = receipt.records.map((record) => record.identity);
      if (settled === expected) last = remember;
      else await state.commit({ remember });
      events.receipt(receipt);
    },
    rest: () => last,
  };
}
