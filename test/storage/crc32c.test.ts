import fc from "fast-check";
import t from "tap";
import { crc32c, maskedCrc32c } from "../../src/storage/crc32c.ts";

t.test("crc32c() has the published values", async (t) => {
  // Source: RFC 3720, appendix B.4, and the usual check value of CRC-32C.
  const ascending = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
  for (const [bytes, crc] of [
    [Buffer.from("123456789"), 0xe3069283],
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [Buffer.from(ascending.toReversed()), 0x113fdb5c],
    [Buffer.of(), 0],
  ] as const) {
    t.equal(crc32c(bytes, 0, bytes.length), crc);
  }
});

t.test("crc32c() agrees with the division done bit by bit, at any place", async (t) => {
  const slow = (bytes: Uint8Array): number => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  const property = fc.property(
    fc.uint8Array({ maxLength: 70 }),
    fc.nat(70),
    fc.nat(70),
    (bytes, a, b) => {
      const start = Math.min(a, b, bytes.length);
      const end = Math.min(Math.max(a, b), bytes.length);
      return crc32c(bytes, start, end) === slow(bytes.subarray(start, end));
    },
  );
  fc.assert(property);
  t.pass();
});

t.test("maskedCrc32c() is not the check sum itself", async (t) => {
  const bytes = Buffer.from("foo");
  // LevelDB's rule, done with arithmetic instead of shifts.
  const crc = crc32c(bytes, 0, 3);
  const turned = Math.floor(crc / 2 ** 15) + (crc % 2 ** 15) * 2 ** 17;
  t.equal(maskedCrc32c(bytes, 0, 3), (turned + 0xa282ead8) % 2 ** 32);
});

t.test("crc32c() of two pieces is that of the whole", async (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), (bytes, at) => {
    const middle = Math.min(at, bytes.length);
    const first = crc32c(bytes, 0, middle);
    return crc32c(bytes, middle, bytes.length, first) === crc32c(bytes, 0, bytes.length);
  });
  fc.assert(property);
  t.pass();
});
