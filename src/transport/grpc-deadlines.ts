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
    const now = this.#clock.nowMs() / SLOT_MS;
    let next = Infinity;
    const due: Expiring[] = [];
    for (const [slot, calls] of this.#slots) {
      if (slot > now) {
        if (slot < next) next = slot;
        continue;
      }
      this.#slots.delete(slot);
      for (const call of calls) due.push(call);
    }
    this.#timerSlot = Infinity;
    if (next !== Infinity) this.#arm(next);
    for (const call of due) {
      call.slot = NO_SLOT;
      call.expire();
    }
  };
}
