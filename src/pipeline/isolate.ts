import type { Cause, Clock, LogRecord, Send, Settled } from "../model.ts";
import { backoffMs } from "../backoff.ts";
import type { DeadLetter, DeadLetters } from "./dead-letters.ts";
import { createSearch } from "./search.ts";

/** Some records of a batch that are settled: nothing of them is to be sent again. */
export interface Receipt {
  readonly outcome: "accepted" | "dead_lettered";
  readonly records: readonly LogRecord[];
  /** Of an OTLP partial success: how many of the accepted records the receiver rejected. */
  readonly rejected: number;
  /** Why records are dead letters or were rejected; of a plain yes, what the receiver had to say with it. */
  readonly cause?: Cause;
}

/** The destination takes nothing at present, for a reason that a person has to mend. Unsettled records are unharmed. */
export interface Refusal {
  readonly kind: "refused";
  readonly fault: "credentials" | "configuration";
  readonly cause: Cause;
}

/** Receipts as they come. What had to be tried again comes last. */
export type Delivery = AsyncGenerator<Receipt, { readonly kind: "settled" } | Refusal, void>;
export type Deliver = (records: readonly LogRecord[], signal: AbortSignal) => Delivery;

export interface IsolateOptions {
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** What server errors without a neighbour accepted are: waited out (the default), or a refusal of everything. */
  readonly outage?: "wait" | "refuse";
}

/** So many records refused one by one, and none accepted in between, are no longer the records' fault. */
const REFUSALS_IN_A_ROW = 20;

type Accepted = Extract<Settled, { status: "accepted" }>;
/** A record that met an HTTP 500 alone, and how many requests had been accepted by then. */
interface Suspect extends DeadLetter {
  readonly acceptedBefore: number;
}

/**
 * Settles a batch whatever it holds. A refusal for its content is searched for the first record at fault; what is
 * accepted on the way stays accepted. Only a record that was refused alone becomes a dead letter, and one that met a
 * server error only if a neighbour was accepted before it was refused again: until then it is an outage, waited out.
 */
export function isolating(send: Send<Settled>, deadLetters: DeadLetters, options: IsolateOptions): Deliver {
  const { clock, random, outage = "wait" } = options;
  // Over all batches: a receiver that refuses everything is told by it even where batches are small.
  let refusedInARow = 0;

  return async function* deliver(records, signal) {
    let acceptedRequests = 0;
    let rest = records;
    for (let outages = 0; ; outages++) {
      const search = createSearch(rest.length);
      const culprits: DeadLetter[] = [];
      const suspects: Suspect[] = [];
      let failuresInARow = 0;
      let failure: Cause | undefined;
      while (rest.length > 0 && failuresInARow < REFUSALS_IN_A_ROW) {
        const part = rest.slice(0, search.size());
        const settled = await send(part, signal);
        if (settled.status !== "refused") {
          refusedInARow = 0;
          failuresInARow = 0;
          acceptedRequests += 1;
          const taken = settled.status === "taken" ? part.slice(0, settled.count) : part;
          yield await accept(taken, { rejected: 0, ...settled });
          const full = yield* bury(culprits);
          if (full !== undefined) return full;
          rest = rest.slice(taken.length);
          if (settled.status === "accepted") {
            search.accepted(rest.length);
          } else {
            search.taken(taken.length);
            await clock.sleep(settled.waitMs, signal);
          }
          continue;
        }
        if (settled.fault !== "payload") return { kind: "refused", fault: settled.fault, cause: settled.cause };
        const { reason, cause, at } = settled;
        if (reason === "server_error") {
          failuresInARow += 1;
          failure = cause;
        }
        if (at === undefined && part.length > 1) {
          search.refused(reason === "too_large");
          continue;
        }
        const index = at ?? 0;
        if (index > 0) {
          refusedInARow = 0;
          acceptedRequests += 1;
          yield { outcome: "accepted", records: part.slice(0, index), rejected: 0 };
        }
        const record = part[index] as LogRecord;
        rest = rest.slice(index + 1);
        search.found(rest.length);
        if (reason === "server_error") {
          suspects.push({ record, reason, cause, acceptedBefore: acceptedRequests });
          continue;
        }
        culprits.push({ record, reason, cause });
        // Nobody was asked about these, however many there are.
        if (reason === "too_old") continue;
        refusedInARow += 1;
        if (refusedInARow >= REFUSALS_IN_A_ROW) return { kind: "refused", fault: "configuration", cause: total(cause) };
      }
      const full = yield* bury(culprits);
      if (full !== undefined) return full;
      const again: LogRecord[] = [];
      for (const suspect of suspects) {
        if (suspect.acceptedBefore === acceptedRequests) {
          again.push(suspect.record);
          continue;
        }
        const settled = await send([suspect.record], signal);
        if (settled.status !== "refused") yield await accept([suspect.record], { rejected: 0, ...settled });
        else if (settled.fault === "payload") {
          const full = yield* bury([suspect]);
          if (full !== undefined) return full;
        } else return { kind: "refused", fault: settled.fault, cause: settled.cause };
      }
      rest = [...again, ...rest];
      if (rest.length === 0) return { kind: "settled" };
      if (outage === "refuse" && failure !== undefined)
        return { kind: "refused", fault: "configuration", cause: failure };
      await clock.sleep(Math.max(1_000, backoffMs(outages + 4, random)), signal);
    }
  };

  async function accept(
    records: readonly LogRecord[],
    { rejected, message }: Pick<Accepted, "rejected" | "message">,
  ): Promise<Receipt> {
    // A yes may come with a warning.
    if (rejected === 0)
      return { outcome: "accepted", records, rejected, ...(message === undefined ? {} : { cause: { message } }) };
    // OTLP forbids sending a partial success again and does not say which records fell out of it.
    const cause: Cause = { message: message ?? "partial success", statusCode: 200 };
    await deadLetters.write(records.map((record) => ({ record, reason: "partial", cause })));
    return { outcome: "accepted", records, rejected, cause };
  }

  /** Takes everything out of `letters` and sets it aside for good; or says that there is no room for it. */
  async function* bury(letters: DeadLetter[]): AsyncGenerator<Receipt, Refusal | undefined, void> {
    const written = letters.splice(0);
    if (written.length === 0) return undefined;
    const full = await deadLetters.full();
    if (full !== undefined) return { kind: "refused", fault: "configuration", cause: full };
    await deadLetters.write(written);
    const old = written.filter(({ reason }) => reason === "too_old");
    const [{ cause } = {}] = old;
    if (cause !== undefined)
      yield { outcome: "dead_lettered", records: old.map(({ record }) => record), rejected: 0, cause };
    for (const { record, reason, cause } of written) {
      if (reason !== "too_old") yield { outcome: "dead_lettered", records: [record], rejected: 0, cause };
    }
    return undefined;
  }
}

function total(last: Cause): Cause {
  return {
    ...last,
    message: `${REFUSALS_IN_A_ROW} records were refused one by one and none was accepted, last with: ${last.message}`,
  };
}
