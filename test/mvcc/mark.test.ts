import t from "tap";
import { Store } from "../../src/mvcc/index.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import { valueOf } from "../../src/wire/index.ts";
import { commit, compactNow, deleting, putting, withStore } from "../harness/store-fixture.ts";

const OPTIONS = {
  nowMs: 0,
  leaseExtensionMs: 0,
  onReadFailure: (): void => undefined,
  poison: true,
};

t.test("Mark has the values of its moment, whatever comes after", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a", "old"), putting("b", "old"));
    const mark = store.mark();
    await commit(store, putting("a", "new"), deleting("b"));
    await compactNow(store, store.visibleRevision);
    t.equal(mark.revision, 3);
    for (const key of ["a", "b"]) {
      t.equal(valueOf(mark.loadSync(mark.tree.get(key)!)).toString(), "old");
    }
    await mark.release();
  });
});

t.test("Mark is held until the last that holds it lets go", async (t) => {
  await withStore(async (store) => {
    const mark = store.mark();
    mark.retain();
    await mark.release();
    t.ok(mark.isHeld);
    await mark.release();
    t.notOk(mark.isHeld);
    t.throws(() => mark.retain(), /released/);
    await t.rejects(mark.release(), /released/);
  });
});

t.test("Store.onMark() goes on where the mark is, leases and history included", async (t) => {
  await withStore(async (store) => {
    await commit(store, (txn) => txn.grantLease(7n, 10, 10_000));
    await commit(store, putting("a", "1", 7n));
    await commit(store, putting("a", "2", 7n));
    const mark = store.mark();
    const engine = new MemoryEngine(mark.rows);
    const fork = Store.onMark(mark, engine, { ...OPTIONS, nowMs: 5_000 });
    t.equal(fork.visibleRevision, 3);
    t.match(fork.lessor.get(7n), { ttl: 10, deadlineMs: 15_000 });
    t.equal(fork.lessor.leaseOf("a"), 7n);
    await fork.checkConsistency();
    await commit(fork, putting("a", "fork"), putting("b", "fork"));
    await compactNow(fork, 4);
    await fork.checkConsistency();
    await commit(store, putting("a", "store"));
    t.equal(fork.visibleRevision, 5);
    t.equal(store.visibleRevision, 4);
    await store.checkConsistency();
    await fork.close();
    await engine.close();
    await mark.release();
  });
});
