import t from "tap";
import fc from "fast-check";
import { Histogram, exponentialBounds } from "../../src/mvcc/histogram.ts";

t.test("Histogram counts a value in the first bucket that is not below it", async (t) => {
  const histogram = new Histogram([1, 2, 4]);
  for (const value of [0, 1, 1.5, 2, 4, 4.1, 100]) histogram.observe(value);
  t.same(histogram.counts, [2, 2, 1, 2]);
  t.equal(histogram.count, 7);
  t.equal(histogram.sum, 112.6);
});

t.test("Histogram notes a value as many times as it is told", async (t) => {
  const histogram = new Histogram([1]);
  histogram.observe(0.5, 4);
  histogram.observeAt(1, 3, 2);
  t.same(histogram.counts, [4, 2]);
  t.equal(histogram.sum, 8);
});

t.test("Histogram agrees with counting all values", async () => {
  const bounds = exponentialBounds(0.001, 2, 14);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), (values) => {
      const histogram = new Histogram(bounds);
      for (const value of values) histogram.observe(value);
      let below = 0;
      return bounds.every((bound, bucket) => {
        below += histogram.counts[bucket]!;
        return below === values.filter((value) => value <= bound).length;
      });
    }),
  );
});

t.test("exponentialBounds() doubles as Go does", async (t) => {
  t.same(exponentialBounds(0.001, 2, 4), [0.001, 0.002, 0.004, 0.008]);
  t.equal(exponentialBounds(0.0001, 2, 20).at(-1), 52.4288);
});
