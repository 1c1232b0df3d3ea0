import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  encodeKeyValue,
  keyOf,
  contentLengthAt,
  keyValueLength,
  latin1,
  frameLength,
  writeFrame,
  writeRecord,
} from "../../src/wire/index.ts";

const FILL = 0xee;

/** Value lengths around those where a varint gets longer. */
const lengths = fc.constantFrom(0, 1, 100, 127, 128, 129, 16_300, 16_384, 20_000, 2_097_152);

t.test(
  "writeRecord() writes the frame that writeFrame() writes of the encoded KeyValue",
  async (t) => {
    const property = fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      lengths,
      fc.nat(1_000_000),
      fc.bigInt({ min: 0n, max: 2n ** 40n }),
      fc.nat(9),
      (key, valueBytes, revision, lease, position) => {
        const value = Buffer.alloc(valueBytes, "v");
        const revisions = { createRevision: revision, modRevision: revision + 1, version: 2 };
        const fields = { key, ...revisions, value, lease };
        const encoded = encodeKeyValue(fields);
        assert.equal(keyValueLength(fields), encoded.length);
        const end = position + frameLength(encoded.length);
        const one = Buffer.alloc(end + 5, FILL);
        const other = Buffer.alloc(end + 5, FILL);
        const start = writeRecord(one, position, encoded.length, fields);
        assert.equal(writeFrame(other, position, 0, encoded), end);
        assert.ok(one.equals(other));
        assert.ok(one.subarray(start, end).equals(encoded));
        assert.equal(contentLengthAt(one, position), encoded.length);
        assert.equal(start, end - encoded.length);
        assert.equal(keyOf(one, start), latin1(key));
        assert.ok(one.subarray(0, position).every((byte) => byte === FILL));
        assert.ok(one.subarray(end).every((byte) => byte === FILL));
      },
    );
    t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
  },
);
