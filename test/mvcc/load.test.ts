import t from "tap";
import { KeySpace } from "../../src/mvcc/key-space.ts";
import { Lessor } from "../../src/mvcc/lessor.ts";
import { loadKeys } from "../../src/mvcc/load.ts";
import { META, encodeId, encodeNumber, leaseKey, revisionKey } from "../../src/mvcc/tables.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import type { Batch } from "../../src/storage/index.ts";
import { encodeKeyValue, encodeTombstone, messages } from "../../src/wire/index.ts";
import {
  EVERYTHING,
  commit,
  compactNow,
  deleting,
  openStore,
  putting,
} from "../harness/store-fixture.ts";

function kvOf(main: number, key = "k"): Buffer {
  return encodeKeyValue({
    key: Buffer.from(key),
    createRevision: main,
    modRevision: main,
    version: 1,
    value: Buffer.from("v"),
    lease: 0n,
  });
}

async function engineWith(fill: (batch: Batch) => void): Promise<MemoryEngine> {
  const engine = new MemoryEngine();
  const batch = engine.batch();
  fill(batch);
  await batch.write();
  return engine;
}

t.test("Store.open() of nothing has no identity", async (t) => {
  const store = await openStore();
  t.same(store.identity, {
    memberId: undefined,
    clusterId: undefined,
    term: 0,
    reservedIndex: 0,
    peerUrls: undefined,
  });
});

t.test("Store.open() reads the identity back", async (t) => {
  const engine = await engineWith((batch) => {
    batch.put(META.memberId, encodeId(2n ** 64n - 2n));
    batch.put(META.clusterId, encodeId(5n));
    batch.put(META.term, encodeNumber(7));
    batch.put(META.reservedIndex, encodeNumber(99));
    batch.put(META.peerUrls, Buffer.from('["http://a:1","http://b:2"]'));
  });
  const { identity } = await openStore(engine);
  t.same(identity, {
    memberId: 2n ** 64n - 2n,
    clusterId: 5n,
    term: 7,
    reservedIndex: 99,
    peerUrls: ["http://a:1", "http://b:2"],
  });
});

t.test("Store.open() gives every lease its whole time again, and more", async (t) => {
  const engine = new MemoryEngine();
  const store = await openStore(engine);
  await commit(store, (txn) => {
    txn.grantLease(1n, 60, 60_000);
    txn.grantLease(-2n, 5, 5_000);
  });
  await commit(store, putting("a", "", 1n), putting("b", "", -2n), putting("b"));
  const again = await openStore(engine, { nowMs: 1_000_000, leaseExtensionMs: 1_000 });
  t.equal(again.lessor.get(1n)?.deadlineMs, 1_061_000);
  t.equal(again.lessor.get(1n)?.ttl, 60);
  t.equal(again.lessor.get(-2n)?.deadlineMs, 1_006_000);
  t.same([...again.lessor.get(1n)!.keys], ["a"]);
  t.same([...again.lessor.get(-2n)!.keys], [], "the last put took it off");
  await again.checkConsistency();
});

t.test("Store.open() leaves a key alone whose lease is missing", async (t) => {
  const engine = new MemoryEngine();
  const store = await openStore(engine);
  await commit(store, (txn) => {
    txn.grantLease(1n, 60, 60_000);
  });
  await commit(store, putting("k", "", 1n));
  const batch = engine.batch();
  batch.delete(leaseKey(1n));
  await batch.write();
  const again = await openStore(engine);
  t.equal(again.view().get("k")?.modMain, 2);
  t.equal(again.lessor.leaseOf("k"), 0n);
});

t.test("loadKeys() keeps to the bound of values in memory", async (t) => {
  const engine = new MemoryEngine();
  const store = await openStore(engine);
  for (let index = 0; index < 50; index++)
    await commit(store, putting(`key ${String(index)}`, "v"));
  const space = new KeySpace(engine, { bytesMax: 200 });
  await loadKeys(space, new Lessor());
  t.equal(space.visibleRevision, 51);
  const { versions } = space.select(EVERYTHING, 51, 100);
  const kept = versions.filter((version) => space.values.read(version) !== undefined);
  t.ok(space.values.bytes.total <= 200);
  // Each takes 20 bytes or so.
  t.ok(kept.length >= 7, String(kept.length));
  t.ok(
    kept.every(({ modMain }) => modMain > 51 - kept.length),
    "the newest ones",
  );
});

