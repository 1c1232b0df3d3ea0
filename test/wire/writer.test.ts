import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import t from "tap";
import {
  bigVarintLength,
  startMessage,
  varintLength,
  VARINT_BYTES_MAX,
  writeBigVarint,
  Writer,
  writeVarint,
} from "../../src/wire/writer.ts";

/** Every length of a varint, its least and its greatest. */
const EDGES = [0n, 1n, ...Array.from({ length: 9 }, (_, index) => 1n << BigInt(7 * (index + 1)))]
  .flatMap((edge) => [edge - 1n, edge])
  .filter((edge) => edge >= 0n);

t.test("varints of numbers agree with the reference", async (t) => {
  const safe = EDGES.map(Number).filter(Number.isSafeInteger);
  const numbers = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(...safe));
  const property = fc.property(numbers, (value) => {
    const target = new Uint8Array(VARINT_BYTES_MAX + 1);
    const end = writeVarint(target, 1, value);
    const expected = protobuf.Writer.create().int64(value).finish();
    assert.equal(varintLength(value), expected.length);
    assert.deepEqual([...target.subarray(1, end)], [...expected]);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000 }));
});

t.test("varints of bigints agree with the reference", async (t) => {
  const all = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
  const property = fc.property(fc.oneof(all, fc.constantFrom(...EDGES)), (value) => {
    const target = new Uint8Array(VARINT_BYTES_MAX + 1);
    const end = writeBigVarint(target, 1, value);
    const expected = protobuf.Writer.create()
      .uint64(String(BigInt.asUintN(64, value)))
      .finish();
    assert.equal(bigVarintLength(value), expected.length);
    assert.deepEqual([...target.subarray(1, end)], [...expected]);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000 }));
});

t.test("Writer writes last to first what reads first to last", async (t) => {
  const writer = new Writer();
  writer.begin();
  writer.bool(0x20, true);
  const mark = writer.mark();
  writer.string(0x12, "é");
  writer.enum(0x08, -1);
  writer.message(0x1a, mark);
  writer.bytes(0x0a, Buffer.from("k"));
  t.equal(
    writer.finish().toString("hex"),
    ["0a016b", "1a0f", "08ffffffffffffffffff01", "1202c3a9", "2001"].join(""),
  );
});

t.test("Writer grows with the message and begins anew afterwards", async (t) => {
  const writer = new Writer();
  for (const length of [10, 20_000, 3_000_000, 10]) {
    writer.begin();
    writer.bytes(0x12, Buffer.alloc(length, 2));
    writer.bytes(0x0a, Buffer.alloc(length, 1));
    const expected = protobuf.Writer.create()
      .uint32(0x0a)
      .bytes(Buffer.alloc(length, 1))
      .uint32(0x12)
      .bytes(Buffer.alloc(length, 2))
      .finish();
    t.ok(writer.finish().equals(expected), `${length} bytes`);
  }
});

t.test("Writer.finish() gives a buffer that later messages leave alone", async (t) => {
  const first = startMessage();
  first.string(0x0a, "first");
  const bytes = first.finish();
  const second = startMessage();
  second.string(0x0a, "other");
  second.finish();
  t.equal(bytes.toString("latin1"), "\n\x05first");
});

t.test("Writer.string() replaces half a surrogate pair", async (t) => {
  const writer = startMessage();
  writer.string(0x0a, "a\ud800b");
  t.equal(writer.finish().toString("hex"), "0a0561efbfbd62");
});
