import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { crc32c } from "../../src/mvcc/index.ts";

/** The definition, bit by bit. */
function reference(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

t.test("crc32c() gives the checksums of RFC 3720, appendix B.4", async (t) => {
  const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
  t.equal(crc32c(0, new Uint8Array(32)), 0x8a91_36aa);
  t.equal(crc32c(0, new Uint8Array(32).fill(0xff)), 0x62a8_ab43);
  t.equal(crc32c(0, ascending), 0x46dd_794e);
  t.equal(crc32c(0, ascending.toReversed()), 0x113f_db5c);
  t.equal(crc32c(0, Buffer.from("123456789")), 0xe306_9283);
  t.equal(crc32c(0, new Uint8Array(0)), 0);
});

t.test("crc32c() agrees with its definition, in one piece or in two", async (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
    const expected = reference(bytes);
    assert.equal(crc32c(0, bytes), expected);
    assert.equal(crc32c(crc32c(0, bytes.subarray(0, cut)), bytes.subarray(cut)), expected);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});
