import fc from "fast-check";
import t from "tap";
import { etcdRowKey, etcdRowOf } from "../../src/mvcc/etcd-row-key.ts";

t.test("etcdRowKey() is as etcd writes it", async (t) => {
  t.equal(
    etcdRowKey({ main: 0x1_0000_0002, sub: 3, isTombstone: false }).toString("hex"),
    "0000000100000002" + "5f" + "0000000000000003",
  );
  t.equal(
    etcdRowKey({ main: 7, sub: 0, isTombstone: true }).toString("hex"),
    "00000000000000075f000000000000000074",
  );
});

t.test("etcdRowOf() reads what etcdRowKey() has written", async (t) => {
  const number = fc.maxSafeNat();
  const row = fc.record({ main: number, sub: number, isTombstone: fc.boolean() });
  fc.assert(
    fc.property(row, (it) => t.same(etcdRowOf(etcdRowKey(it)), it)),
    { numRuns: 100 },
  );
});

t.test("etcdRowOf() is undefined for anything else", async (t) => {
  const good = etcdRowKey({ main: 7, sub: 1, isTombstone: true });
  t.equal(etcdRowOf(good.subarray(0, 16)), undefined);
  t.equal(etcdRowOf(Buffer.concat([good.subarray(0, 17), Buffer.from("u")])), undefined);
  t.equal(etcdRowOf(Buffer.concat([good, good.subarray(0, 1)])), undefined);
  t.equal(etcdRowOf(Buffer.alloc(17)), undefined, "no underscore");
  const tooLarge = Buffer.from(good);
  tooLarge.fill(0xff, 0, 8);
  t.equal(etcdRowOf(tooLarge), undefined, "no safe number");
});
