/** The time of day, finer than the platform gives it. */

/** How far the two clocks may be apart before the fine one is set anew, ms. */
const DRIFT_MS_MAX = 1.5;

/**
 * A function that gives microseconds since 1970.
 *
 * `Date.now` counts milliseconds; `performance.now` counts finer, but never notices that the clock
 * was set. So the fine one is used, and set by the coarse one whenever they disagree.
 */
export function createMicrosecondClock(
  coarseMs: () => number = Date.now,
  fineMs: () => number = () => performance.now(),
): () => number {
  let originMs = coarseMs() - fineMs();
  return () => {
    const wallMs = coarseMs();
    if (Math.abs(originMs + fineMs() - wallMs) > DRIFT_MS_MAX) {
      originMs = wallMs - fineMs();
    }
    return Math.floor((originMs + fineMs()) * 1_000);
  };
}
