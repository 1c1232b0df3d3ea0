import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { contentLengthAt, endOfFrame, frameLength, writeFrame } from "../../src/wire/index.ts";

/** Lengths around those where a varint gets longer. */
const lengths = fc.constantFrom(0, 1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152);
const frames = fc.record({ tag: fc.nat(127), length: lengths, fill: fc.nat(255) });

t.test("frames one behind the other are found again, each with its contents", async (t) => {
  const property = fc.property(fc.array(frames, { maxLength: 5 }), fc.nat(9), (many, before) => {
    const bytes = many.reduce((sum, { length }) => sum + frameLength(length), before);
    const target = Buffer.alloc(bytes);
    let end = before;
    for (const { tag, length, fill } of many) {
      end = writeFrame(target, end, tag, Buffer.alloc(length, fill));
    }
    assert.equal(end, bytes);
    let at = before;
    for (const { tag, length, fill } of many) {
      end = endOfFrame(target, at);
      assert.equal(target[at], tag);
      assert.equal(contentLengthAt(target, at), length);
      assert.ok(target.subarray(end - length, end).equals(Buffer.alloc(length, fill)));
      at = end;
    }
    assert.equal(at, bytes);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 100 }));
});
