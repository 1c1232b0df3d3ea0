/** Which keys a request means, in etcd's way of saying it. */

/** All keys `k` with `begin <= k < end`; an undefined `end` has no upper bound. */
export interface KeyRange {
  readonly begin: string;
  readonly end: string | undefined;
  /** The range is this one key. */
  readonly single: boolean;
}

/**
 * The range of a request's `key` and `range_end`, both as latin1: an empty end is the key alone, a
 * single NUL is every key from there on. A range that ends before it begins is empty.
 *
 * Source: etcd mvcc, index.go and apply's mkGteRange.
 */
export function keyRange(key: string, rangeEnd: string): KeyRange {
  if (rangeEnd === "") return { begin: key, end: `${key}\0`, single: true };
  if (rangeEnd === "\0") return { begin: key, end: undefined, single: false };
  return { begin: key, end: rangeEnd, single: false };
}
