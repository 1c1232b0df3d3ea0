/** A binary heap of things that are due at some time, which can be moved and removed. */

interface Entry<T> {
  readonly item: T;
  deadlineMs: number;
  index: number;
}

export class DeadlineHeap<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #entries = new Map<T, Entry<T>>();

  get size(): number {
    return this.#heap.length;
  }

  /** Adds an item, which must not be in the heap yet. */
  push(item: T, deadlineMs: number): void {
    const entry = { item, deadlineMs, index: this.#heap.length };
    this.#heap.push(entry);
    this.#entries.set(item, entry);
    this.#siftUp(entry);
  }

  /** Changes when an item is due; nothing happens when it is not in the heap. */
  move(item: T, deadlineMs: number): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    entry.deadlineMs = deadlineMs;
    this.#siftUp(entry);
    this.#siftDown(entry);
  }

  /** Removes an item; nothing happens when it is not in the heap. */
  remove(item: T): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    this.#entries.delete(item);
    const last = this.#heap.pop()!;
    if (last === entry) return;
    this.#place(last, entry.index);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  /** When the first item is due; undefined when empty. */
  peekDeadlineMs(): number | undefined {
    return this.#heap[0]?.deadlineMs;
  }

  /** Items due at `nowMs`, at most `max`, the earliest first. They stay in the heap. */
  due(nowMs: number, max: number): T[] {
    const due: Entry<T>[] = [];
    // Below an entry that is not due nothing is: visit only the part of the heap that is.
    const open = [0];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const entry = this.#heap[index];
      if (entry === undefined || entry.deadlineMs > nowMs) continue;
      due.push(entry);
      open.push(2 * index + 1, 2 * index + 2);
    }
    due.sort((a, b) => a.deadlineMs - b.deadlineMs);
    return due.slice(0, max).map((entry) => entry.item);
  }

  #siftUp(entry: Entry<T>): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >>> 1]!;
      if (parent.deadlineMs <= entry.deadlineMs) return;
      const index = entry.index;
      this.#place(entry, parent.index);
      this.#place(parent, index);
    }
  }

  #siftDown(entry: Entry<T>): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      let least = left;
      if (left !== undefined && right !== undefined && right.deadlineMs < left.deadlineMs) {
        least = right;
      }
      if (least === undefined || least.deadlineMs >= entry.deadlineMs) return;
      const index = entry.index;
      this.#place(entry, least.index);
      this.#place(least, index);
    }
  }

  #place(entry: Entry<T>, index: number): void {
    this.#heap[index] = entry;
    entry.index = index;
  }
}
