/**
 * Finds fewer steps that still make two servers differ, by leaving out ever smaller parts. What is left out
 * makes no revisions; those that a step names are moved along.
 */
import { rebase } from "./differential-operation.ts";
import type { Operation } from "./differential-operation.ts";
import { Duel } from "./duel.ts";
import type { Difference } from "./duel.ts";
import type { StartSubject } from "./subject.ts";

/** A step, and the revision of the store that its own revisions were chosen for. */
export interface RecordedOperation {
  readonly operation: Operation;
  readonly revision: number;
}

/** A list of steps, and the difference at its end. */
export interface Reproduction {
  readonly steps: readonly RecordedOperation[];
  /** The steps as they were taken. */
  readonly operations: readonly Operation[];
  readonly difference: Difference;
}

/** Replays steps on fresh servers, up to the first difference. */
async function replay(
  steps: readonly RecordedOperation[],
  starts: readonly [StartSubject, StartSubject],
): Promise<Reproduction | undefined> {
  const duel = await Duel.open(starts);
  try {
    for (const { operation, revision } of steps) {
      const difference = await duel.take(rebase(operation, duel.state.revision - revision));
      if (difference !== undefined) {
        const { operations } = duel;
        return { steps: steps.slice(0, operations.length), operations, difference };
      }
    }
    return undefined;
  } finally {
    await duel.close();
  }
}

/**
 * The shortest list found until the limit; undefined when the difference does not come again.
 *
 * Any difference counts as the same: a smaller example is worth more than the first one.
 */
export async function shrink(
  steps: readonly RecordedOperation[],
  starts: readonly [StartSubject, StartSubject],
  limitMs: number,
): Promise<Reproduction | undefined> {
  const lastMs = Date.now() + limitMs;
  let best = await replay(steps, starts);
  let size = Math.ceil((best?.steps.length ?? 0) / 2);
  while (best !== undefined && size >= 1) {
    const smaller = await removeParts(best, size, starts, lastMs);
    if (Date.now() > lastMs) return smaller;
    // Without success with parts of one, nothing can be left out.
    if (size === 1 && smaller === best) return best;
    best = smaller;
    size = Math.max(1, Math.min(Math.floor(size / 2), Math.ceil(best.steps.length / 2)));
  }
  return best;
}

/** Leaves out each part of this size in turn, the last step excepted. */
async function removeParts(
  reproduction: Reproduction,
  size: number,
  starts: readonly [StartSubject, StartSubject],
  lastMs: number,
): Promise<Reproduction> {
  let best = reproduction;
  let end = best.steps.length - 1;
  while (end > 0 && Date.now() <= lastMs) {
    const begin = Math.max(0, end - size);
    const rest = [...best.steps.slice(0, begin), ...best.steps.slice(end)];
    best = (await replay(rest, starts)) ?? best;
    end = Math.min(begin, best.steps.length - 1);
  }
  return best;
}
