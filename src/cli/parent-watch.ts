/**
 * Notices that the parent process is gone, killed or not: the system then gives its children to
 * another one. No signal tells of that without native code, so it is looked at from time to time.
 */

/** How often the parent is looked at, ms: one system call, and nobody waits for the answer. */
const LOOK_MS = 100;

/** Whom to watch. */
export interface WatchedParent {
  /** The number of the process that is to stay. */
  readonly parent: number;
  /** The number of the parent now. */
  readonly current: () => number;
  /** Called once, when it is another. */
  readonly onGone: () => void;
}

/**
 * Watches the parent, without keeping the process alive for it; gives what ends the watch. On
 * Windows nothing is noticed: the number stays the same there.
 */
export function watchParent({ parent, current, onGone }: WatchedParent): () => void {
  const timer = setInterval(() => {
    if (current() === parent) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
