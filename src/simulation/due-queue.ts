/** Things that take effect at a time: a binary heap, ties in the order in which they were added. */
export interface DueQueue<T> {
  add(dueMs: number, item: T): void;
  /** Takes out what is due at `nowMs`, earliest first. */
  take(nowMs: number): T[];
}

interface Waiting<T> {
  readonly dueMs: number;
  readonly order: number;
  readonly item: T;
}

export function createDueQueue<T>(): DueQueue<T> {
  const heap: Waiting<T>[] = [];
  let added = 0;
  return {
    add(dueMs, item) {
      heap.push({ dueMs, order: added++, item });
      siftUp(heap);
    },
    take(nowMs) {
      const due: T[] = [];
      for (let first = heap[0]; first !== undefined && first.dueMs <= nowMs; first = heap[0]) {
        due.push(first.item);
        const last = heap.pop() as Waiting<T>;
        if (heap.length === 0) break;
        heap[0] = last;
        siftDown(heap);
      }
      return due;
    },
  };
}

function siftUp<T>(heap: Waiting<T>[]): void {
  let child = heap.length - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (!earlier(heap[child], heap[parent])) return;
    swap(heap, child, parent);
    child = parent;
  }
}

function siftDown<T>(heap: Waiting<T>[]): void {
  for (let parent = 0; ;) {
    let first = parent;
    for (const child of [2 * parent + 1, 2 * parent + 2]) if (earlier(heap[child], heap[first])) first = child;
    if (first === parent) return;
    swap(heap, first, parent);
    parent = first;
  }
}

function earlier<T>(a: Waiting<T> | undefined, b: Waiting<T> | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function swap<T>(heap: Waiting<T>[], a: number, b: number): void {
  [heap[a], heap[b]] = [heap[b] as Waiting<T>, heap[a] as Waiting<T>];
}
