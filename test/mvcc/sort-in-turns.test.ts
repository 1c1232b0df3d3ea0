import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { sortInTurns } from "../../src/mvcc/sort-in-turns.ts";

const noPause = async (): Promise<void> => undefined;

t.test("sortInTurns() sorts as Array.sort() does, equals in their order", async (t) => {
  const lengths = fc.oneof(fc.nat(5_000), fc.constantFrom(0, 1, 1024, 1025, 2048, 3072));
  const property = fc.asyncProperty(lengths, fc.nat(50), fc.nat(), async (length, range, seed) => {
    let state = seed;
    const items = Array.from({ length }, (_, index) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return { number: state % (range + 1), index };
    });
    const compare = (a: { number: number }, b: { number: number }): number => a.number - b.number;
    const before = [...items];
    assert.deepEqual(await sortInTurns(items, compare, noPause), [...items].sort(compare));
    assert.deepEqual(items, before, "what was given stays");
  });
  await t.resolves(fc.assert(property, { numRuns: 50 }));
});

t.test("sortInTurns() never compares for long without a pause", async (t) => {
  let comparisons = 0;
  let most = 0;
  const items = Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 100_003);
  await sortInTurns(
    items,
    (a, b) => {
      comparisons++;
      return a - b;
    },
    async () => {
      most = Math.max(most, comparisons);
      comparisons = 0;
    },
  );
  t.ok(most > 0 && most <= 20_000, String(most));
});
