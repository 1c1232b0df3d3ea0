/**
 * Long work in short turns: whoever has done a few milliseconds of it waits for its next turn, and
 * everybody else's calls are answered in between.
 *
 * All long work of a store stands in one line, and one turn of the event loop is one turn of work:
 * ten long reads take ten times as long, but nobody waits longer behind ten than behind one.
 */
import { EtcdError } from "../wire/index.ts";

/** What one turn may cost, in the units below: one or two milliseconds. */
export const TURN_WORK = 24_000;
/** Looking at a key, and copying its value or its head: about 0.12 microseconds. */
export const KEY_WORK = 2;
/** Counting a key. */
export const COUNT_WORK = 1;
/** Bytes that one turn may copy, whatever the number of keys: about two milliseconds. */
export const TURN_BYTES = 4 * 1024 * 1024;
/** Rows that one turn may ask the engine for: their sizes are not known before. */
export const TURN_ROWS = 64;

/** Long answers that are gathered at a time: each may take as much memory as its range has bytes. */
const ANSWERS_MAX = 16;
/** Calls that may wait for that; one more is refused. */
const ANSWERS_WAITING_MAX = 1000;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: EtcdError) => void;
}

export class Turns {
  /** What one turn may cost. */
  readonly work: number;
  /** At most one per call that is open. */
  #line: Waiting[] = [];
  #closed = false;
  #answers = 0;
  /** At most {@link ANSWERS_WAITING_MAX}. */
  #answersWaiting: Waiting[] = [];

  constructor(work: number) {
    this.work = work;
  }

  /** Resolves when it is the caller's turn. Rejects with EtcdError `stopped` after {@link close}. */
  next(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new EtcdError("stopped"));
        return;
      }
      this.#line.push({ resolve, reject });
      if (this.#line.length === 1) setImmediate(this.#take);
    });
  }

  /**
   * Runs a job that gathers a long answer; few run at a time. Rejects with EtcdError
   * `tooManyRequests` when too many wait, and `stopped`.
   */
  async gather<T>(job: () => Promise<T>): Promise<T> {
    if (this.#answers === ANSWERS_MAX) await this.#answerSlot();
    else this.#answers++;
    try {
      return await job();
    } finally {
      const next = this.#answersWaiting.shift();
      if (next === undefined) this.#answers--;
      else next.resolve();
    }
  }

  /** Ends all long work. */
  close(): void {
    this.#closed = true;
    const waiting = [...this.#line, ...this.#answersWaiting];
    this.#line = [];
    this.#answersWaiting = [];
    for (const { reject } of waiting) reject(new EtcdError("stopped"));
  }

  #answerSlot(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) reject(new EtcdError("stopped"));
      else if (this.#answersWaiting.length < ANSWERS_WAITING_MAX) {
        this.#answersWaiting.push({ resolve, reject });
      } else reject(new EtcdError("tooManyRequests"));
    });
  }

  readonly #take = (): void => {
    this.#line.shift()?.resolve();
    if (this.#line.length > 0) setImmediate(this.#take);
  };
}
