/** A clock that stands still until a test moves it. */
import type { Clock } from "../../src/wire/index.ts";

interface Timer {
  readonly atMs: number;
  /** Timers of one moment fire in the order in which they were set. */
  readonly sequence: number;
  readonly callback: () => void;
}

/** Turns of the event loop after which nothing goes on that waits neither for time nor for a disk. */
const TURNS_TO_SETTLE = 6;

export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs: number;
  #sequence = 0;

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** A timer in the background is one like any other here. */
  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, sequence: this.#sequence++, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Timers that are set. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /**
   * Lets time pass. Timers fire in order, each at its own moment; what they set in motion goes on
   * before the next, so that timers set meanwhile fire too.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** Lets time pass while the event loop is busy: timers that are due fire when it next advances. */
  skip(ms: number): void {
    this.#nowMs += ms;
  }

  #next(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue;
      const earlier =
        first === undefined ||
        timer.atMs < first.atMs ||
        (timer.atMs === first.atMs && timer.sequence < first.sequence);
      if (earlier) first = timer;
    }
    return first;
  }
}

/** Everything has gone on that waits neither for time nor for a disk. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS_TO_SETTLE; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
