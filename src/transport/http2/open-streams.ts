/**
 * The streams of a connection that are open, by their id.
 *
 * A Map would do, but for the collector: ids only grow, so a Map fills up with removed entries and
 * moves to a new table again and again. The tables left behind grow old before they are collected,
 * and keep the streams that they once had, with all that hangs on them, for as long.
 *
 * Here an entry is emptied in place: a hash table with open addressing. Who finds its slot taken uses
 * the next one that is free.
 */

interface Numbered {
  readonly id: number;
}

/** Slots to begin with, which most connections do with; a power of two, as all their numbers are. */
const SLOTS_MIN = 8;
/** There are at least this many slots for every stream: searches stay short. */
const SLOTS_PER_STREAM = 2;

export class OpenStreams<T extends Numbered> {
  readonly #seed: number;
  #slots: (T | undefined)[] = emptySlots(SLOTS_MIN);
  #size = 0;

  /**
   * A client that knew the seed could choose ids that all meet in one slot: some nanosecond, of which
   * it knows no more than the second, is good enough.
   */
  constructor(seed: number) {
    // Ids have 31 bits.
    this.#seed = seed & 0x7fff_ffff;
  }

  /** Number of streams. */
  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#slots[this.#slotOf(id)];
  }

  /** Adds a stream; its id must not be open. */
  add(stream: T): void {
    if ((this.#size + 1) * SLOTS_PER_STREAM > this.#slots.length) this.#grow();
    this.#slots[this.#slotOf(stream.id)] = stream;
    this.#size++;
  }

  /** Removes a stream, and says whether it was there. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const last = slots.length - 1;
    let hole = this.#slotOf(id);
    if (slots[hole] === undefined) return false;
    slots[hole] = undefined;
    this.#size--;
    // Who gave way to the one that is gone, or to others behind it, moves up.
    for (let slot = (hole + 1) & last; ; slot = (slot + 1) & last) {
      const stream = slots[slot];
      if (stream === undefined) return true;
      const steps = (slot - firstSlot(stream.id ^ this.#seed, last)) & last;
      if (steps < ((slot - hole) & last)) continue;
      slots[hole] = stream;
      slots[slot] = undefined;
      hole = slot;
    }
  }

  /** The streams, in the order in which they were opened. */
  values(): T[] {
    const streams = this.#slots.filter((stream) => stream !== undefined);
    return streams.sort((one, other) => one.id - other.id);
  }

  clear(): void {
    if (this.#size === 0) return;
    this.#slots = emptySlots(SLOTS_MIN);
    this.#size = 0;
  }

  /** Where the stream is, or the free slot where it would be. */
  #slotOf(id: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    let slot = firstSlot(id ^ this.#seed, last);
    for (;;) {
      const stream = slots[slot];
      if (stream === undefined || stream.id === id) return slot;
      slot = (slot + 1) & last;
    }
  }

  #grow(): void {
    const streams = this.values();
    this.#slots = emptySlots(2 * this.#slots.length);
    for (const stream of streams) this.#slots[this.#slotOf(stream.id)] = stream;
  }
}

function emptySlots(count: number): undefined[] {
  // For the few that every connection needs, Array.from() takes a hundred times as long.
  const slots: undefined[] = [];
  while (slots.length < count) slots.push(undefined);
  return slots;
}

/**
 * Spreads ids that have a pattern, too: a client that uses every hundredth does not make searches
 * longer. Source of the factor: D. Knuth, The Art of Computer Programming, 6.4.
 */
function firstSlot(id: number, last: number): number {
  const product = Math.imul(id, 0x9e37_79b1);
  return (product ^ (product >>> 15)) & last;
}
