import type { Log } from "./model.ts";

/** A stream that somebody wants read. */
export interface Wanted<Outcome> {
  /** The stream's name: only one reads it at a time. */
  readonly name: string;
  /** Reads until the signal, or until there is no more to do. Rejects only for what must end the program. */
  readonly run: (signal: AbortSignal) => Promise<Outcome>;
}

export interface SupervisorOptions {
  readonly log: Log;
  /** Told of what a stream rejected with: the state or the program itself is at fault. */
  readonly onFailure: (error: unknown) => void;
  /** Ends every stream. */
  readonly signal: AbortSignal;
}

export interface Supervisor<Outcome> {
  /**
   * What this owner wants read from now on, in place of what it wanted before: new streams are started, others stopped.
   * A stream that two owners want is read for the first of them; the other is warned of, and takes over when the first
   * wants it no longer and has let go of it.
   */
  assign(owner: string, wanted: readonly Wanted<Outcome>[]): void;
  /** The names of the streams that are read now. */
  readonly running: readonly string[];
  /** Resolves when nothing runs any more, with how each stream ended. */
  settled(): Promise<readonly Outcome[]>;
}

interface Reading {
  readonly owner: string;
  readonly stop: AbortController;
  ended: Promise<void>;
}

/** The one place that knows which streams are wanted, and starts and stops them. */
export function createSupervisor<Outcome>(options: SupervisorOptions): Supervisor<Outcome> {
  const { log, onFailure, signal } = options;
  /** By stream and owner, the first owner first. */
  const claims = new Map<string, Map<string, Wanted<Outcome>>>();
  const running = new Map<string, Reading>();
  const outcomes = new Map<string, Outcome>();
  /** Ended by themselves or by a failure: not to be started again. */
  const complete = new Set<string>();

  function reconcile(name: string): void {
    const [first] = claims.get(name) ?? [];
    const current = running.get(name);
    if (current !== undefined) {
      if (current.owner !== first?.[0]) current.stop.abort(new Error("the stream is not wanted any more"));
      return;
    }
    if (first === undefined || signal.aborted || complete.has(name)) return;
    const [owner, wanted] = first;
    const stop = new AbortController();
    const reading: Reading = { owner, stop, ended: Promise.resolve() };
    running.set(name, reading);
    reading.ended = start(wanted, stop.signal);
  }

  async function start({ name, run }: Wanted<Outcome>, stop: AbortSignal): Promise<void> {
    try {
      outcomes.set(name, await run(AbortSignal.any([signal, stop])));
      if (!stop.aborted) complete.add(name);
    } catch (error) {
      complete.add(name);
      onFailure(error);
    } finally {
      running.delete(name);
      reconcile(name);
    }
  }

  return {
    assign(owner, wanted) {
      const names = new Set(wanted.map(({ name }) => name));
      for (const [name, owners] of claims) {
        if (names.has(name) || !owners.delete(owner)) continue;
        if (owners.size === 0) claims.delete(name);
        reconcile(name);
      }
      for (const claim of wanted) {
        const owners = claims.get(claim.name) ?? new Map<string, Wanted<Outcome>>();
        claims.set(claim.name, owners);
        if (owners.has(owner)) continue;
        owners.set(owner, claim);
        const [keeper] = owners.keys();
        if (keeper !== owner) {
          const message = `${keeper} reads this stream already and keeps it; ${owner} takes over when it stops.`;
          log("warn", "stream_taken", { stream: claim.name, connection: owner, message });
        }
        reconcile(claim.name);
      }
    },
    get running() {
      return [...running.keys()];
    },
    async settled() {
      while (running.size > 0) await Promise.all([...running.values()].map(({ ended }) => ended));
      return [...outcomes.values()];
    },
  };
}
