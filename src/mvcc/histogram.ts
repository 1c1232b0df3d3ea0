/**
 * How often a measured value was how large, in the form that Prometheus wants it. To observe is a
 * short search in a plain array and two additions, so that it may be done where it counts.
 */

export class Histogram {
  /** Upper bounds, ascending; whatever is larger than the last has a bucket of its own. */
  readonly bounds: readonly number[];
  /** By bucket, not added up. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Number of observations. */
  get count(): number {
    return this.counts.reduce((all, count) => all + count, 0);
  }

  /** Notes a value, that many times. */
  observe(value: number, times = 1): void {
    this.observeAt(this.bucketOf(value), value, times);
  }

  /** As {@link observe}, for who has asked for the bucket already. */
  observeAt(bucket: number, value: number, times = 1): void {
    this.counts[bucket]! += times;
    this.sum += value * times;
  }

  /** Index of the bucket that a value is counted in. */
  bucketOf(value: number): number {
    const { bounds } = this;
    let bucket = 0;
    // Most values are in one of the first buckets.
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    return bucket;
  }
}

/** Bounds that grow by a factor. Source: client_golang, prometheus.ExponentialBuckets. */
export function exponentialBounds(start: number, factor: number, count: number): number[] {
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return bounds;
}
