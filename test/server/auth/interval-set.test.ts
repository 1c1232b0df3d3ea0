import fc from "fast-check";
import t from "tap";
import { IntervalSet } from "../../../src/server/auth/interval-set.ts";
import type { Interval } from "../../../src/server/auth/interval-set.ts";

t.test("IntervalSet makes one of intervals that overlap or touch", (t) => {
  const set = new IntervalSet([
    { begin: "e", end: "g" },
    { begin: "a", end: "c" },
    { begin: "c", end: "e" },
    { begin: "k", end: "k\0" },
    { begin: "x", end: undefined },
    { begin: "y", end: "z" },
  ]);
  for (const [begin, end] of [
    ["a", "g"],
    ["b", "f"],
    ["k", "k\0"],
    ["x", undefined],
    ["zz", undefined],
    ["b", "a"],
  ] as const) {
    t.equal(set.covers({ begin, end }), true, `${begin}..${String(end)}`);
  }
  for (const [begin, end] of [
    ["a", "g\0"],
    ["g", "g\0"],
    ["0", "b"],
    ["k", "k\0\0"],
    ["a", undefined],
    ["w", "a"],
  ] as const) {
    t.equal(set.covers({ begin, end }), false, `${begin}..${String(end)}`);
  }
  t.equal(new IntervalSet([]).covers({ begin: "a", end: "b" }), false);
  t.end();
});

/** Keys of two letters are all the keys that there are. */
const LETTERS = ["a", "b", "c", "d", "e", "f"];
const KEYS = LETTERS.flatMap((first) => [first, ...LETTERS.map((second) => first + second)]).sort();

t.test("IntervalSet covers what a list of all keys says", (t) => {
  const key = fc.constantFrom(...KEYS);
  const interval = fc
    .record({ begin: key, end: fc.option(key, { nil: undefined, freq: 8 }) })
    .filter(({ begin, end }) => end === undefined || begin < end);
  const holds = ({ begin, end }: Interval, at: string): boolean =>
    begin <= at && (end === undefined || at < end);
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 8 }), interval, (intervals, asked) => {
      const inside = KEYS.filter((at) => holds(asked, at));
      const isCovered = inside.every((at) => intervals.some((one) => holds(one, at)));
      // To the end of all keys is more than the keys of the list.
      const reachesEnd = asked.end !== undefined || intervals.some(({ end }) => end === undefined);
      return new IntervalSet(intervals).covers(asked) === (isCovered && reachesEnd);
    }),
    { numRuns: 2000 },
  );
  t.end();
});
