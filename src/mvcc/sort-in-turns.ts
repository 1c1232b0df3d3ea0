/** A merge sort that never works for long at a stretch. */

/** Items sorted at a stretch, and comparisons between two pauses: about a millisecond. */
const RUN_ITEMS = 1024;
const MERGE_COMPARISONS = 8192;

/** Sorts stably, as Array.sort() does; `pause` is awaited about once a millisecond. */
export async function sortInTurns<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  pause: () => Promise<void>,
): Promise<T[]> {
  let source = items.slice();
  for (let start = 0; start < items.length; start += RUN_ITEMS) {
    const run = items.slice(start, start + RUN_ITEMS).sort(compare);
    for (let index = 0; index < run.length; index++) source[start + index] = run[index]!;
    await pause();
  }
  let target = items.slice();
  for (let width = RUN_ITEMS; width < items.length; width *= 2) {
    for (let start = 0; start < items.length; start += 2 * width) {
      await mergeRuns({ source, target, start, width }, compare, pause);
    }
    [source, target] = [target, source];
  }
  return source;
}

/** Merges two neighbouring runs of `source`, from `start` on, into the same place of `target`. */
async function mergeRuns<T>(
  runs: { readonly source: T[]; readonly target: T[]; readonly start: number; width: number },
  compare: (a: T, b: T) => number,
  pause: () => Promise<void>,
): Promise<void> {
  const { source, target, start, width } = runs;
  const middle = Math.min(start + width, source.length);
  const end = Math.min(start + 2 * width, source.length);
  let left = start;
  let right = middle;
  for (let index = start; index < end; index++) {
    const takeLeft = right >= end || (left < middle && compare(source[left]!, source[right]!) <= 0);
    target[index] = takeLeft ? source[left++]! : source[right++]!;
    if ((index + 1) % MERGE_COMPARISONS === 0) await pause();
  }
}
