import t from "tap";
import { NEVER_COMPACTED } from "../../src/mvcc/index.ts";
import type { WriteTxn } from "../../src/mvcc/index.ts";
import { META, leaseKey, revisionKey } from "../../src/mvcc/tables.ts";
import { StorageError } from "../../src/storage/index.ts";
import { keyValuesOf, latin1, messages } from "../../src/wire/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import {
  commit,
  deleting,
  openStore,
  plainKeyValue,
  putting,
  queryOf,
  rangeOf,
  withStore,
} from "../harness/store-fixture.ts";

t.test("WriteTxn gives a command that changes something one revision", async (t) => {
  await withStore(async (store) => {
    const changes = await commit(
      store,
      (txn) => {
        putting("a")(txn);
        t.equal(txn.revision, 2);
        t.equal(txn.baseRevision, 1);
        putting("b")(txn);
        t.equal(txn.revision, 2);
      },
      (txn) => {
        t.equal(txn.revision, 2);
        t.equal(txn.baseRevision, 2);
        deleting("missing")(txn);
        t.equal(txn.revision, 2);
      },
      deleting("a"),
    );
    t.same(
      changes.map(({ key, main, sub, deleted }) => [key, main, sub, deleted]),
      [
        ["a", 2, 0, false],
        ["b", 2, 1, false],
        ["a", 3, 0, true],
      ],
    );
    t.equal(store.visibleRevision, 3);
  });
});

t.test("WriteTxn shows later commands of its group what earlier ones did", async (t) => {
  await withStore(
    async (store) => {
      const read = (txn: WriteTxn, revision: number): string[] =>
        keyValuesOf(txn.range(queryOf({ revision })).kvs).map((kv) => plainKeyValue(kv).value);
      await commit(
        store,
        putting("k", "first"),
        (txn) => {
          t.same(read(txn, txn.revision), ["first"]);
          putting("k", "second")(txn);
          t.same(read(txn, txn.revision), ["second"]);
          t.same(read(txn, txn.baseRevision), ["first"], "its row is not on disk yet");
        },
        (txn) => {
          t.same(read(txn, 2), ["first"]);
          t.same(read(txn, 3), ["second"]);
        },
      );
    },
    { valueBytesMax: 0 },
  );
});

t.test("WriteTxn.put() counts versions from the key's creation", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("k", "1"), putting("k", "2"), deleting("k"), putting("k", "3"));
    const { kvs } = await rangeOf(store, queryOf({ revision: 5 }));
    t.same(kvs.map(plainKeyValue), [
      { key: "k", value: "3", main: 5, createRevision: 5, version: 1, lease: 0n },
    ]);
    const older = await rangeOf(store, queryOf({ revision: 3 }));
    t.same(older.kvs.map(plainKeyValue), [
      { key: "k", value: "2", main: 3, createRevision: 2, version: 2, lease: 0n },
    ]);
  });
});

t.test("WriteTxn.put() moves the key to its lease, and off it", async (t) => {
  await withStore(async (store) => {
    await commit(store, (txn) => {
      txn.grantLease(1n, 10, 10_000);
      txn.grantLease(2n, 10, 10_000);
    });
    await commit(store, putting("k", "", 1n));
    t.equal(store.lessor.leaseOf("k"), 1n);
    await commit(store, putting("k", "", 2n));
    t.same([...store.lessor.get(1n)!.keys], []);
    t.same([...store.lessor.get(2n)!.keys], ["k"]);
    await commit(store, putting("k"));
    t.equal(store.lessor.leaseOf("k"), 0n);
    await commit(store, putting("k", "", 2n), deleting("k"));
    t.equal(store.lessor.leaseOf("k"), 0n);
  });
});

t.test("WriteTxn.revokeLease() deletes its keys at one revision, in byte order", async (t) => {
  await withStore(async (store, engine) => {
    await commit(store, (txn) => {
      txn.grantLease(-5n, 10, 10_000);
    });
    t.equal(store.visibleRevision, 1, "a lease takes no revision");
    t.equal(messages.decodeLease(engine.getSync(leaseKey(-5n))!).ttl, 10);
    for (const key of ["c", "\xff", "a", "b\0", "b"]) await commit(store, putting(key, "", -5n));
    const changes = await commit(store, (txn) => {
      txn.revokeLease(txn.lease(-5n)!);
    });
    t.same(
      changes.map(({ key, main, sub }) => [key, main, sub]),
      ["a", "b", "b\0", "c", "\xff"].map((key, sub) => [key, 7, sub]),
    );
    t.equal(store.lessor.size, 0);
    t.equal(engine.getSync(leaseKey(-5n)), undefined);
  });
});

t.test(
  "WriteTxn.compact() is in force for its group at once, outside when published",
  async (t) => {
    await withStore(async (store) => {
      await commit(store, putting("k"), putting("k"));
      const txn = store.begin();
      txn.compact(2);
      t.equal(txn.compactedRevision, 2);
      t.equal(store.compactedRevision, NEVER_COMPACTED);
      await txn.commit();
      store.publish(txn);
      t.equal(store.compactedRevision, 2);
    });
  },
);

t.test("WriteTxn.compactStep() notes on disk when a compaction is done", async (t) => {
  await withStore(async (store, engine) => {
    for (let index = 0; index < 4; index++) await commit(store, putting("a"), putting("b"));
    await commit(store, (txn) => {
      txn.compact(9);
      const step = txn.compactStep({ revision: 9, from: "", keysMax: 1, removalsMax: 9 });
      t.same(step, { next: "b", removed: 3 });
    });
    t.equal(engine.getSync(META.finishedCompaction), undefined);
    await commit(store, (txn) => {
      const step = txn.compactStep({ revision: 9, from: "b", keysMax: 1, removalsMax: 9 });
      t.same(step, { next: undefined, removed: 3 });
    });
    t.equal(latin1(engine.getSync(META.finishedCompaction)!), "9");
    t.equal(engine.getSync(revisionKey(6, 0)), undefined);
    t.ok(engine.getSync(revisionKey(8, 0)));
  });
});

t.test("WriteTxn.commit() of nothing does not touch the disk", async (t) => {
  const engine = new FaultyEngine();
  const store = await openStore(engine);
  const txn = store.begin();
  t.equal(txn.isEmpty, true);
  txn.endCommand();
  await txn.commit();
  store.publish(txn);
  t.equal(engine.writeCount, 0);
  t.equal(store.visibleRevision, 1);
});

t.test("WriteTxn.commit() rejects when the disk fails, and nothing becomes visible", async (t) => {
  const engine = new FaultyEngine();
  const store = await openStore(engine, { valueBytesMax: 0 });
  await commit(store, putting("k", "old"), putting("other", "old"));
  engine.failWrite({ write: 1 });
  await t.rejects(commit(store, putting("k", "new"), deleting("other")), StorageError);
  t.equal(store.visibleRevision, 3);
  const { kvs } = await rangeOf(store, queryOf({ revision: 3 }));
  t.same(
    kvs.map((kv) => plainKeyValue(kv).value),
    ["old", "old"],
  );
});
