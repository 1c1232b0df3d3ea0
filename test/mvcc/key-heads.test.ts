import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  HeadPool,
  firstNotBelow,
  headOf,
  insertHead,
  sharedLength,
} from "../../src/mvcc/key-heads.ts";

/** Of bytes that are first, last, and on both sides of the sign. */
const keys = fc
  .array(fc.constantFrom("\0", "a", "\x7f", "\x80", "\xff"), { maxLength: 7 })
  .map((parts) => parts.join(""));

t.test("headOf() never descends where keys ascend", async (t) => {
  const property = fc.property(keys, keys, keys, (beginning, a, b) => {
    const [low, high] = [beginning + a, beginning + b].toSorted();
    const heads = [headOf(low!, beginning.length), headOf(high!, beginning.length)];
    assert.ok(heads[0]! <= heads[1]!);
    if (a.slice(0, 4) === b.slice(0, 4)) assert.equal(heads[0], heads[1]);
  });
  t.doesNotThrow(() => fc.assert(property));
});

t.test("headOf() tells keys apart by the four bytes behind what is skipped", async (t) => {
  t.ok(headOf("key/0001", 4) < headOf("key/0002", 4));
  t.equal(headOf("key/0001x", 4), headOf("key/0001y", 4));
  t.ok(headOf("key/", 4) <= headOf("key/\0", 4));
});

t.test("firstNotBelow() agrees with a search from the start", async (t) => {
  const numbers = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 20 });
  const property = fc.property(numbers, fc.integer({ min: -10, max: 10 }), (some, head) => {
    const sorted = some.toSorted((a, b) => a - b);
    const found = sorted.findIndex((number) => number >= head);
    const expected = found < 0 ? sorted.length : found;
    assert.equal(firstNotBelow(Int32Array.from(sorted), head, 0, sorted.length), expected);
  });
  t.doesNotThrow(() => fc.assert(property));
});

t.test("sharedLength() counts the bytes that two keys begin with alike", async (t) => {
  t.equal(sharedLength("", "a"), 0);
  t.equal(sharedLength("ab", "abc"), 2);
  t.equal(sharedLength("abd", "abc"), 2);
});

t.test("insertHead() moves what follows, and only that", async (t) => {
  const heads = Int32Array.of(1, 3, 4, 0, 9);
  insertHead(heads, 1, 3, 2);
  t.same([...heads], [1, 2, 3, 4, 9]);
});

t.test("HeadPool gives no memory twice, unless it was given back", async (t) => {
  const pool = new HeadPool(3);
  const taken = Array.from({ length: 200 }, () => pool.take());
  taken.forEach((heads, index) => heads.fill(index));
  taken.forEach((heads, index) => assert.deepEqual([...heads], [index, index, index]));
  pool.giveBack(taken[7]!);
  t.equal(pool.take(), taken[7]);
  t.notOk(taken.includes(pool.take()));
});
