import fc from "fast-check";
import t from "tap";
import { ByteReader, MalformedError } from "../../src/storage/byte-reader.ts";
import { varint } from "./leveldb-bytes.ts";

t.test("ByteReader reads back what was written", async (t) => {
  const property = fc.property(
    fc.maxSafeNat(),
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(0xffffffff),
    (number, bytes, small) => {
      const fixed = Buffer.alloc(12);
      fixed.writeUInt32LE(small, 0);
      fixed.writeBigUInt64LE(BigInt(number), 4);
      const written = [varint(number), varint(bytes.length), bytes, fixed];
      const reader = new ByteReader(Buffer.concat(written));
      return (
        reader.varint() === number &&
        Buffer.from(bytes).equals(reader.prefixed()) &&
        reader.uint32() === small &&
        reader.uint64() === number &&
        reader.done
      );
    },
  );
  fc.assert(property);
  t.pass();
});

t.test("ByteReader refuses what is cut off or too large", async (t) => {
  const read = (
    bytes: readonly number[],
    how: (reader: ByteReader) => unknown,
  ): (() => unknown) => {
    return () => how(new ByteReader(Buffer.from(bytes)));
  };
  t.throws(
    read([], (reader) => reader.byte()),
    MalformedError,
  );
  t.throws(
    read([1, 2, 3], (reader) => reader.uint32()),
    MalformedError,
  );
  t.throws(
    read([0x80], (reader) => reader.varint()),
    MalformedError,
  );
  t.throws(
    read([5, 1, 2], (reader) => reader.prefixed()),
    MalformedError,
  );
  t.throws(
    read(Array<number>(11).fill(0x80), (reader) => reader.varint()),
    /too long/,
  );
  t.throws(
    read([...Array<number>(9).fill(0xff), 1], (reader) => reader.varint()),
    /too large/,
  );
  t.throws(
    read(Array<number>(8).fill(0xff), (reader) => reader.uint64()),
    /too large/,
  );
});
