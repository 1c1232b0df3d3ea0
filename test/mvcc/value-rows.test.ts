import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { ValueRows, compareValues } from "../../src/mvcc/value-rows.ts";
import {
  RecordFrames,
  encodeKeyValue,
  endOfFrame,
  framesOf,
  contentLengthAt,
} from "../../src/wire/index.ts";

const values = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 4 }) },
    { weight: 1, arbitrary: fc.nat(300_000).map((length) => new Uint8Array(length).fill(1)) },
  ),
  { maxLength: 20 },
);

function recordsOf(kvs: readonly Uint8Array[]): Buffer {
  const frames = framesOf(kvs);
  const records = Buffer.alloc(frames.bytes);
  frames.write(records, 0);
  return records;
}

t.test("ValueRows keep what they were given, and compare by value", async (t) => {
  const property = fc.property(values, fc.integer({ min: 1, max: 5 }), (list, together) => {
    const copies = new ValueRows();
    const kvs = list.map((value, index) => {
      const key = Buffer.from(`k${String(index)}`);
      const numbers = { createRevision: 1, modRevision: 1, version: 1, lease: BigInt(index) };
      return encodeKeyValue({ key, value, ...numbers });
    });
    for (let from = 0; from < kvs.length; from += together) {
      const lent = new RecordFrames();
      const record = recordsOf(kvs.slice(from, from + together));
      for (let at = 0; at < record.length;) {
        const end = endOfFrame(record, at);
        lent.add(record, at, end);
        at = end;
      }
      copies.add(lent);
      record.fill(0xff);
    }
    const { rows } = copies;
    assert.deepEqual(
      rows.map(({ chunk, start, end }) =>
        chunk.toString("latin1", end - contentLengthAt(chunk, start), end),
      ),
      kvs.map((kv) => kv.toString("latin1")),
    );
    for (const [i, a] of rows.entries()) {
      for (const [j, b] of rows.entries()) {
        const expected = Buffer.compare(list[i]!, list[j]!);
        assert.equal(Math.sign(compareValues(a, b)), expected);
      }
    }
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 100 }));
});
