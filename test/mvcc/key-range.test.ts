import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { keyRange } from "../../src/mvcc/index.ts";

/** What a range of the API means, byte by byte. */
function means(key: Buffer, rangeEnd: Buffer, candidate: Buffer): boolean {
  if (rangeEnd.length === 0) return candidate.equals(key);
  if (Buffer.compare(candidate, key) < 0) return false;
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return true;
  return Buffer.compare(candidate, rangeEnd) < 0;
}

const bytes = fc
  .array(fc.constantFrom(0, 1, 0x61, 0x62, 0x7f, 0x80, 0xff), { maxLength: 3 })
  .map((array) => Buffer.from(array));

t.test("keyRange() contains the keys that the API means, in byte order", async (t) => {
  const property = fc.property(bytes, bytes, bytes, (key, rangeEnd, candidate) => {
    const { begin, end } = keyRange(key.toString("latin1"), rangeEnd.toString("latin1"));
    const text = candidate.toString("latin1");
    const contained = text >= begin && (end === undefined || text < end);
    assert.equal(contained, means(key, rangeEnd, candidate));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000 }));
});

t.test("keyRange() says when a range is one key", async (t) => {
  t.equal(keyRange("a", "").single, true);
  t.equal(keyRange("a", "a\0").single, false);
  t.equal(keyRange("a", "\0").single, false);
});
