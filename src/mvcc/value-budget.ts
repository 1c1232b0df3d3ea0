/**
 * How many bytes of values stay in memory. The newest value of every key is kept until the budget
 * is used up; then the values written longest ago are dropped, and read from the engine when asked.
 */
import type { KeyHistory } from "./key-history.ts";

/** What a value costs beyond its bytes: the view on it and its place in the queue. */
const OVERHEAD_BYTES = 128;
/** The queue is cleaned of overwritten entries when it is this much longer than it need be. */
const STALE_FACTOR = 2;
const STALE_MIN = 1024;

export class ValueBudget {
  readonly #bytesMax: number;
  #bytes = 0;
  #liveCount = 0;
  /** Oldest first; parallel to {@link #mains}. Entries before {@link #head} are gone. */
  #histories: KeyHistory[] = [];
  #mains: number[] = [];
  #head = 0;
  /** Length of the queue after it was cleaned last. */
  #cleanLength = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that the kept values cost. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Entries in the queue, overwritten ones included: at most about twice the values ever kept. */
  get queueLength(): number {
    return this.#histories.length - this.#head;
  }

  /** Makes `value` the newest value of a key, which had none in memory (see {@link forget}). */
  keep(history: KeyHistory, value: Uint8Array): void {
    history.value = value;
    this.#bytes += value.length + OVERHEAD_BYTES;
    this.#liveCount++;
    this.#histories.push(history);
    this.#mains.push(history.modMain);
    // A key changed several times in one revision has several entries that look live: without the
    // length that cleaning left, a queue full of those would be cleaned at every put.
    const least = Math.max(this.#liveCount, this.#cleanLength);
    if (this.queueLength > STALE_FACTOR * least + STALE_MIN) this.#clean();
  }

  /** The newest value of a key is about to be replaced: it no longer counts. */
  forget(history: KeyHistory): void {
    if (history.value === undefined) return;
    this.#bytes -= history.value.length + OVERHEAD_BYTES;
    this.#liveCount--;
    history.value = undefined;
  }

  /** Drops the oldest values until the budget holds, sparing what is newer than `visible`. */
  evict(visible: number): void {
    while (this.#bytes > this.#bytesMax && this.#head < this.#histories.length) {
      if (this.#mains[this.#head]! > visible) return;
      const history = this.#histories[this.#head]!;
      if (history.modMain === this.#mains[this.#head]) this.forget(history);
      this.#head++;
    }
    if (this.#head > STALE_MIN && this.#head > this.#histories.length / 2) this.#clean();
  }

  #clean(): void {
    const histories: KeyHistory[] = [];
    const mains: number[] = [];
    for (let index = this.#head; index < this.#histories.length; index++) {
      const history = this.#histories[index]!;
      if (history.modMain !== this.#mains[index] || history.value === undefined) continue;
      histories.push(history);
      mains.push(history.modMain);
    }
    this.#histories = histories;
    this.#mains = mains;
    this.#head = 0;
    this.#cleanLength = histories.length;
  }
}
