import t from "tap";
import { contentDifference } from "../../src/mvcc/index.ts";
import { commit, deleting, openStore, putting, withStore } from "../harness/store-fixture.ts";

t.test("WriteTxn.resetTo() writes what differs, each key at a revision of its own", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a", "1"), putting("b", "1"), putting("c", "1"));
    const mark = store.mark();
    await commit(store, putting("a", "2"), deleting("b"), putting("c", "2"), putting("d", "2"));
    await commit(store, putting("c", "1"));
    const before = store.visibleRevision;
    const changes = await commit(store, (txn) => {
      t.equal(txn.resetTo(mark, 0), 3);
    });
    t.same(
      changes.map(({ key, main, deleted }) => [key, main - before, deleted]),
      [
        ["a", 1, false],
        ["b", 2, false],
        ["d", 3, true],
      ],
      "c has its value again already",
    );
    t.same(contentDifference(mark, store.mark()), []);
    t.same(
      await commit(store, (txn) => {
        t.equal(txn.resetTo(mark, 0), 0);
      }),
      [],
    );
  });
});

t.test("WriteTxn.resetTo() brings leases back, with their whole time and their keys", async (t) => {
  await withStore(async (store) => {
    await commit(store, (txn) => {
      txn.grantLease(1n, 10, 10_000);
      txn.grantLease(2n, 20, 20_000);
    });
    await commit(store, putting("one", "", 1n), putting("two", "", 2n));
    const mark = store.mark();
    await commit(store, (txn) => txn.revokeLease(txn.lease(1n)!));
    await commit(store, (txn) => txn.revokeLease(txn.lease(2n)!));
    await commit(store, (txn) => {
      txn.grantLease(2n, 99, 99_000);
      txn.grantLease(3n, 30, 30_000);
    });
    await commit(store, putting("two", "else", 3n), putting("three", "", 2n));
    await commit(store, (txn) => void txn.resetTo(mark, 100_000));
    t.same(
      store.lessor.list().map(({ id, ttl, deadlineMs, keys }) => [id, ttl, deadlineMs, [...keys]]),
      [
        [1n, 10, 110_000, ["one"]],
        [2n, 20, 120_000, ["two"]],
      ],
    );
    t.same(contentDifference(mark, store.mark()), []);
  });
});

t.test("WriteTxn.resetTo() gives a lease its whole time for the next start, too", async (t) => {
  await withStore(async (store, engine) => {
    await commit(store, (txn) => void txn.grantLease(1n, 10, 10_000));
    const mark = store.mark();
    await commit(store, (txn) => txn.checkpointLease(txn.lease(1n)!, 4));
    await commit(store, (txn) => void txn.resetTo(mark, 100_000));
    t.match(store.lessor.get(1n), { deadlineMs: 110_000, remainingTtl: 0 });
    const restarted = await openStore(engine);
    t.match(restarted.lessor.get(1n), { deadlineMs: 10_000, remainingTtl: 0 });
  });
});
