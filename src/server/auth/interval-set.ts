/**
 * Sets of keys as intervals: what the permissions of a user add up to.
 *
 * Overlapping and adjacent intervals are one, so that a range is covered when one of them holds all
 * of it. Source: etcd server/auth/range_perm_cache.go, and pkg/adt/interval_tree.go, Contains.
 */

/** Keys from `begin`, which is not empty, up to and without `end`; to the last without one. Latin1. */
export interface Interval {
  readonly begin: string;
  readonly end: string | undefined;
}

/** Never changes. */
export class IntervalSet {
  /** Ascending, with gaps in between. */
  readonly #intervals: readonly Interval[];

  constructor(intervals: readonly Interval[]) {
    this.#intervals = merged(intervals);
  }

  /**
   * Whether all of a range is in the set. A range that ends before it begins is as good as its first
   * key, as in etcd.
   */
  covers({ begin, end }: Interval): boolean {
    const interval = this.#lastFrom(begin);
    if (interval === undefined) return false;
    if (interval.end === undefined) return true;
    return begin < interval.end && end !== undefined && end <= interval.end;
  }

  /** The last interval that does not begin after a key. */
  #lastFrom(key: string): Interval | undefined {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#intervals[middle]!.begin <= key) low = middle + 1;
      else high = middle;
    }
    return this.#intervals[low - 1];
  }
}

function merged(intervals: readonly Interval[]): readonly Interval[] {
  const sorted = [...intervals].sort((a, b) => (a.begin < b.begin ? -1 : 1));
  const result: Interval[] = [];
  for (const interval of sorted) {
    const last = result.at(-1);
    if (last === undefined || (last.end !== undefined && last.end < interval.begin)) {
      result.push(interval);
    } else if (last.end !== undefined && (interval.end === undefined || interval.end > last.end)) {
      result[result.length - 1] = { begin: last.begin, end: interval.end };
    }
  }
  return result;
}
