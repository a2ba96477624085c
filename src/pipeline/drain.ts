import type { Clock, Ending, Identity, LogRecord, Source, StreamState } from "../model.ts";
import { batches, type BatchLimits } from "./batch.ts";
import type { Deliver, Receipt, Refusal } from "./isolate.ts";
import type { Tracker } from "./tracker.ts";

/** A destination that refuses everything is tried again this often. */
export const HALT_RETRY_MS = 60_000;

export interface DrainEvents {
  /** A page came: how many entries Slack showed, how many of them are new, and how many others are left out on request. */
  page(entries: number, fresh: number, skipped?: number): void;
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
  readonly tracker?: Tracker;
  /** Whether to wait for a mended destination, with the page in memory and Slack left alone, or to return. */
  readonly patient: boolean;
}

/**
 * Brings one stream to the present: page by page, each settled and its position stored before the next is asked for.
 * Rejects with the signal's reason, and with a `StateError` when the state cannot be written.
 */
export async function drain(options: DrainOptions, signal: AbortSignal): Promise<Ending | Refusal> {
  const { source, state, events, tracker } = options;
  tracker?.begun();
  const walk = source.pages(state.position, state.known, signal);
  try {
    for (;;) {
      const step = await walk.next();
      if (step.done === true) return step.value;
      const page = step.value;
      events.page(page.entries, page.records.length, page.skipped);
      const settling = createSettling(options, page.records.length);
      for (const batch of batches(page.records, options.limits)) {
        const refusal = await settle(batch, options, settling, signal);
        if (refusal !== undefined) return refusal;
      }
      tracker?.page(page);
      await state.commit({
        remember: [...settling.rest(), ...page.remember],
        position: page.position,
        ...(page.forgetBelow === undefined ? {} : { forgetBelow: page.forgetBelow }),
        ...tracker?.report("page"),
      });
      events.position(page.position);
      if (tracker?.isDue() === true) {
        const refusal = await tell(options, tracker, signal);
        if (refusal !== undefined) return refusal;
      }
    }
  } finally {
    await walk.return({ kind: "present" });
  }
}

/** Stores what a walk's ending means for what people are told, and delivers what is to be told of holes. */
export async function conclude(
  options: DrainOptions,
  ending: Ending | Refusal,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  const { tracker } = options;
  if (tracker === undefined) return undefined;
  tracker.ended(ending);
  await store(options, tracker);
  return ending.kind === "refused" ? undefined : tell(options, tracker, signal);
}

async function tell(options: DrainOptions, tracker: Tracker, signal: AbortSignal): Promise<Refusal | undefined> {
  const untold = tracker.untold();
  if (untold.length === 0) return undefined;
  const telling = {
    async add(receipt: Receipt) {
      tracker.told(receipt.records);
      await store(options, tracker);
      options.events.receipt(receipt);
    },
  };
  for (const batch of batches(untold, options.limits)) {
    const refusal = await settle(batch, options, telling, signal);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

async function store({ state }: DrainOptions, tracker: Tracker): Promise<void> {
  const changed = tracker.report("between");
  if (changed.report !== undefined) await state.commit({ remember: [], ...changed });
}

async function settle(
  batch: readonly LogRecord[],
  { deliver, clock, events, patient }: DrainOptions,
  settling: { readonly add: (receipt: Receipt) => Promise<void> },
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
function createSettling({ state, events, tracker }: DrainOptions, expected: number) {
  let settled = 0;
  let last: readonly Identity[] = [];
  return {
    async add(receipt: Receipt) {
      settled += receipt.records.length;
      const remember = receipt.records.map((record) => record.identity);
      tracker?.settled(receipt);
      if (settled === expected) last = remember;
      else await state.commit({ remember, ...tracker?.report("between") });
      events.receipt(receipt);
    },
    rest: () => last,
  };
}
