/**
 * Removing history, in steps short enough that no call waits behind one.
 *
 * A compaction is in force as soon as its revision is on disk; what it makes superfluous is removed
 * afterwards, key by key in order. After a crash it begins again from the first key: a key that is
 * already clean costs a glance.
 */
import type { KeyHistory } from "./key-history.ts";
import type { KeySpace } from "./key-space.ts";

/** What one step did. */
export interface CompactionStep {
  /** Where to go on; undefined when the compaction is complete. */
  readonly next: string | undefined;
  readonly removed: number;
}

/**
 * Forgets superfluous versions of keys from `from` on, until `keysMax` keys were looked at or
 * `removalsMax` versions removed (one key's versions may exceed it), and reports each.
 */
export function compactKeys(
  space: KeySpace,
  step: { revision: number; from: string; keysMax: number; removalsMax: number },
  removed: (main: number, sub: number) => void,
): CompactionStep {
  const { tree, values } = space;
  const emptied: KeyHistory[] = [];
  let removedCount = 0;
  let keyCount = 0;
  let next: string | undefined = undefined;
  tree.forEach(step.from, undefined, (history) => {
    if (keyCount >= step.keysMax || removedCount >= step.removalsMax) {
      next = history.key;
      return false;
    }
    keyCount++;
    // To ask for one to change may copy it, and again with each compaction after a fork.
    if (!history.losesAt(step.revision)) return true;
    // The tree that is gone through says so.
    const own = tree.getOwn(history.key)!;
    own.compact(step.revision, (main, sub, rowBytes) => {
      space.countRemoved(rowBytes);
      removedCount++;
      removed(main, sub);
    });
    if (own.isEmpty) emptied.push(own);
    return true;
  });
  for (const history of emptied) {
    values.release(history);
    tree.delete(history.key);
  }
  return { next, removed: removedCount };
}
