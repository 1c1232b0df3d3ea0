/** Time that stands still until somebody moves it. */
import { performance } from "node:perf_hooks";
import type { Clock } from "../wire/index.ts";
import { millisecondsOf } from "./duration.ts";
import type { Duration } from "./duration.ts";

interface Timer {
  readonly atMs: number;
  /** Timers of one moment fire in the order in which they were set. */
  readonly sequence: number;
  readonly callback: () => void | Promise<void>;
}

/** Turns of the event loop after which nothing goes on that waits neither for time nor for a disk. */
const TURNS_TO_SETTLE = 6;

/** Real milliseconds that time waits for what a timer set in motion: a disk may hang. */
const WORK_MS_MAX = 1000;

/**
 * A clock for `Etcd.start({ clock })`: leases, progress notifications, compactions and tokens go by
 * it, in the same order every time.
 */
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
  after(delayMs: number, callback: () => void | Promise<void>): () => void {
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
   * Lets time pass. Timers fire in order, each at its own moment; what they set in motion is done
   * before the next, but for a disk that takes more than a second. Throws RangeError for what is no
   * length of time.
   */
  async advance(duration: Duration): Promise<void> {
    const endMs = this.#nowMs + millisecondsOf(duration);
    await settle();
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      const work = timer.callback();
      if (work !== undefined) await doneInTime(work);
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
  for (let turn = 0; turn < TURNS_TO_SETTLE; turn++) await nextTurn();
}

/** Resolves when the work is done, or has had its time. */
async function doneInTime(work: Promise<void>): Promise<void> {
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  // Whoever works sees to its failures.
  work.then(done, done);
  const limitMs = performance.now() + WORK_MS_MAX;
  while (!isDone && performance.now() < limitMs) await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
