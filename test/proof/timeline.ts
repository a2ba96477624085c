/** Time that passes only when everything waits for it. Milliseconds; the beginning is the epoch's. */
export interface Timeline {
  now(): number;
  /** In whole milliseconds. Rejects with the signal's reason. A wait of somebody who is gone by then never ends. */
  sleep(ms: number, signal: AbortSignal, isGone: () => boolean): Promise<void>;
  /** Goes on until `isOver`. Throws where nothing is left to wait for, or after too many steps. */
  runUntil(isOver: () => boolean): Promise<void>;
  advance(ms: number): void;
  /** Files and threads take no time here. */
  outside<T>(work: Promise<T>): Promise<T>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly isGone: () => boolean;
  readonly wake: () => void;
  given: boolean;
}

const MOST_STEPS = 400_000;

/** So many steps are made before the event loop comes round where that is not waited for. */
const STEPS_IN_A_ROW = 100;

/** `hasFiles`: whether something here is done by the event loop, and not by promises alone. */
export function createTimeline(startMs: number, hasFiles: boolean): Timeline {
  let now = startMs;
  let order = 0;
  const outside = new Set<Promise<unknown>>();
  const heap: Timer[] = [];

  function next(): Timer | undefined {
    for (;;) {
      const timer = pop(heap);
      if (timer === undefined || !(timer.given || timer.isGone())) return timer;
    }
  }

  return {
    now: () => now,
    sleep: (ms, signal, isGone) =>
      new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const abort = () => {
          timer.given = true;
          if (!isGone()) reject(signal.reason);
        };
        const wake = () => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        const timer: Timer = { at: now + Math.max(0, Math.ceil(ms)), order: order++, isGone, wake, given: false };
        push(heap, timer);
        signal.addEventListener("abort", abort, { once: true });
      }),
    async runUntil(isOver) {
      for (let steps = 0; ;) {
        // Whatever can be done without time is done before the event loop comes round, and what is promises alone is
        // before the next tick.
        if (hasFiles || steps % STEPS_IN_A_ROW === 0) await new Promise(setImmediate);
        else await new Promise<void>((go) => process.nextTick(go));
        if (isOver()) return;
        if (outside.size > 0) {
          await Promise.race(outside);
          continue;
        }
        steps += 1;
        const timer = next();
        if (timer === undefined) throw new Error("everything waits, and nothing for time");
        if (steps > MOST_STEPS) throw new Error(`not over after ${MOST_STEPS} steps`);
        now = Math.max(now, timer.at);
        timer.wake();
      }
    },
    advance(ms) {
      now += ms;
    },
    outside(work) {
      const over: Promise<unknown> = work.then(
        () => outside.delete(over),
        () => outside.delete(over),
      );
      outside.add(over);
      return work;
    },
  };
}

function earlier(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  heap.push(timer);
  for (let child = heap.length - 1; child > 0;) {
    const parent = (child - 1) >> 1;
    if (!earlier(heap[child] as Timer, heap[parent] as Timer)) return;
    swap(heap, child, parent);
    child = parent;
  }
}

function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  heap[0] = last;
  for (let parent = 0; ;) {
    let least = parent;
    for (const child of [2 * parent + 1, 2 * parent + 2])
      if (child < heap.length && earlier(heap[child] as Timer, heap[least] as Timer)) least = child;
    if (least === parent) return first;
    swap(heap, parent, least);
    parent = least;
  }
}

function swap(heap: Timer[], a: number, b: number): void {
  [heap[a], heap[b]] = [heap[b] as Timer, heap[a] as Timer];
}
