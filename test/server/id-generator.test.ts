import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { IdGenerator } from "../../src/server/id-generator.ts";

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

t.test("IdGenerator gives ids that are positive and do not repeat", async (t) => {
  const property = fc.property(uint64, fc.nat(2 ** 31 - 1), (memberId, startMs) => {
    const ids = new IdGenerator(memberId, startMs * 1_000 + 0.5);
    const seen = new Set<bigint>();
    for (let count = 0; count < 1_000; count++) seen.add(ids.nextPositive());
    assert.equal(seen.size, 1_000);
    for (const id of seen) assert.ok(id > 0n && id < 2n ** 63n);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 50 }));
});

t.test("IdGenerator starts above what an earlier start gave out", async (t) => {
  const first = new IdGenerator(0x8e9e_05c5_2164_694dn, 1_700_000_000_000);
  let last = 0n;
  for (let count = 0; count < 256; count++) last = first.nextPositive();
  const second = new IdGenerator(0x8e9e_05c5_2164_694dn, 1_700_000_000_002);
  t.ok(second.nextPositive() > last);
});

t.test("IdGenerator has the member and the time where etcd has them", async (t) => {
  const id = new IdGenerator(0x8e9e_05c5_2164_694dn, 0x12_3456_789a).nextPositive();
  t.equal(id.toString(16), "694d123456789a01");
});
