/**
 * `AbortController` and `AbortSignal` with what the program asks of them, in the order of the runtime's. Those take a
 * tenth of a schedule's time, for they are event targets and know each other by weak references.
 */

interface Listener {
  readonly call: () => void;
  readonly once: boolean;
  isGone: boolean;
}

class LeanSignal {
  private readonly sources: readonly LeanSignal[];
  private isAborted = false;
  private why: unknown = undefined;
  private listeners: Listener[] = [];
  private isFollowing = false;
  /** Those made of this one that somebody listened to, in the order in which it began. */
  private readonly followers: LeanSignal[] = [];

  constructor(sources: readonly LeanSignal[]) {
    this.sources = sources;
  }

  static any(signals: readonly LeanSignal[]): LeanSignal {
    const sources: LeanSignal[] = [];
    for (const signal of signals) {
      if (signal.aborted) {
        const aborted = new LeanSignal(NONE);
        aborted.abort(signal.why);
        return aborted;
      }
      for (const source of signal.sources === NONE ? [signal] : signal.sources)
        if (!sources.includes(source)) sources.push(source);
    }
    return new LeanSignal(sources);
  }

  get aborted(): boolean {
    if (this.isAborted) return true;
    for (const source of this.sources) {
      if (!source.isAborted) continue;
      this.abort(source.why);
      return true;
    }
    return false;
  }

  get reason(): unknown {
    return this.aborted ? this.why : undefined;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.why;
  }

  addEventListener(_: "abort", call: () => void, options?: { readonly once?: boolean }): void {
    if (this.listeners.some((known) => known.call === call)) return;
    this.listeners.push({ call, once: options?.once === true, isGone: false });
    if (this.isFollowing || this.sources === NONE || this.aborted) return;
    this.isFollowing = true;
    for (const source of this.sources) source.followers.push(this);
  }

  removeEventListener(_: "abort", call: () => void): void {
    const at = this.listeners.findIndex((known) => known.call === call);
    if (at < 0) return;
    for (const listener of this.listeners.splice(at, 1)) listener.isGone = true;
  }

  abort(why: unknown): void {
    if (this.isAborted) return;
    const following = this.followers.filter(({ isAborted }) => !isAborted);
    for (const signal of [this, ...following]) {
      signal.isAborted = true;
      signal.why = why;
    }
    this.tell();
    for (const signal of following) signal.tell();
  }

  private tell(): void {
    for (const listener of this.listeners.slice()) {
      if (listener.isGone) continue;
      if (listener.once) this.removeEventListener("abort", listener.call);
      listener.call();
    }
  }
}

const NONE: readonly LeanSignal[] = [];

class LeanController {
  readonly signal = new LeanSignal(NONE);

  abort(reason: unknown = new DOMException("This operation was aborted", "AbortError")): void {
    this.signal.abort(reason);
  }
}

/** Until it is disposed of, whatever this thread makes is made of these instead of the runtime's. */
export function useLeanSignals(): Disposable {
  const { AbortController, AbortSignal } = globalThis;
  Object.assign(globalThis, { AbortController: LeanController, AbortSignal: LeanSignal });
  return { [Symbol.dispose]: () => void Object.assign(globalThis, { AbortController, AbortSignal }) };
}
