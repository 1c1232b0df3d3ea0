import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { ValueRows, compareValues } from "../../src/mvcc/value-rows.ts";
import { encodeKeyValue } from "../../src/wire/index.ts";

const values = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 4 }) },
    { weight: 1, arbitrary: fc.nat(300_000).map((length) => new Uint8Array(length).fill(1)) },
  ),
  { maxLength: 20 },
);

t.test("ValueRows keep what they were given, and compare by value", async (t) => {
  const property = fc.property(values, (list) => {
    const copies = new ValueRows();
    const kvs = list.map((value, index) => {
      const key = Buffer.from(`k${String(index)}`);
      const numbers = { createRevision: 1, modRevision: 1, version: 1, lease: BigInt(index) };
      return encodeKeyValue({ key, value, ...numbers });
    });
    for (const kv of kvs) {
      const lent = Buffer.from(kv);
      copies.add(lent);
      lent.fill(0xff);
    }
    const { rows } = copies;
    assert.deepEqual(
      rows.map(({ chunk, start, end }) => chunk.toString("latin1", start, end)),
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
