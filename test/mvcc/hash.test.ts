import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { crc32c } from "../../src/storage/index.ts";
import type { Store } from "../../src/mvcc/index.ts";
import { HashCache, isTombstone } from "../../src/mvcc/hash.ts";
import { encodeKeyValue, encodeTombstone } from "../../src/wire/index.ts";
import { ModelStore } from "../harness/model-store.ts";
import type { ModelChange } from "../harness/model-store.ts";
import { commit, compactNow, deleting, putting, withStore } from "../harness/store-fixture.ts";
import { applyGroup, randomGroups } from "./random-commands.ts";

function rowBytes(change: ModelChange): Buffer {
  const key = Buffer.from(change.key, "latin1");
  if (change.deleted) return encodeTombstone(key);
  const { createRevision, main: modRevision, version, lease } = change;
  const value = Buffer.from(change.value, "latin1");
  return encodeKeyValue({ key, createRevision, modRevision, version, value, lease });
}

function etcdRowKey({ main, sub, deleted }: ModelChange): Buffer {
  const key = Buffer.alloc(17, "_");
  key.writeBigUInt64BE(BigInt(main), 0);
  key.writeBigUInt64BE(BigInt(sub), 9);
  return deleted ? Buffer.concat([key, Buffer.from("t")]) : key;
}

/** etcd's rule, word for word, over everything that ever happened. */
function expectedHash(model: ModelStore, revision: number): number {
  const newest = new Map<string, ModelChange>();
  for (const change of model.changes) if (change.main <= revision) newest.set(change.key, change);
  const keep = new Set([...newest.values()].filter(({ deleted }) => !deleted));
  const compacted = model.compactedRevision;
  let crc = crc32c(Buffer.from("key"), 0, 3);
  for (const change of model.changes) {
    if (change.main > revision) continue;
    if (change.main <= compacted && keep.size > 0 && !keep.has(change)) continue;
    if (change.main === compacted && change.deleted) continue;
    const row = Buffer.concat([etcdRowKey(change), rowBytes(change)]);
    crc = crc32c(row, 0, row.length, crc);
  }
  return crc;
}

t.test("hashKeyValues() agrees with etcd's rule at every revision", async (t) => {
  const groups = fc.array(randomGroups, { minLength: 1, maxLength: 6 });
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  const property = fc.asyncProperty(groups, part, async (list, at) => {
    await withStore(async (store) => {
      const model = new ModelStore();
      for (const group of list) await applyGroup(store, model, group, { repeats: false });
      await assertHashes(store, model);
      const compacted = 1 + Math.floor(at * (model.revision - 1));
      // Only what can happen: rows of a key that compaction took whole are in nobody's hash.
      if (model.range("", undefined, compacted).length === 0) return;
      model.compactedRevision = compacted;
      await compactNow(store, compacted);
      await assertHashes(store, model);
    });
  });
  await t.resolves(fc.assert(property, { numRuns: 100 }));
});

async function assertHashes(store: Store, model: ModelStore): Promise<void> {
  for (
    let revision = Math.max(1, model.compactedRevision);
    revision <= model.revision;
    revision++
  ) {
    // Where nothing is in force, compacted rows count for etcd as long as they are there.
    if (model.range("", undefined, revision).length === 0) continue;
    const { hash, hashRevision, compactRevision } = await store.hashKeyValues(revision);
    assert.equal(hash, expectedHash(model, revision), `at revision ${String(revision)}`);
    assert.equal(hashRevision, revision);
    assert.equal(compactRevision, model.compactedRevision);
  }
}

t.test("Store.hashKeyValues() of nothing is the checksum of the bucket's name", async (t) => {
  await withStore(async (store) => {
    const expected = {
      hash: crc32c(Buffer.from("key"), 0, 3),
      hashRevision: 1,
      compactRevision: -1,
    };
    t.match(await store.hashKeyValues(0), expected);
  });
});

t.test("Store.hashKeyValues() is the same before and after rows are removed", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a", "1"), putting("b"), putting("a", "2"), deleting("b"));
    await commit(store, putting("c"));
    const before = await store.hashKeyValues(6);
    await compactNow(store, 5);
    const after = await store.hashKeyValues(6);
    t.equal(before.compactRevision, -1);
    t.equal(after.compactRevision, 5);
    t.not(before.hash, after.hash, "superseded rows count only while not compacted");
    await commit(store, putting("d"));
    t.equal((await store.hashKeyValues(6)).hash, after.hash, "later rows do not count");
  });
});

t.test("Store.hashBeforeCompaction() keeps the hash of the compacted revision", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a", "1"), putting("a", "2"), putting("a", "3"));
    const before = await store.hashKeyValues(3);
    await commit(store, (txn) => {
      txn.compact(3);
    });
    await store.exclusively(async () => store.hashBeforeCompaction());
    // Source: seen on etcd 3.7.3: HashKV at the revision of a compaction has the one before.
    const cached = await store.hashKeyValues(3);
    t.equal(cached.compactRevision, -1);
    t.equal(cached.hash, before.hash);
    t.equal((await store.hashKeyValues(4)).compactRevision, 3);
  });
});

t.test("HashCache keeps the newest ten revisions", async (t) => {
  const cache = new HashCache();
  for (let revision = 1; revision <= 15; revision++)
    cache.set(revision, revision * 2, revision - 1);
  t.equal(cache.get(5), undefined);
  t.same(cache.get(6), { hash: 12, compactRevision: 5 });
  t.same(cache.get(15), { hash: 30, compactRevision: 14 });
});

t.test("isTombstone() tells a deletion from a put by its bytes", async (t) => {
  const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (key) => {
    const value = new Uint8Array(0);
    const fields = { key, createRevision: 2, modRevision: 2, version: 1, value, lease: 0n };
    assert.equal(isTombstone(encodeTombstone(key)), true);
    assert.equal(isTombstone(encodeKeyValue(fields)), false);
  });
  t.doesNotThrow(() => fc.assert(property));
});
