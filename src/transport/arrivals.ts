/**
 * What came and has not gone yet, in the order in which it came.
 *
 * A Set would do, but for the collector: one that is always added to and removed from moves to a new
 * table again and again. The tables left behind grow old before they are collected, and keep what
 * they once had for as long: of connections that come and go, a third of all that was allocated.
 *
 * Here it is a ring of places, and one that is given up points to nothing any more.
 */

/** What {@link Arrivals.remove} takes. */
export interface Place<T> {
  value: T | undefined;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

export class Arrivals<T extends object> {
  /** Before the first place and after the last. */
  readonly #ends: Place<T> = { value: undefined, before: undefined, after: undefined };
  #size = 0;

  constructor() {
    this.#ends.before = this.#ends;
    this.#ends.after = this.#ends;
  }

  get size(): number {
    return this.#size;
  }

  /** What came first. */
  get oldest(): T | undefined {
    return this.#ends.after?.value;
  }

  add(value: T): Place<T> {
    const last = this.#ends.before!;
    const place: Place<T> = { value, before: last, after: this.#ends };
    last.after = place;
    this.#ends.before = place;
    this.#size++;
    return place;
  }

  /** Gives a place up. Does nothing when that was done before. */
  remove(place: Place<T>): void {
    const { before, after } = place;
    if (before === undefined || after === undefined) return;
    before.after = after;
    after.before = before;
    place.value = undefined;
    place.before = undefined;
    place.after = undefined;
    this.#size--;
  }

  /** All of them; each may be removed meanwhile. */
  values(): T[] {
    const values: T[] = [];
    for (let place = this.#ends.after; place?.value !== undefined; place = place.after) {
      values.push(place.value);
    }
    return values;
  }
}