t.test("Store.open() goes on at the compacted revision when all else is gone", async (t) => {
  const engine = new MemoryEngine();
  const store = await openStore(engine);
  await commit(store, putting("a"), deleting("a"), putting("b"), deleting("b"));
  await compactNow(store, 5);
  const again = await openStore(engine);
  t.equal(again.visibleRevision, 5);
  await commit(again, putting("c"));
  await compactNow(again, 6);
  t.equal((await openStore(engine)).visibleRevision, 6);
});

t.test("Store.open() takes history below the compacted revision as it is", async (t) => {
  const engine = await engineWith((batch) => {
    batch.put(revisionKey(3, 4), kvOf(3, "a"));
    batch.put(revisionKey(9, 0), kvOf(9, "b"));
    batch.put(revisionKey(11, 0), kvOf(11, "c"));
    batch.put(META.scheduledCompaction, encodeNumber(10));
  });
  const store = await openStore(engine);
  t.equal(store.visibleRevision, 11);
  t.equal(store.compactedRevision, 10);
});

const BROKEN: Readonly<Record<string, (batch: Batch) => void>> = {
  "a missing revision": (batch) => {
    batch.put(revisionKey(2, 0), kvOf(2));
    batch.put(revisionKey(4, 0), kvOf(4));
  },
  "a missing first revision": (batch) => batch.put(revisionKey(3, 0), kvOf(3)),
  "a missing change within a revision": (batch) => {
    batch.put(revisionKey(2, 0), kvOf(2));
    batch.put(revisionKey(2, 2), kvOf(2, "b"));
  },
  "a missing first change": (batch) => batch.put(revisionKey(2, 1), kvOf(2)),
  "a missing revision after the compacted one": (batch) => {
    batch.put(revisionKey(5, 0), kvOf(5));
    batch.put(revisionKey(12, 0), kvOf(12));
    batch.put(META.scheduledCompaction, encodeNumber(10));
  },
  "a row that says another revision": (batch) => batch.put(revisionKey(2, 0), kvOf(3)),
  "a row that is not protobuf": (batch) =>
    batch.put(revisionKey(2, 0), Buffer.from("ffffffff", "hex")),
  "an empty row": (batch) => batch.put(revisionKey(2, 0), Buffer.alloc(0)),
  "a tombstone with something behind its key": (batch) =>
    batch.put(
      revisionKey(2, 0),
      Buffer.concat([encodeTombstone(Buffer.from("k")), Buffer.of(0x30, 0x01)]),
    ),
  "a row key of another length": (batch) => batch.put(revisionKey(2, 0).subarray(0, 12), kvOf(2)),
  "a format from the future": (batch) => batch.put(META.format, Buffer.from("2")),
  "a number that is none": (batch) => batch.put(META.scheduledCompaction, Buffer.from("x")),
  "a short id": (batch) => batch.put(META.memberId, Buffer.from("1234567")),
  "peer URLs that are no JSON": (batch) => batch.put(META.peerUrls, Buffer.from("[")),
  "peer URLs that are no list": (batch) => batch.put(META.peerUrls, Buffer.from("{}")),
  "a lease that is not protobuf": (batch) => batch.put(leaseKey(1n), Buffer.from("ff", "hex")),
  "a lease under another id": (batch) =>
    batch.put(leaseKey(1n), messages.encodeLease({ id: 2n, ttl: 5 })),
};

for (const [what, fill] of Object.entries(BROKEN)) {
  t.test(`Store.open() refuses ${what}`, async (t) => {
    const engine = await engineWith(fill);
    await t.rejects(openStore(engine), { name: "StorageError", reason: "corrupt" });
  });
}
