/** Time, as an argument: the real clock and a test's own are two instances of it. */

/** Reads time and calls back later. */
export interface Clock {
  /** Milliseconds that never go backwards, from any origin. For deadlines and intervals. */
  nowMs(): number;
  /**
   * Calls back once after at least `delayMs`; the result stops it. Somebody may be waiting for it,
   * so it keeps the process alive, unless it is in the background. What the callback sets in motion
   * may be told by a promise, which never rejects: a clock that is moved by hand waits for it.
   */
  after(delayMs: number, callback: () => void | Promise<void>, urgency?: "background"): () => void;
}
