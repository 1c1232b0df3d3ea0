/**
 * When calls have to be over: one timer for all of them.
 *
 * Calls are kept in slots of time, so that adding and removing one is quick, and ends at most a slot
 * late; the client keeps its own time anyway.
 */
import type { Clock } from "../wire/index.ts";

/** Width of a slot, milliseconds. */
const SLOT_MS = 8;

/** Deadlines beyond it are none: a year. */
const TIMEOUT_MS_MAX = 365 * 24 * 3600 * 1000;

/**
 * Among more slots the next one is not searched for: looking at each in turn is cheaper then, and
 * clients choose how many there are.
 */
const SEARCHED_SLOTS_MAX = 1000;

/** A call that can run out of time. */
export interface Expiring {
  /** Where it is kept; written by {@link Deadlines} only. */
  slot: number;
  expire(): void;
}

/** The slot of what has no deadline. */
export const NO_SLOT = -1;

export class Deadlines {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Set<Expiring>>();
  #timerSlot = Infinity;
  #stopTimer: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(call: Expiring, timeoutMs: number): void {
    if (timeoutMs > TIMEOUT_MS_MAX) return;
    const slot = Math.ceil((this.#clock.nowMs() + timeoutMs) / SLOT_MS);
    call.slot = slot;
    const calls = this.#slots.get(slot);
    if (calls !== undefined) calls.add(call);
    else this.#slots.set(slot, new Set([call]));
    if (slot < this.#timerSlot) this.#arm(slot);
  }

  remove(call: Expiring): void {
    const { slot } = call;
    if (slot === NO_SLOT) return;
    call.slot = NO_SLOT;
    const calls = this.#slots.get(slot);
    if (calls === undefined) return;
    calls.delete(call);
    // The timer may run for nothing; that is cheaper than looking for the next slot now.
    if (calls.size === 0) this.#slots.delete(slot);
  }

  close(): void {
    this.#stopTimer();
    this.#slots.clear();
  }

  #arm(slot: number): void {
    this.#stopTimer();
    this.#timerSlot = slot;
    this.#stopTimer = this.#clock.after(slot * SLOT_MS - this.#clock.nowMs(), this.#onTimer);
  }

  readonly #onTimer = (): void => {
    const nowSlot = Math.floor(this.#clock.nowMs() / SLOT_MS);
    const due = this.#takeDue(nowSlot);
    this.#timerSlot = Infinity;
    const next = this.#slotAfter(nowSlot);
    if (next !== Infinity) this.#arm(next);
    for (const call of due) {
      call.slot = NO_SLOT;
      call.expire();
    }
  };

  /** The calls of all slots up to one. None is before the timer's, so few have to be looked at. */
  #takeDue(nowSlot: number): Expiring[] {
    const due: Expiring[] = [];
    const take = (slot: number, calls: Iterable<Expiring>): void => {
      this.#slots.delete(slot);
      for (const call of calls) due.push(call);
    };
    if (nowSlot - this.#timerSlot > this.#slots.size) {
      for (const [slot, calls] of this.#slots) if (slot <= nowSlot) take(slot, calls);
    } else {
      for (let slot = this.#timerSlot; slot <= nowSlot; slot++)
        take(slot, this.#slots.get(slot) ?? []);
    }
    return due;
  }

  /** The next slot to look at; infinity when there is none. */
  #slotAfter(nowSlot: number): number {
    if (this.#slots.size > SEARCHED_SLOTS_MAX) return nowSlot + 1;
    let next = Infinity;
    for (const slot of this.#slots.keys()) if (slot < next) next = slot;
    return next;
  }
}
