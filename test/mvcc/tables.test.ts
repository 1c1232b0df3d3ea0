import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  META,
  alarmKey,
  decodeNumber,
  encodeId,
  encodeNumber,
  isRevisionKey,
  leaseKey,
  mainOf,
  revisionKey,
  subOf,
  recordsRange,
  tableRange,
} from "../../src/mvcc/tables.ts";

const mains = fc.oneof(fc.nat(1_000), fc.maxSafeNat());
const subs = fc.oneof(fc.nat(10), fc.nat(0xffff_ffff));
const revisions = fc.record({ main: mains, sub: subs });

t.test("revisionKey() keeps both numbers and their order", async (t) => {
  const property = fc.property(revisions, revisions, (a, b) => {
    const keyA = revisionKey(a.main, a.sub);
    const keyB = revisionKey(b.main, b.sub);
    assert.ok(isRevisionKey(keyA));
    assert.equal(mainOf(keyA), a.main);
    assert.equal(subOf(keyA), a.sub);
    const order = Math.sign(a.main - b.main) || Math.sign(a.sub - b.sub);
    assert.equal(Math.sign(Buffer.compare(keyA, keyB)), order);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000 }));
});

t.test("mainOf() and subOf() read keys that are not Buffers", async (t) => {
  const key = new Uint8Array(revisionKey(2 ** 40 + 5, 77));
  t.equal(mainOf(key), 2 ** 40 + 5);
  t.equal(subOf(key), 77);
  t.equal(isRevisionKey(key.subarray(1)), false);
  t.equal(isRevisionKey(leaseKey(1n)), false);
});

t.test("Every table holds its own keys and no other's", async (t) => {
  const rows = {
    revision: [revisionKey(0, 0), revisionKey(Number.MAX_SAFE_INTEGER, 0xffff_ffff)],
    lease: [leaseKey(-(2n ** 63n)), leaseKey(2n ** 63n - 1n), leaseKey(0n)],
    alarm: [alarmKey(0n, 0), alarmKey(2n ** 64n - 1n, 255)],
    meta: Object.values(META),
  } as const;
  for (const [table, keys] of Object.entries(rows)) {
    for (const other of Object.keys(rows) as (keyof typeof rows)[]) {
      const { start, end } = tableRange(other);
      for (const key of keys) {
        const inside = Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0;
        t.equal(inside, table === other, `${table} row in ${other}`);
      }
    }
    for (const key of keys) {
      const { start, end } = recordsRange();
      const inside = Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0;
      t.equal(inside, table !== "revision", `${table} row among the records`);
    }
  }
});

t.test("The bytes on disk are those of docs/data-layout.md", async (t) => {
  t.equal(revisionKey(0x1_0000_0002, 3).toString("hex"), "4b0000000100000002" + "00000003");
  t.equal(leaseKey(-2n).toString("hex"), "6cfffffffffffffffe");
  t.equal(alarmKey(0xabn, 1).toString("hex"), "6100000000000000ab01");
  t.equal(encodeId(2n ** 64n - 1n).toString("hex"), "ffffffffffffffff");
  t.equal(META.format.toString("latin1"), "mformat");
  t.equal(META.scheduledCompaction.toString("latin1"), "mscheduled-compaction");
});

t.test("decodeNumber() reads what encodeNumber() wrote, and refuses anything else", async (t) => {
  const property = fc.property(fc.maxSafeInteger(), (value) => {
    assert.equal(decodeNumber(encodeNumber(value)), value);
  });
  t.doesNotThrow(() => fc.assert(property));
  t.equal(decodeNumber(undefined), undefined);
  t.throws(() => decodeNumber(Buffer.from("1.5")), RangeError);
  t.throws(() => decodeNumber(Buffer.from("x")), RangeError);
  t.throws(() => decodeNumber(Buffer.from("9007199254740993")), RangeError);
});
